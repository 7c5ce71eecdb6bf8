/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the steps of the children do; the tables in child.c say when, and why in this order. All are fork-safe, return 0
 * or a negative errno with the record filled, and take the run as the step before left it.
 */
#ifndef NSX_LIB_CHILD_STEPS_H
#define NSX_LIB_CHILD_STEPS_H

#include "lib_run.h"

typedef int nsx_step_fn(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_time_write() - Set the clocks of the time namespace that a process has made for its children
 * @spec: the plan
 * @path: the process's timens_offsets
 * @err:  detail on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, and what open(2) and write(2) say.
 */
int nsx_time_write(const struct nsx_spec *spec, const char *path, struct nsx_err *err);

/* join.c */
nsx_step_fn nsx_step_signals, nsx_step_oom, nsx_step_cgroup_v1, nsx_step_open_own, nsx_step_fds;
nsx_step_fn nsx_step_undumpable, nsx_step_join, nsx_step_verify, nsx_step_time, nsx_step_own_time,
	nsx_step_clone_inner;
nsx_step_fn nsx_step_unshare, nsx_step_maps, nsx_step_unshare_cgroup, nsx_step_hostname;
nsx_step_fn nsx_step_loopback;

/* confine.c */
nsx_step_fn nsx_step_target_root, nsx_step_rlimits, nsx_step_keyring, nsx_step_umask,
	nsx_step_groups;
nsx_step_fn nsx_step_bounding, nsx_step_securebits, nsx_step_ids, nsx_step_workdir, nsx_step_caps;
nsx_step_fn nsx_step_no_new_privs, nsx_step_label, nsx_step_seccomp;

/* final.c */
nsx_step_fn nsx_step_clone_final, nsx_step_session, nsx_step_parent_death, nsx_step_init,
	nsx_step_exec;

#endif
