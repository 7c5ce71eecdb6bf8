/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NSX_LIB_FDS_H
#define NSX_LIB_FDS_H

#include "lib/run.h"

/**
 * nsx_fds_arrange() - Put the program's descriptors at their numbers, keep our own above them, close everything else
 * @run: the run; its descriptors may change their numbers
 * @err: detail on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, -EBADF (a descriptor to pass on is not open), -EMFILE.
 */
int nsx_fds_arrange(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_fds_place() - Put descriptors at their numbers, one after the other, without FD_CLOEXEC
 * @pairs: from where to where
 * @count: how many, 256 at most
 * @limit: the highest of the new numbers
 * @err:   detail on failure
 *
 * One that would be overwritten before it is used is copied out of the way first.
 * fork-safe: yes.
 *
 * Return: 0, -EBADF (one is not open), -EMFILE, -E2BIG.
 */
int nsx_fds_place(const struct nsx_fd_pair *pairs, size_t count, int limit, struct nsx_err *err);

/**
 * nsx_fds_move_above() - Give a descriptor that is still needed a number that nobody will take
 * @fd:    the descriptor; the old number stays open
 * @limit: the highest number that will be taken
 *
 * fork-safe: yes.
 *
 * Return: 0, -EBADF, -EMFILE.
 */
int nsx_fds_move_above(int *fd, int limit);

/**
 * nsx_fds_sort() - Put descriptors in order, the lowest first
 * @numbers: the descriptors
 * @count:   how many; few
 *
 * fork-safe: yes.
 */
void nsx_fds_sort(int *numbers, size_t count);

#endif
