/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launch a program in a new container: new namespaces, the embedded default root, no capabilities, the default seccomp
 * filter. Works as root and, with a user namespace, as any other user.
 *
 *     gcc -o launch launch.c libnsexec.a
 *     ./launch id -u
 */
#include <nsexec/nsexec.h>
#include <stdio.h>
#include <unistd.h>

static int make_plan(struct nsexec_plan *plan, char **command, struct nsexec_err *err)
{
	static char *const environment[] = { (char *)"PATH=/usr/bin:/bin:/usr/sbin:/sbin",
					     (char *)"HOME=/root", NULL };
	uint32_t kinds = NSEXEC_NS_ALL & ~NSEXEC_NS_TIME;

	if (geteuid() == 0)
		kinds &=
			~NSEXEC_NS_USER; /* root may make the others without; a user namespace would be safer */
	if (nsexec_plan_set_ns(plan, kinds, NSEXEC_NS_MODE_NEW, err) < 0 ||
	    nsexec_plan_set_root_default(plan, err) < 0 ||
	    nsexec_plan_add_standard_mounts(plan, 0, err) < 0 ||
	    nsexec_plan_set_hostname(plan, "example", err) < 0 ||
	    nsexec_plan_set_loopback(plan, true, err) < 0)
		return -1;

	for (uint32_t set = NSEXEC_CAPS_EFFECTIVE; set <= NSEXEC_CAPS_AMBIENT; set++)
		if (nsexec_plan_set_caps(plan, set, 0, err) < 0)
			return -1;
	if (nsexec_plan_set_no_new_privs(plan, true, err) < 0 ||
	    nsexec_plan_set_seccomp_default(plan, err) < 0 ||
	    nsexec_plan_set_env(plan, environment, err) < 0)
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

	if (plan == NULL || argc < 2) {
		fprintf(stderr, "usage: launch COMMAND [ARG...]\n");
		return 125;
	}
	if (make_plan(plan, argv + 1, &err) < 0 || nsexec_spawn(plan, NULL, &process, &err) < 0 ||
	    nsexec_process_wait(process, -1, &status, &err) < 0) {
		(void)nsexec_err_format(&err, text, sizeof(text));
		fprintf(stderr, "launch: %s\n", text);
		if (nsexec_err_hint(&err) != NULL)
			fprintf(stderr, "hint: %s\n", nsexec_err_hint(&err));
	} else {
		printf("process %d: %s %d\n", nsexec_process_pid(process),
		       status.exited ? "exit status" : "signal", status.code);
	}
	process = nsexec_process_free(process);
	plan = nsexec_plan_free(plan);
	return err.code < 0 ? 125 : status.exited ? status.code : 128 + status.code;
}
