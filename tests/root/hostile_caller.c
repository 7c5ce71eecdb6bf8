/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stranger that uses the library: it has secrets in its environment and on its heap, and careless descriptors.
 *
 *	hostile-caller [closed] enter PID COMMAND...       everything of the process
 *	hostile-caller [closed] bare PID COMMAND...        its namespaces and nothing else
 *	hostile-caller [closed] launch ROOTFS COMMAND...
 */
#include <errno.h>
#include <fcntl.h>
#include <nsexec/nsexec.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int fail(const struct nsexec_err *err)
{
	char text[2048];

	(void)nsexec_err_format(err, text, sizeof(text));
	(void)write(STDERR_FILENO, text, strlen(text));
	(void)write(STDERR_FILENO, "\n", 1);
	return 125;
}

static int fill(struct nsexec_plan *plan, const char *what, const char *target, char **argv,
		struct nsexec_err *err)
{
	const char *secret = getenv("NSX_SECRET");
	int r = nsexec_plan_set_argv(plan, argv, err);

	(void)secret;
	if (r >= 0 && strcmp(what, "launch") == 0) {
		r = nsexec_plan_add_standard_mounts(plan, 0, err);
		if (r >= 0)
			r = nsexec_plan_set_ns(plan,
					       NSEXEC_NS_ALL & ~(NSEXEC_NS_USER | NSEXEC_NS_TIME |
								 NSEXEC_NS_NET),
					       NSEXEC_NS_MODE_NEW, err);
		return r < 0 ? r : nsexec_plan_set_root_path(plan, target, err);
	}
	if (r >= 0)
		r = nsexec_plan_set_target_pid(plan, atoi(target), 0, err);
	if (r >= 0)
		r = nsexec_plan_set_ns(plan, NSEXEC_NS_ALL, NSEXEC_NS_MODE_TARGET, err);
	if (r >= 0)
		r = nsexec_plan_set_context(
			plan, strcmp(what, "bare") == 0 ? 0 : NSEXEC_CONTEXT_ALL, err);
	return r;
}

int main(int argc, char **argv)
{
	struct nsexec_err err = { 0 };
	struct nsexec_plan *plan;
	struct nsexec_process *process = NULL;
	struct nsexec_status status;
	const char *secret = getenv("NSX_SECRET");
	char *heap = strdup(secret ? secret : "");
	int r;

	if (argc > 1 && strcmp(argv[1], "closed") == 0) {
		(void)close(0);
		(void)close(1);
		(void)close(2);
		argv++;
		argc--;
	} else {
		(void)dup2(open("/", O_RDONLY | O_DIRECTORY), 10);
		(void)dup2(open("/etc", O_PATH), 77);
		(void)dup2(open("/proc/self/exe", O_RDONLY), 500);
	}
	if (argc < 4)
		return 2;
	plan = nsexec_plan_new();
	r = fill(plan, argv[1], argv[2], argv + 3, &err);
	if (r >= 0)
		r = nsexec_plan_set_pdeathsig(plan, SIGKILL, &err);
	if (r >= 0)
		r = nsexec_spawn(plan, NULL, &process, &err);
	if (r >= 0)
		r = nsexec_process_wait(process, -1, &status, &err);
	if (r < 0)
		return fail(&err);
	process = nsexec_process_free(process);
	plan = nsexec_plan_free(plan);
	free(heap);
	return status.exited ? status.code : 128 + status.code;
}
