/* SPDX-License-Identifier: Apache-2.0 */
/* What the options of `nsexec enter` say, before it becomes a plan. */
#ifndef NSX_CLI_ENTER_OPTIONS_H
#define NSX_CLI_ENTER_OPTIONS_H

#include <nsexec/plan.h>
#include <stdbool.h>

#include "cli/opt.h"
#include "cli/output.h"

struct enter {
	struct output output; /* first: see output_set_debug() */
	struct nsexec_plan *plan;
	const char *target; /* of -t */
	const char *pid_file;
	const char *workdir;
	const char *root; /* of -r DIR */
	const char *wd;   /* of -w DIR */
	const char *ns_path[8];
	uint32_t chosen; /* kinds of -m, -u, ..., --only */
	uint32_t except;
	uint32_t uid, gid;
	uint64_t caps_add, caps_drop;
	bool choose, all; /* some kinds were chosen; -a */
	bool has_uid, has_gid, clear_env, detach, die_with_parent, explain, strict;
	bool no_cgroup, no_seccomp, no_lsm, keep_caps, no_fork, own_root, own_wd;
	int tty; /* -1: not said */
};

extern const struct opt_verb enter_verb;

#endif
