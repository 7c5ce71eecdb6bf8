/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups: the one to be born in, and one of our own with limits. Steps of the starter. */
#ifndef NSX_LIB_CGROUP_H
#define NSX_LIB_CGROUP_H

#include "lib_run.h"

/**
 * nsx_cgroup_find() - Open the target's cgroups, where they differ from ours
 * @run: the run
 * @err: detail on failure
 *
 * v2: a directory for CLONE_INTO_CGROUP. v1: the file "tasks" of each hierarchy below /sys/fs/cgroup.
 *
 * Return: 0, -EBUSY (version 1, frozen), -EACCES (not delegated), -ENOENT.
 */
int nsx_cgroup_find(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_cgroup_check_frozen() - Is a process of ours stuck, because its cgroup v2 is frozen?
 * @pid: the process
 * @err: detail on failure
 *
 * Return: 0, also when it can not be told; -EBUSY.
 */
int nsx_cgroup_check_frozen(pid_t pid, struct nsx_err *err);

/**
 * nsx_cgroup_say_frozen() - The error for a process that was born in a frozen cgroup
 * @path: the cgroup
 * @err:  filled
 *
 * Return: -EBUSY.
 */
int nsx_cgroup_say_frozen(const char *path, struct nsx_err *err);

/**
 * nsx_cgroup_make() - Make a cgroup v2 with the plan's limits
 * @run: the run; gets the directory and its path
 * @err: detail on failure
 *
 * Return: 0, -ENOTSUP (a controller is not to be had), -EACCES and others of mkdir(2) and write(2).
 */
int nsx_cgroup_make(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_cgroup_sweep() - Remove the cgroups that killed supervisors left
 *
 * Looks for "nsexec-PID-START" next to where we would make ours, whose process is gone and which are empty.
 */
void nsx_cgroup_sweep(void);

#endif
