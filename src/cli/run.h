/* SPDX-License-Identifier: Apache-2.0 */
/* From a plan to an exit status: what `launch` and `enter` do alike. */
#ifndef NSX_CLI_RUN_H
#define NSX_CLI_RUN_H

#include <nsexec/plan.h>
#include <stdbool.h>

#include "cli/output.h"
#include "cli/registry.h"

struct run_options {
	struct nsexec_plan *plan;
	struct output *output;
	struct registry_entry *entry; /* to be completed with the process, or NULL */
	const char *pid_file;         /* or NULL */
	bool detach;
	bool die_with_parent;
	bool first; /* see supervise() */
};

/**
 * run_plan() - Spawn, and wait unless it is detached
 * @options:    what and how
 * @ret_status: the exit status of the command
 * @err:        detail on failure
 *
 * Return: 0, or why it could not be started.
 */
int run_plan(const struct run_options *options, int *ret_status, struct nsx_err *err);

/**
 * run_explain() - Print the steps of a plan and their reasons
 * @plan: the plan
 * @err:  detail on failure
 *
 * Return: 0, or as nsexec_explain().
 */
int run_explain(struct nsexec_plan *plan, struct nsx_err *err);

/**
 * run_terminal_size() - The size of the user's terminal
 * @ret_rows:    rows, 0 if it is none
 * @ret_columns: columns, 0 if it is none
 */
void run_terminal_size(uint16_t *ret_rows, uint16_t *ret_columns);

/**
 * run_sweep() - Remove what supervisors left that were killed together with their keepers: names and cgroups
 */
void run_sweep(void);

#endif
