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
 * nsx_fds_sort() - Put descriptors in order, the lowest first
 * @numbers: the descriptors
 * @count:   how many; few
 *
 * fork-safe: yes.
 */
void nsx_fds_sort(int *numbers, size_t count);

#endif
