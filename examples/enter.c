/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enter the container of a process and run a command in it: all namespaces that differ from ours, and everything else that
 * the process has: root, ids, capabilities, filter, environment, cgroup.
 *
 *     gcc -o enter enter.c libnsexec.a
 *     ./enter 4242 ps
 */
#include <nsexec/nsexec.h>
#include <stdio.h>
#include <stdlib.h>

/* Called for what was done otherwise than usual. */
static void tell(void *data, const struct nsexec_event *event)
{
	(void)data;
	if (event->type == NSEXEC_EVENT_WARNING || event->type == NSEXEC_EVENT_INFO)
		fprintf(stderr, "enter: %s: %s\n", event->role, event->text);
}

static int make_plan(struct nsexec_plan *plan, pid_t pid, char **command, struct nsexec_err *err)
{
	/* with a start time instead of 0 a pid that was given to another process would be refused */
	if (nsexec_plan_set_target_pid(plan, pid, 0, err) < 0 ||
	    nsexec_plan_set_ns(plan, NSEXEC_NS_ALL, NSEXEC_NS_MODE_TARGET, err) < 0 ||
	    nsexec_plan_set_context(plan, NSEXEC_CONTEXT_ALL, err) < 0)
		return -1;
	return nsexec_plan_set_argv(plan, command, err);
}

int main(int argc, char **argv)
{
	struct nsexec_spawn_args args = { .size = sizeof(args), .event = tell };
	struct nsexec_plan *plan = nsexec_plan_new();
	struct nsexec_process *process = NULL;
	struct nsexec_status status = { 0 };
	struct nsexec_err err = { 0 };
	char text[NSEXEC_ERR_TEXT_MAX];

	if (plan == NULL || argc < 3 || atoi(argv[1]) <= 0) {
		fprintf(stderr, "usage: enter PID COMMAND [ARG...]\n");
		return 125;
	}
	if (make_plan(plan, atoi(argv[1]), argv + 2, &err) < 0 ||
	    nsexec_spawn(plan, &args, &process, &err) < 0 ||
	    nsexec_process_wait(process, -1, &status, &err) < 0) {
		(void)nsexec_err_format(&err, text, sizeof(text));
		fprintf(stderr, "enter: %s\n", text);
		if (nsexec_err_hint(&err) != NULL)
			fprintf(stderr, "hint: %s\n", nsexec_err_hint(&err));
	}
	process = nsexec_process_free(process);
	plan = nsexec_plan_free(plan);
	return err.code < 0 ? 125 : status.exited ? status.code : 128 + status.code;
}
