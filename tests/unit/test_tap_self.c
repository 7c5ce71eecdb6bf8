/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The harness, tested by itself: with TAP_SELF in the environment this program is a set of cases that
 * misbehave, one in each way; without, it runs itself once for each and reads what the harness says.
 */
#define TAP_GRACE_MS 400
#include "../tap.h"

#include <sys/syscall.h>

/* ---- the victims ----------------------------------------------------------------------------- */

static int victim_passes(void)
{
	CHECK(true);
	CHECK_OK(0);
	CHECK_INT(-EINVAL, -EINVAL);
	CHECK_STR(NULL, NULL);
	CHECK_STR("same", "same");
	CHECK_HAS("a haystack", "hay");
	return 0;
}

static int victim_check(void)
{
	errno = ENOENT;
	CHECK(1 + 1 == 3);
	return 0;
}

static int victim_int(void)
{
	CHECK_INT(-EINVAL, -ERANGE);
	return 0;
}

static int victim_str(void)
{
	CHECK_STR("one\ntwo", "one two");
	return 0;
}

static int victim_null(void)
{
	const char *none = NULL;

	CHECK_STR(none, "text");
	return 0;
}

static int victim_ok(void)
{
	CHECK_OK(open("/nonexistent", O_RDONLY | O_CLOEXEC));
	return 0;
}

static int victim_skips(void)
{
	SKIP("no %s here", "unicorn");
}

static int victim_skips_and_leaks(void)
{
	CHECK_OK(open("/dev/zero", O_RDONLY | O_CLOEXEC));
	SKIP("no unicorn here");
}

static int victim_returns(void)
{
	return 5;
}

static int victim_leaks_fd(void)
{
	CHECK_OK(open("/dev/zero", O_RDONLY | O_CLOEXEC));
	return 0;
}

static int victim_closes_fd(void)
{
	(void)close(0);
	return 0;
}

static int victim_replaces_fd(void)
{
	(void)close(0);
	CHECK_INT(open("/dev/zero", O_RDONLY | O_CLOEXEC), 0);
	return 0;
}

/* The parent-death signal would end it anyway if the harness died of it. */
static void sleep_for_long(void)
{
	(void)prctl(PR_SET_NAME, "sleeper");
	(void)sleep(60);
	_exit(0);
}

static int victim_zombie(void)
{
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0)
		_exit(3);
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	return 0;
}

static int victim_child(void)
{
	if (fork() == 0)
		sleep_for_long();
	return 0;
}

/* A grandchild in a session of its own, whose parent has gone. */
static int leave_orphan(unsigned int lives_ms)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (fork() == 0) {
			(void)setsid();
			if (!lives_ms)
				sleep_for_long();
			(void)usleep(lives_ms * 1000);
		}
		_exit(0);
	}
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	return 0;
}

static int victim_orphan(void)
{
	return leave_orphan(0);
}

static int victim_dying_orphan(void)
{
	return leave_orphan(100);
}

static int victim_mount(void)
{
	if (mount("tap-self", "/tmp", "tmpfs", 0, NULL) < 0)
		SKIP("permission to mount: %s", strerror(errno));
	return 0;
}

static int victim_hangs(void)
{
	(void)fork(); /* both of them */
	(void)signal(SIGALRM, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	while (pause() < 0)
		continue;
	return 0;
}

static int victim_crashes(void)
{
	(void)raise(SIGKILL);
	return 0;
}

static int victim_exits(void)
{
	(void)puts("noise\nok 1 - a lie");
	(void)fflush(stdout);
	_exit(0);
}

static int victim_child_check(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		CHECK(getpid() == 1); /* it falls through: the harness ends it */
		return 0;
	}
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	return 0;
}

static int victim_notes(void)
{
	for (int i = 0; i < 3000; i++)
		NOTE("line %d of a log that is much too long for the memory that is there for it",
		     i);
	return -1;
}

struct word {
	const char *name;
	size_t len;
};

static int victim_table(const void *arg)
{
	const struct word *word = arg;

	CHECK_INT(strlen(word->name), word->len);
	return 0;
}

static const struct word words[] = { { "four", 4 }, { "snake_case", 10 }, { "wrong", 6 } };

static int victim_arg(const void *arg)
{
	CHECK_STR(arg, "argument");
	return 0;
}

/* ---- running them ---------------------------------------------------------------------------- */

struct expectation {
	const char *name;   /* the victim, and what is said about it */
	const char *victim; /* the filter */
	int status;
	const char *output[4]; /* each has to be in it; "!..." must not */
};

/* clang-format off */
static const struct expectation expectations[] = {
	{ "a case that passes",       "victim_passes", 0, { "ok 1 - victim passes\n1..1\n" } },
	{ "a condition",              "victim_check",  1, { "not ok 1 - victim check\n", "test_tap_self.c:",
							    "does not hold: 1 + 1 == 3", "errno is: 2" } },
	{ "an unexpected number",     "victim_int",    1, { "got:  -22 (Invalid", "want: -34", "not -ERANGE: -EINVAL" } },
	{ "an unexpected string",     "victim_str",    1, { "got:  \"one\n# two\"", "want: \"one two\"" } },
	{ "a null pointer",           "victim_null",   1, { "got:  \"(NULL)\"", "want: \"text\"" } },
	{ "a failing call",           "victim_ok",     1, { "fails: open(", "errno: 2 (No such file" } },
	{ "a skip and its reason",    "victim_skips",  1, { "ok 1 - victim skips # SKIP no unicorn here\n",
							    "not ok 2 - victim skips and leaks\n" } },
	{ "an unexplained failure",   "victim_returns",  1, { "not ok", "returned 5" } },
	{ "a leaked descriptor",      "victim_leaks_fd", 1, { "not ok", "leaked descriptor", "/dev/zero" } },
	{ "a closed descriptor",      "victim_closes",   1, { "not ok", "closed descriptor 0" } },
	{ "a replaced descriptor",    "victim_replaces", 1, { "not ok", "replaced descriptor 0" } },
	{ "a zombie",                 "victim_zombie", 1, { "not ok", "leaked a dead child", "status 0x300" } },
	{ "a running child",          "victim_child",  1, { "not ok", "leaked a running child" } },
	{ "an orphan",                "victim_orphan", 1, { "not ok", "leaked a process", "sleeper" } },
	{ "no orphan that is ending", "victim_dying",  0, { "ok 1", "!not ok" } },
	{ "a hanging case",           "victim_hangs",  1, { "not ok", "was not finished after 1 s" } },
	{ "a killed case",            "victim_crashes", 1, { "not ok", "killed by signal 9" } },
	{ "a case that exits",        "victim_exits",  1, { "not ok", "exited instead of returning", "!a lie" } },
	{ "a check in a child",       "victim_child_check", 1, { "not ok", "does not hold: getpid() == 1" } },
	{ "a log that is too long",   "victim_notes",  1, { "not ok", "# line 0 of", "returned -1" } },
	{ "each row of a table",      "victim_table",  1, { "ok 1 - victim table: four\nok 2 - victim table: snake_case\n"
							    "not ok 3 - victim table: wrong\n", "want: 6", "1..3" } },
	{ "a case with an argument",  "its own name",  0, { "ok 1 - its own name\n" } },
	{ "a filter without a match", "no such case",  1, { "1..0\n" } },
};
/* clang-format on */

/* Run ourselves with a filter; stdout comes back in `out`. Returns the wait status or -errno. */
static int run_self(const char *filter, char *out, size_t size)
{
	int pipefd[2], status;
	size_t used = 0;
	ssize_t len;
	pid_t pid;

	CHECK_OK(pipe2(pipefd, O_CLOEXEC));
	pid = fork();
	if (pid == 0) {
		(void)dup2(pipefd[1], 1);
		(void)setenv("TAP_SELF", "1", 1);
		(void)setenv("TAP_DEADLINE_S", "1", 1);
		(void)setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
		(void)execl("/proc/self/exe", "test_tap_self", filter, (char *)NULL);
		_exit(127);
	}
	(void)close(pipefd[1]);
	while ((len = read(pipefd[0], out + used, size - used - 1)) > 0)
		used += (size_t)len;
	(void)close(pipefd[0]);
	out[used] = '\0';
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return status;
}

static int says_what_is_wrong_with(const void *arg)
{
	const struct expectation *expected = arg;
	static char out[80000];
	int status = run_self(expected->victim, out, sizeof(out));

	NOTE("%.1500s", out);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), expected->status);
	for (size_t i = 0; i < 4 && expected->output[i]; i++) {
		if (expected->output[i][0] == '!')
			CHECK(!strstr(out, expected->output[i] + 1));
		else
			CHECK_HAS(out, expected->output[i]);
	}
	return 0;
}

static int says_that_a_mount_is_leaked_and_keeps_it_from_the_host(void)
{
	static char out[4000];
	char *before = tap_read_file("/proc/self/mountinfo"), *after;
	int status = run_self("victim_mount", out, sizeof(out));

	if (strstr(out, "# SKIP")) {
		free(before);
		SKIP("permission to mount");
	}
	CHECK_INT(WEXITSTATUS(status), 1);
	CHECK_HAS(out, "leaked a mount: ");
	CHECK_HAS(out, "tap-self");
	after = tap_read_file("/proc/self/mountinfo");
	CHECK_STR(after, before);
	free(before);
	free(after);
	return 0;
}

static int lists_its_cases(void)
{
	static char out[4000];

	CHECK_INT(run_self("--list", out, sizeof(out)), 0);
	CHECK_HAS(out, "victim passes\n");
	CHECK_HAS(out, "victim table: four\n");
	return 0;
}

#define VICTIMS                                                                                   \
	CASE(victim_passes), CASE(victim_check), CASE(victim_int), CASE(victim_str),              \
		CASE(victim_null), CASE(victim_ok), CASE(victim_skips),                           \
		CASE(victim_skips_and_leaks), CASE(victim_returns), CASE(victim_leaks_fd),        \
		CASE(victim_closes_fd), CASE(victim_replaces_fd), CASE(victim_zombie),            \
		CASE(victim_child), CASE(victim_orphan), CASE(victim_dying_orphan),               \
		CASE(victim_mount), CASE(victim_hangs), CASE(victim_crashes), CASE(victim_exits), \
		CASE(victim_child_check), CASE(victim_notes), CASE_TABLE(victim_table, words),    \
		CASE_ARG(victim_arg, "argument", "its own name")

int main(int argc, char **argv)
{
	const struct tap_case victims[] = { VICTIMS };
	const struct tap_case cases[] = {
		CASE_TABLE(says_what_is_wrong_with, expectations),
		CASE(says_that_a_mount_is_leaked_and_keeps_it_from_the_host),
		CASE(lists_its_cases),
	};

	if (getenv("TAP_SELF"))
		return tap_main(argc, argv, victims, sizeof(victims) / sizeof(victims[0]));
	return tap_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
