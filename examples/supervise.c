/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supervise a program in a new container with its pidfd: give it some time, then SIGTERM, then SIGKILL. A pidfd is readable
 * when the process has ended, so it fits into any event loop; and a signal sent by it never hits another process.
 *
 *     gcc -o supervise supervise.c libnsexec.a
 *     ./supervise 500 sleep 60
 */
#include <nsexec/nsexec.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Returns 1 if the process has ended. */
static int await(struct nsexec_process *process, int timeout_ms)
{
	struct pollfd end = { .fd = nsexec_process_pidfd(process), .events = POLLIN };

	return poll(&end, 1, timeout_ms);
}

static int make_plan(struct nsexec_plan *plan, char **command, struct nsexec_err *err)
{
	static char *const environment[] = { (char *)"PATH=/usr/bin:/bin:/usr/sbin:/sbin", NULL };
	uint32_t kinds = NSEXEC_NS_MNT | NSEXEC_NS_PID | NSEXEC_NS_IPC | NSEXEC_NS_UTS |
			 NSEXEC_NS_NET;

	if (geteuid() != 0)
		kinds |= NSEXEC_NS_USER;
	if (nsexec_plan_set_ns(plan, kinds, NSEXEC_NS_MODE_NEW, err) < 0 ||
	    nsexec_plan_set_root_default(plan, err) < 0 ||
	    nsexec_plan_add_standard_mounts(plan, 0, err) < 0 ||
	    nsexec_plan_set_no_new_privs(plan, true, err) < 0 ||
	    nsexec_plan_set_seccomp_default(plan, err) < 0 ||
	    nsexec_plan_set_env(plan, environment, err) < 0 ||
	    nsexec_plan_set_pdeathsig(plan, SIGKILL, err) < 0) /* it shall not survive us */
		return -1;
	return nsexec_plan_set_argv(plan, command, err);
}

int main(int argc, char **argv)
{
	struct nsexec_plan *plan = nsexec_plan_new();
	struct nsexec_process *process = NULL;
	struct nsexec_status status = { 0 };
	struct nsexec_err err = { 0 };
	char text[NSEXEC_ERR_TEXT_MAX];

	if (plan == NULL || argc < 3) {
		fprintf(stderr, "usage: supervise MILLISECONDS COMMAND [ARG...]\n");
		return 125;
	}
	if (make_plan(plan, argv + 2, &err) < 0 || nsexec_spawn(plan, NULL, &process, &err) < 0) {
		(void)nsexec_err_format(&err, text, sizeof(text));
		fprintf(stderr, "supervise: %s\n", text);
		plan = nsexec_plan_free(plan);
		return 125;
	}
	if (await(process, atoi(argv[1])) == 0) {
		printf("time is up: SIGTERM\n");
		(void)nsexec_process_kill(process, SIGTERM, NULL);
		/* the first process of a pid namespace gets only signals that it handles */
		if (await(process, 200) == 0) {
			printf("still there: SIGKILL\n");
			(void)nsexec_process_kill(process, SIGKILL, NULL);
		}
	}
	(void)nsexec_process_wait(process, -1, &status, NULL);
	printf("%s %d\n", status.exited ? "exit status" : "signal", status.code);
	process = nsexec_process_free(process);
	plan = nsexec_plan_free(plan);
	return status.exited ? status.code : 128 + status.code;
}
