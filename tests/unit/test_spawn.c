/* SPDX-License-Identifier: Apache-2.0 */
/* nsexec_spawn() and the process handle: events, sizes of the arguments, descriptors, waiting; with nothing but what
 * any user may do. Nothing is ever written to stderr. */
#include "../tap.h"

#include <nsexec/nsexec.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct nsexec_err err;

static struct nsexec_plan *plan_of(const char *script)
{
	struct nsexec_plan *plan = nsexec_plan_new();
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)script, NULL };
	char *envp[] = { (char *)"PATH=/usr/bin:/bin", NULL };

	err = (struct nsexec_err){ 0 };
	if (plan == NULL || nsexec_plan_set_argv(plan, argv, &err) < 0 ||
	    nsexec_plan_set_env(plan, envp, &err) < 0)
		return nsexec_plan_free(plan);
	return plan;
}

static int run(struct nsexec_plan *plan, const struct nsexec_spawn_args *args,
	       struct nsexec_status *ret_status)
{
	struct nsexec_process *process = NULL;
	int r = nsexec_spawn(plan, args, &process, &err);

	if (r >= 0) {
		CHECK(nsexec_process_pid(process) > 0);
		CHECK(nsexec_process_pidfd(process) >= 0);
		CHECK_INT(nsexec_process_tty(process), -EBADF);
		r = nsexec_process_wait(process, 10000, ret_status, &err);
	}
	(void)nsexec_process_free(process);
	if (r < 0)
		NOTE("%s: %s of %s: %d", err.step, err.operation, err.object, err.code);
	return r;
}

static int check_status(const char *script, int exited, int code)
{
	struct nsexec_plan *plan = plan_of(script);
	struct nsexec_status status = { 7, 7, 7 };

	CHECK(plan != NULL);
	CHECK_OK(run(plan, NULL, &status));
	CHECK_INT(status.exited, exited);
	CHECK_INT(status.code, code);
	(void)nsexec_plan_free(plan);
	return 0;
}

static int tells_how_the_process_ended(void)
{
	CHECK_OK(check_status("exit 0", 1, 0));
	CHECK_OK(check_status("exit 255", 1, 255));
	CHECK_OK(check_status("kill -KILL $$", 0, SIGKILL));
	CHECK_OK(check_status("kill -TERM $$", 0, SIGTERM));
	return 0;
}

static int a_plan_can_be_spawned_again(void)
{
	struct nsexec_plan *plan = plan_of("exit 3");
	struct nsexec_status status = { 0 };

	CHECK(plan != NULL);
	for (int i = 0; i < 5; i++) {
		status.code = 0;
		CHECK_OK(run(plan, NULL, &status));
		CHECK_INT(status.code, 3);
	}
	(void)nsexec_plan_free(plan);
	return 0;
}

static int waits_with_a_timeout_and_again(void)
{
	struct nsexec_plan *plan = plan_of("exec sleep 100");
	struct nsexec_process *process = NULL;
	struct nsexec_status status = { 7, 7, 7 };

	CHECK(plan != NULL);
	CHECK_OK(nsexec_spawn(plan, NULL, &process, &err));
	CHECK_INT(nsexec_process_wait(process, 50, &status, &err), -ETIMEDOUT);
	CHECK_INT(nsexec_process_wait(process, 0, &status, NULL), -ETIMEDOUT);
	CHECK_INT(status.code, 7); /* untouched */
	CHECK_INT(nsexec_process_kill(process, 0, NULL), 0);
	CHECK_INT(nsexec_process_kill(process, 99, NULL), -EINVAL);
	CHECK_INT(nsexec_process_kill(process, SIGKILL, NULL), 0);
	for (int i = 0; i < 2; i++) {
		status.code = 0;
		CHECK_OK(nsexec_process_wait(process, -1, &status, NULL));
		CHECK_INT(status.exited, 0);
		CHECK_INT(status.code, SIGKILL);
	}
	CHECK_INT(nsexec_process_kill(process, SIGKILL, NULL), -ESRCH);
	CHECK_INT(nsexec_process_resize(process, 1, 1, NULL), -ENOTTY);
	CHECK(nsexec_process_free(process) == NULL);
	(void)nsexec_plan_free(plan);
	return 0;
}

static int says_so_when_somebody_took_the_status(void)
{
	struct nsexec_plan *plan = plan_of("exit 3");
	struct nsexec_process *process = NULL;
	struct nsexec_status status;
	int r;

	CHECK(plan != NULL);
	CHECK_OK(nsexec_spawn(plan, NULL, &process, &err));
	CHECK_INT(waitpid(nsexec_process_pid(process), NULL, __WALL), nsexec_process_pid(process));
	r = nsexec_process_wait(process, 5000, &status, NULL);
	CHECK(r == -ECHILD ||
	      (r == 0 && status.code == 3)); /* from Linux 6.15 on the pidfd has it */
	(void)nsexec_process_free(process);
	(void)nsexec_plan_free(plan);
	return 0;
}

static int a_failed_spawn_leaves_nothing(void)
{
	char *argv[] = { (char *)"/no/such/program", NULL };
	struct nsexec_plan *plan = plan_of("exit 0");
	struct nsexec_process *process = (void *)&err;

	CHECK(plan != NULL);
	CHECK_OK(nsexec_plan_set_argv(plan, argv, &err));
	CHECK_INT(nsexec_spawn(plan, NULL, &process, &err), -ENOENT);
	CHECK(process == (void *)&err);
	CHECK_INT(err.code, -ENOENT);
	CHECK_STR(err.step, "exec");
	CHECK_STR(err.object, "/no/such/program");
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD);

	argv[0] = (char *)"/etc/passwd";
	CHECK_OK(nsexec_plan_set_argv(plan, argv, &err));
	err = (struct nsexec_err){ 0 };
	CHECK_INT(nsexec_spawn(plan, NULL, &process, &err), -EACCES);
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD);
	(void)nsexec_plan_free(plan);
	return 0;
}

/* Shorter structs are padded with zeroes, longer ones taken if the rest is zero. */
static int takes_arguments_of_other_versions(void)
{
	struct {
		struct nsexec_spawn_args args;
		uint64_t more;
	} longer = { .args = { .size = sizeof(longer) } };
	struct nsexec_spawn_args shorter = {
		.size = 16, .event = (void *)1
	}; /* not looked at, or it would be called */
	struct nsexec_plan *plan = plan_of("exit 0");
	struct nsexec_status status;
	struct nsexec_process *process = NULL;

	CHECK(plan != NULL);
	CHECK_OK(nsexec_plan_set_flags(plan, NSEXEC_PLAN_TRACE, &err));
	CHECK_OK(run(plan, &shorter, &status));
	CHECK_OK(run(plan, &longer.args, &status));
	longer.more = 1;
	CHECK_INT(nsexec_spawn(plan, &longer.args, &process, NULL), -E2BIG);
	longer.more = 0;
	longer.args.flags = 0x80;
	CHECK_INT(nsexec_spawn(plan, &longer.args, &process, NULL), -EINVAL);
	shorter.size = 0;
	CHECK_INT(nsexec_spawn(plan, &shorter, &process, NULL), -EINVAL);
	shorter.size = 7;
	CHECK_INT(nsexec_spawn(plan, &shorter, &process, NULL), -EINVAL);
	CHECK(process == NULL);
	(void)nsexec_plan_free(plan);
	return 0;
}

static int takes_only_flags_that_go_together(void)
{
	struct nsexec_spawn_args args = { .size = sizeof(args) };
	struct nsexec_plan *plan = plan_of("exit 0");
	struct nsexec_process *process = NULL;

	CHECK(plan != NULL);
	args.flags = NSEXEC_SPAWN_SHARE_SELF;
	CHECK_INT(nsexec_spawn(plan, &args, &process, NULL), -EINVAL);
	args.flags = NSEXEC_SPAWN_PROTECTED;
	CHECK_INT(nsexec_spawn(plan, &args, &process, NULL), -EINVAL);
	CHECK(process == NULL);
	(void)nsexec_plan_free(plan);
	return 0;
}

static int shares_a_helper_program(void)
{
	int helper = nsexec_helper_open(&err);
	int unsealed = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct nsexec_status status;

	CHECK(helper >= 0 && unsealed >= 0);
	CHECK((fcntl(helper, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK_INT(write(helper, "", 1), -1);
	for (int i = 0; i < 2; i++) {
		struct nsexec_plan *plan = plan_of("exit 3");

		CHECK(plan != NULL);
		CHECK_INT(nsexec_plan_set_helper(plan, -1, NULL), -EBADF);
		CHECK_INT(nsexec_plan_set_helper(plan, STDERR_FILENO, NULL), -EINVAL);
		CHECK_INT(nsexec_plan_set_helper(plan, unsealed, NULL), -EINVAL);
		CHECK_OK(nsexec_plan_set_helper(plan, helper, &err));
		CHECK_OK(nsexec_plan_set_helper(plan, helper, &err));
		CHECK_OK(run(plan, NULL, &status));
		CHECK_INT(status.code, 3);
		(void)nsexec_plan_free(plan);
		CHECK_OK(fcntl(helper, F_GETFD));
	}
	(void)close(unsealed);
	(void)close(helper);
	return 0;
}

static unsigned steps, children;
static pid_t child_pid;

static void count_event(void *data, const struct nsexec_event *event)
{
	*(int *)data += 1;
	if (event->type == NSEXEC_EVENT_STEP && event->text[0] != '\0' && strlen(event->text) <= 15)
		steps++;
	if (event->type == NSEXEC_EVENT_CHILD) {
		children++;
		child_pid = event->pid;
	}
}

static int reports_steps_only_when_traced(void)
{
	int count = 0;
	struct nsexec_spawn_args args = { .size = sizeof(args),
					  .event = count_event,
					  .data = &count };
	struct nsexec_plan *plan = plan_of("exit 0");
	struct nsexec_status status;

	CHECK(plan != NULL);
	CHECK_OK(run(plan, &args, &status));
	CHECK_INT(steps, 0);
	CHECK_INT(children, 1);
	CHECK_OK(nsexec_plan_set_flags(plan, NSEXEC_PLAN_TRACE, &err));
	CHECK_OK(run(plan, &args, &status));
	CHECK(steps > 2);
	CHECK_INT(children, 2);
	CHECK(child_pid > 0 && count > 3);
	(void)nsexec_plan_free(plan);
	return 0;
}

static unsigned explained;

static void count_step(void *data, const char *role, const char *step, const char *reason)
{
	(void)data;
	explained += role[0] != '\0' && step[0] != '\0' && strlen(step) <= 15 && reason[0] != '\0';
}

static int explains_without_running(void)
{
	struct nsexec_plan *plan = plan_of("touch /tmp/nsexec-test-explained");
	struct stat st;

	CHECK(plan != NULL);
	CHECK_OK(nsexec_explain(plan, count_step, NULL, &err));
	CHECK(explained > 2);
	CHECK(stat("/tmp/nsexec-test-explained", &st) < 0);
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD);
	(void)nsexec_plan_free(plan);
	return 0;
}

/* Files that hold their own number, opened as descriptors 20 to 29. */
static int open_numbered(void)
{
	for (int i = 20; i < 30; i++) {
		int fd = memfd_create("numbered", 0);
		char text[8];

		CHECK_OK(fd);
		(void)snprintf(text, sizeof(text), "%d\n", i);
		CHECK_OK(write(fd, text, strlen(text)));
		CHECK_OK(dup2(fd, i));
		CHECK_OK(close(fd));
	}
	return 0;
}

static void close_numbered(void)
{
	for (int i = 20; i < 30; i++)
		(void)close(i);
}

struct fd_map {
	const char *name;
	int pairs[6][2]; /* ends with { 0, 0 } */
};

/* clang-format off */
static const struct fd_map fd_maps[] = {
	{ "nothing",                      { { 0, 0 } } },
	{ "to itself",                    { { 20, 20 } } },
	{ "down and up",                  { { 20, 3 }, { 21, 100 } } },
	{ "a swap",                       { { 20, 21 }, { 21, 20 } } },
	{ "a cycle of three",             { { 20, 21 }, { 21, 22 }, { 22, 20 } } },
	{ "a chain",                      { { 20, 21 }, { 21, 22 }, { 22, 23 } } },
	{ "a chain backwards",            { { 22, 23 }, { 21, 22 }, { 20, 21 } } },
	{ "one to many",                  { { 20, 3 }, { 20, 4 }, { 20, 21 } } },
	{ "one to many with itself",      { { 20, 3 }, { 20, 20 }, { 21, 4 } } },
	{ "two swaps",                    { { 20, 21 }, { 21, 20 }, { 22, 23 }, { 23, 22 } } },
	{ "over numbers of the library",  { { 20, 4 }, { 21, 5 }, { 22, 6 }, { 23, 7 }, { 24, 8 } } },
	{ "far away",                     { { 20, 900 }, { 21, 899 }, { 22, 3 } } },
};
/* clang-format on */

static int maps_descriptors(const void *arg)
{
	const struct fd_map *row = arg;
	/* "NUMBER CONTENT" of each descriptor above 2; that of the directory itself cannot be read from */
	struct nsexec_plan *plan =
		plan_of("for f in /proc/self/fd/*; do n=${f##*/}; [ \"$n\" -gt 2 ] || continue; "
			"[ -f /proc/self/fd/$n ] && echo $n $(cat /proc/self/fd/$n); done");
	char want[10][16], got[512] = "";
	int ends[2], count = 0;
	struct nsexec_status status;

	CHECK(plan != NULL);
	CHECK_OK(pipe2(ends, O_CLOEXEC));
	CHECK_OK(open_numbered());
	for (; row->pairs[count][0] != 0; count++) {
		CHECK_OK(
			nsexec_plan_add_fd(plan, row->pairs[count][0], row->pairs[count][1], &err));
		(void)snprintf(want[count], sizeof(want[0]), "%d %d\n", row->pairs[count][1],
			       row->pairs[count][0]);
	}
	CHECK_OK(nsexec_plan_add_fd(plan, ends[1], 1, &err));
	CHECK_OK(run(plan, NULL, &status));
	(void)close(ends[1]);
	for (ssize_t n, at = 0; (n = read(ends[0], got + at, sizeof(got) - 1 - (size_t)at)) > 0;
	     at += n)
		;
	(void)close(ends[0]);

	size_t sum = 0;

	for (int i = 0; i < count; i++) {
		const char *found = strstr(got, want[i]);

		CHECK_HAS(got, want[i]);
		CHECK(found == got || found[-1] == '\n');
		sum += strlen(want[i]);
	}
	CHECK_INT(strlen(got), sum); /* and no other */
	close_numbered();
	(void)nsexec_plan_free(plan);
	return 0;
}

static int the_callers_descriptors_stay_as_they_are(void)
{
	struct nsexec_plan *plan = plan_of("exit 0");
	struct nsexec_status status;

	CHECK(plan != NULL);
	CHECK_OK(open_numbered());
	CHECK_OK(nsexec_plan_add_fd(plan, 20, 21, &err));
	CHECK_OK(nsexec_plan_add_fd(plan, 21, 20, &err));
	for (int i = 0; i < 3; i++)
		CHECK_OK(run(plan, NULL, &status));
	for (int i = 20; i < 30; i++)
		CHECK_INT(fcntl(i, F_GETFD), 0);
	close_numbered();
	(void)nsexec_plan_free(plan);
	return 0;
}

static int writes_nothing_to_stdout_and_stderr(void)
{
	char *argv[] = { (char *)"/no/such/program", NULL };
	struct nsexec_plan *plan = plan_of("exit 0");
	struct nsexec_process *process = NULL;
	int saved = fcntl(2, F_DUPFD_CLOEXEC, 3), ends[2];
	char byte;

	CHECK(plan != NULL);
	CHECK_OK(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	CHECK_OK(dup2(ends[1], 2));
	CHECK_OK(dup2(ends[1], 1));
	(void)nsexec_plan_set_argv(plan, argv, NULL);
	(void)nsexec_spawn(plan, NULL, &process, NULL);
	(void)nsexec_plan_set_ns(plan, NSEXEC_NS_NET, NSEXEC_NS_MODE_TARGET, NULL);
	(void)nsexec_plan_set_target_pid(plan, 1, 12345, NULL);
	(void)nsexec_spawn(plan, NULL, &process, NULL);
	(void)nsexec_idmap_parse("x", NULL, NULL);
	(void)nsexec_feature_probe();
	CHECK_OK(dup2(saved, 2));
	CHECK_OK(dup2(saved, 1));
	CHECK(process == NULL);
	CHECK(read(ends[0], &byte, 1) < 0 && errno == EAGAIN);
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(saved);
	(void)nsexec_plan_free(plan);
	return 0;
}

static int the_program_dies_with_the_thread_that_asked_for_it(void)
{
	int ends[2];
	pid_t pid;
	char byte;

	CHECK_OK(pipe2(ends, O_CLOEXEC));
	pid = fork();
	CHECK_OK(pid);
	if (pid == 0) {
		struct nsexec_plan *plan = plan_of("exec sleep 100");
		struct nsexec_process *process = NULL;

		/* the program holds the end of the pipe: when it is gone, so is that */
		if (nsexec_plan_set_pdeathsig(plan, SIGKILL, NULL) < 0 ||
		    nsexec_plan_add_fd(plan, ends[1], 9, NULL) < 0 ||
		    nsexec_spawn(plan, NULL, &process, NULL) < 0)
			_exit(1);
		(void)raise(SIGKILL);
	}
	(void)close(ends[1]);
	CHECK_OK(waitpid(pid, NULL, 0));
	CHECK_INT(read(ends[0], &byte, 1), 0);
	(void)close(ends[0]);
	(void)usleep(100000);
	return 0;
}

static int sets_limits_umask_and_directory(void)
{
	struct nsexec_plan *plan =
		plan_of("[ $(umask) = 0027 ] && [ $(pwd) = /usr ] && [ $(ulimit -n) = 77 ]");
	struct nsexec_status status;
	mode_t own = umask(022);

	CHECK(plan != NULL);
	CHECK_OK(nsexec_plan_set_umask(plan, 027, &err));
	CHECK_OK(nsexec_plan_set_cwd(plan, "/usr", &err));
	CHECK_OK(nsexec_plan_set_rlimit(plan, RLIMIT_NOFILE, 77, 77, &err));
	CHECK_OK(run(plan, NULL, &status));
	CHECK_INT(status.code, 0);
	CHECK_INT(umask(own), 022); /* ours has not changed */
	(void)nsexec_plan_free(plan);
	return 0;
}

static int a_new_user_namespace_needs_no_privileges(void)
{
	struct nsexec_plan *plan = plan_of("[ $(id -u) = 0 ] && [ $(id -g) = 0 ]");
	struct nsexec_status status;
	pid_t probe = fork();
	int probe_status;

	if (probe == 0)
		_exit(unshare(CLONE_NEWUSER) < 0);
	CHECK_OK(waitpid(probe, &probe_status, 0));
	if (probe_status != 0)
		SKIP("no permission to make user namespaces");
	CHECK(plan != NULL);
	CHECK_OK(nsexec_plan_set_ns(plan, NSEXEC_NS_USER | NSEXEC_NS_UTS | NSEXEC_NS_IPC,
				    NSEXEC_NS_MODE_NEW, &err));
	CHECK_OK(nsexec_plan_add_uid_map(plan, &(struct nsexec_idmap){ 0, geteuid(), 1 }, &err));
	CHECK_OK(nsexec_plan_add_gid_map(plan, &(struct nsexec_idmap){ 0, getegid(), 1 }, &err));
	CHECK_OK(nsexec_plan_set_hostname(plan, "inner", &err));
	CHECK_OK(nsexec_plan_set_ids(plan, 0, 0, &err));
	CHECK_OK(run(plan, NULL, &status));
	CHECK_INT(status.code, 0);
	(void)nsexec_plan_free(plan);
	return 0;
}

TAP_MAIN(CASE(tells_how_the_process_ended), CASE(a_plan_can_be_spawned_again),
	 CASE(waits_with_a_timeout_and_again), CASE(says_so_when_somebody_took_the_status),
	 CASE(a_failed_spawn_leaves_nothing), CASE(takes_arguments_of_other_versions),
	 CASE(takes_only_flags_that_go_together), CASE(shares_a_helper_program),
	 CASE(reports_steps_only_when_traced), CASE(explains_without_running),
	 CASE_TABLE(maps_descriptors, fd_maps), CASE(the_callers_descriptors_stay_as_they_are),
	 CASE(writes_nothing_to_stdout_and_stderr),
	 CASE(the_program_dies_with_the_thread_that_asked_for_it),
	 CASE(sets_limits_umask_and_directory), CASE(a_new_user_namespace_needs_no_privileges))
