/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the process to enter, and reading what it is like. Steps of the starter. */
#ifndef NSX_LIB_TARGET_H
#define NSX_LIB_TARGET_H

#include "lib_run.h"

/**
 * nsx_target_resolve() - Get hold of the target: pidfd and /proc directory of the same process
 * @run: the run
 * @err: detail on failure
 *
 * Return: 0, -ESRCH (gone, or the number belongs to another process now), -EINVAL.
 */
int nsx_target_resolve(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_target_read() - Read what the plan takes over: credentials, directories, oom_score_adj
 * @run: the run
 * @err: detail on failure
 *
 * Return: 0, -EACCES, -ESRCH, -EOVERFLOW (an id is not mapped inside).
 */
int nsx_target_read(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_target_compare() - Find out which namespaces have to be joined
 * @run: the run
 * @err: detail on failure
 *
 * Return: 0, or the error of stat(2) on /proc/PID/ns.
 */
int nsx_target_compare(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_target_check() - Is the target still there, after everything was read?
 * @run: the run
 * @err: detail on failure
 *
 * Return: 0, -ESRCH.
 */
int nsx_target_check(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_target_pid() - The pid behind a pidfd
 * @pidfd:   the descriptor
 * @ret_pid: its number in the caller's procfs
 * @err:     detail on failure
 *
 * Return: 0, -EBADF (not a pidfd), -ESRCH (the process has been reaped).
 */
int nsx_target_pid(int pidfd, pid_t *ret_pid, struct nsx_err *err);

#endif
