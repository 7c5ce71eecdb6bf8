/* SPDX-License-Identifier: Apache-2.0 */
/* What the options of `nsexec launch` say, before it becomes a plan. */
#ifndef NSX_CLI_LAUNCH_OPTIONS_H
#define NSX_CLI_LAUNCH_OPTIONS_H

#include <nsexec/plan.h>
#include <stdbool.h>

#include "cli/opt.h"
#include "cli/output.h"

/* A choice that only makes sense together with others waits here; everything else goes into the plan at once. */
struct launch {
	struct output output; /* first: see output_set_debug() */
	struct nsexec_plan *plan;
	const char *rootfs;
	const char *name;
	const char *hostname;
	const char *workdir;
	const char *seccomp;
	const char *pid_file;
	const char *ns_path[8];
	char *command[64];       /* of --command, split */
	const char *mounts[128]; /* of --bind and --tmpfs, in their order */
	bool mount_is_tmpfs[128];
	unsigned mount_count;
	uint32_t ns_fresh;
	uint32_t ns_set; /* kinds that were named */
	uint32_t uid, gid;
	uint64_t caps_add, caps_drop;
	bool has_ids, has_map, has_time, has_limit;
	bool read_only, clear_env, privileged, init, die_with_parent, detach, explain;
	int tty;      /* -1: not said */
	char *script; /* memory of command */
};

extern const struct opt_verb launch_verb;

/**
 * launch_add_mounts() - Put what --bind and --tmpfs say into the plan, behind the standard mounts
 * @l:   the options
 * @err: detail on failure
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int launch_add_mounts(struct launch *l, struct nsx_err *err);

#endif
