/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TAP harness in one header. A test program is a list of cases, functions that return 0:
 *
 *	TAP_MAIN(CASE(refuses_a_range_that_wraps), CASE_TABLE(accepts, good_maps))
 *
 * Theory of operation. The harness is a subreaper and forks one process per case. The case reports
 * through memory that it shares with the harness: it may close, replace or pass on any descriptor, and
 * a CHECK in a forked child counts too. What the case leaves behind fails it:
 *  - descriptors opened, closed or replaced: compared in the case itself, by fcntl(2), because a case
 *    may have changed its root and have no /proc any more;
 *  - its own children that it has not waited for, and orphans, which the harness inherits. They get
 *    TAP_GRACE_MS to end, then they are killed. See tap_kill_children() for whom we signal;
 *  - mounts. The harness takes a private mount namespace first, so that neither a leak reaches the
 *    host nor a mount of the host looks like a leak. Where it may not, a case cannot mount either.
 *
 * Needs _GNU_SOURCE. A case has /dev/null as stdin, and its stdout is stderr. It ends by exit(), for
 * LeakSanitizer and gcov; one that makes itself non-dumpable does so in a child (LeakSanitizer).
 *
 * Run as: PROGRAM [--list | SUBSTRING OF A NAME]. TAP_DEADLINE_S in the environment overrides the
 * deadline (a virtual machine without KVM wants more).
 */
#ifndef NSEXEC_TESTS_TAP_H
#define NSEXEC_TESTS_TAP_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAP_DEADLINE_S 30 /* per case */
#ifndef TAP_GRACE_MS
#define TAP_GRACE_MS 1000 /* for orphans to end */
#endif
#define TAP_SKIPPED 77
#define TAP_FD_MAX 1024

/* One case, or with count > 0 a table of them whose elements begin with a `const char *name`. */
struct tap_case {
	const char *name;
	int (*fn)(void);
	int (*fn_arg)(const void *arg);
	const void *arg;
	size_t count, stride;
};

/* clang-format off */
#define CASE(function)                { .name = #function, .fn = (function) }
#define CASE_ARG(function, arg_, n)   { .name = (n), .fn_arg = (function), .arg = (arg_) }
#define CASE_TABLE(function, table)   { .name = #function, .fn_arg = (function), .arg = (table), \
					.count = sizeof(table) / sizeof((table)[0]), \
					.stride = sizeof((table)[0]) }

#define TAP_MAIN(...) \
	int main(int argc, char **argv) \
	{ \
		const struct tap_case cases[] = { __VA_ARGS__ }; \
 \
		return tap_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0])); \
	}

/* The checks return from the function that they stand in, which so must return int. */
#define TAP_FAIL(format, ...) do { \
	tap_note("%s:%d: " format, __FILE__, __LINE__, __VA_ARGS__); \
	return tap_fail(1); \
} while (0)

#define CHECK(expr) do { \
	if (!(expr)) \
		TAP_FAIL("does not hold: %s\n  errno is: %d (%m)", #expr, errno); \
} while (0)

/* The call returned zero or more; a negative result may be -errno or -1 and errno. */
#define CHECK_OK(call) do { \
	intmax_t tap_r = (intmax_t)(call); \
	if (tap_r < 0) \
		TAP_FAIL("fails: %s\n  returned: %jd (%s), errno: %d (%m)", #call, tap_r, \
			 tap_r == -1 ? "?" : strerror((int)-tap_r), errno); \
} while (0)

#define CHECK_INT(got, want) do { \
	intmax_t tap_g = (intmax_t)(got), tap_w = (intmax_t)(want); \
	if (tap_g != tap_w) \
		TAP_FAIL("not %s: %s\n  got:  %jd (%s)\n  want: %jd", #want, #got, tap_g, \
			 tap_g < 0 ? strerror((int)-tap_g) : "no errno", tap_w); \
} while (0)

/* Two strings, either of which may be NULL. */
#define CHECK_STR(got, want) TAP_CHECK_STRINGS(got, want, strcmp(tap_g, tap_w) == 0, "not the same")

/* The first string contains the second. */
#define CHECK_HAS(got, part) TAP_CHECK_STRINGS(got, part, strstr(tap_g, tap_w), "lacks a part")

#define TAP_CHECK_STRINGS(got, want, condition, what) do { \
	const char *tap_g = (got), *tap_w = (want); \
	if (tap_g && tap_w ? !(condition) : tap_g != tap_w) \
		TAP_FAIL(what ": %s\n  got:  \"%.1200s\"\n  want: \"%.500s\"", #got, \
			 tap_g ? tap_g : "(NULL)", tap_w ? tap_w : "(NULL)"); \
} while (0)

/* printf-like: what is missing, not what is not done. */
#define SKIP(...) do { \
	(void)snprintf(tap_shared->skip_reason, sizeof(tap_shared->skip_reason), __VA_ARGS__); \
	return TAP_SKIPPED; \
} while (0)
/* clang-format on */

/* printf-like: a line for the log, shown only if the case fails. */
#define NOTE(...) tap_note(__VA_ARGS__)

/* What a case says to the harness, and its children. */
struct tap_shared {
	int failures;
	int returned, result; /* the function came back, with this value */
	char skip_reason[512];
	unsigned int used[2]; /* notes of the case, of the harness; what does not fit is dropped */
	char text[2][48000];
};

static struct tap_shared *tap_shared;
static bool tap_own_mounts, tap_in_harness = true;

/* Append a line; concurrent writers get a stretch each. */
static __attribute__((format(printf, 1, 2))) void tap_note(const char *format, ...)
{
	char line[2048], *text = tap_shared->text[tap_in_harness];
	unsigned int at, len;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	len = (unsigned int)strlen(line);
	line[len++] = '\n';
	at = __atomic_fetch_add(&tap_shared->used[tap_in_harness], len, __ATOMIC_RELAXED);
	if (at < sizeof(tap_shared->text[0]) && len < sizeof(tap_shared->text[0]) - at)
		memcpy(text + at, line, len);
}

static int tap_fail(int count)
{
	__atomic_fetch_add(&tap_shared->failures, count, __ATOMIC_RELAXED);
	return -1;
}

/* Fill the table (st_nlink: is it open), or compare it with what is. Returns the number of differences. */
static int tap_check_fds(struct stat *fds, bool compare)
{
	static const char *const verbs[2][2] = { { "?", "leaked" }, { "closed", "replaced" } };
	int leaks = 0;

	for (int fd = 0; fd < TAP_FD_MAX; fd++) {
		struct stat was = fds[fd], now = { 0 };
		char path[40], target[256] = "";
		bool open = fcntl(fd, F_GETFD) >= 0;

		if (open)
			(void)fstat(fd, &now);
		now.st_nlink = open;
		fds[fd] = now;
		if (!compare || (was.st_nlink == now.st_nlink && was.st_dev == now.st_dev &&
				 was.st_ino == now.st_ino))
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, target, sizeof(target) - 1) < 0)
			target[0] = '?';
		tap_note("the case %s descriptor %d: %s", verbs[was.st_nlink][open], fd, target);
		leaks++;
	}
	return leaks;
}

static void tap_run_case(const struct tap_case *c, const void *arg)
{
	static struct stat fds[TAP_FD_MAX];
	pid_t self = getpid(), child;
	int null = open("/dev/null", O_RDONLY);
	unsigned int status = 0;

	tap_in_harness = false;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null > 0 && dup2(null, 0) == 0)
		(void)close(null);
	(void)dup2(2, 1);
	(void)tap_check_fds(fds, false);
	errno = 0;

	tap_shared->result = c->fn_arg ? c->fn_arg(arg) : c->fn();
	if (getpid() != self) /* a child of the case that fell through */
		_exit(tap_shared->result ? 1 : 0);

	child = waitpid(-1, (int *)&status, WNOHANG | __WALL);
	if (child >= 0)
		tap_note("the case leaked a %s child: wait status %#x", child ? "dead" : "running",
			 status);
	(void)tap_fail(tap_check_fds(fds, true) + (child >= 0));
	tap_shared->returned = 1;
	exit(0);
}

/* Read a file of /proc; NULL if that is not possible. The caller frees it. */
static char *tap_read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	if (getdelim(&text, &size, '\0', file) <= 0 && text)
		text[0] = '\0';
	(void)fclose(file);
	return text;
}

/*
 * Kill what the case left us. What /proc lists (in the pid namespace that it is of, which need not
 * be ours) is believed only where wait(2) confirms a running child of ours; nobody else reaps those,
 * so the pid cannot become another's in between.
 */
static void tap_kill_children(bool report)
{
	char *list = tap_read_file("/proc/thread-self/children"), *next = list, *end;
	long pid;

	for (; next && (pid = strtol(next, &end, 10)) > 1; next = end) {
		siginfo_t info = { 0 };
		char path[40], *name;

		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 ||
		    info.si_pid)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
		name = report ? tap_read_file(path) : NULL;
		if (name)
			tap_note("the case leaked a process: %ld, %s", pid, name);
		free(name);
		(void)kill((pid_t)pid, SIGKILL);
	}
	free(list);
}

/* Take over what the case left running. Returns the number of failures that this is. */
static int tap_reap_orphans(int grace_ms)
{
	bool killed = false;
	pid_t pid;

	for (int ms = 0; (pid = waitpid(-1, NULL, WNOHANG | __WALL)) >= 0; ms += pid == 0 ? 5 : 0) {
		if (pid > 0)
			continue;
		if (ms >= grace_ms + 5000) {
			tap_note("a process that the case left does not go away");
			return 1;
		}
		if (ms >= grace_ms) { /* again and again: each has children of its own */
			tap_kill_children(grace_ms > 0 && !killed);
			killed = true;
		}
		(void)usleep(5000);
	}
	return killed && grace_ms > 0;
}

/* Lines of one mountinfo file that the other lacks; options of the file system do not count. */
static int tap_compare_mounts(const char *these, const char *those, const char *what)
{
	int leaks = 0;

	for (size_t line; *these; these += line + (these[line] == '\n')) {
		const char *separator = strstr(these, " - "), *other = those;

		line = strcspn(these, "\n");
		while (other && separator &&
		       strncmp(other, these, (size_t)(separator - these)) != 0)
			other = (other = strchr(other, '\n')) ? other + 1 : NULL;
		if (!other && ++leaks)
			tap_note("the case %s a mount: %.*s", what, (int)line, these);
	}
	return leaks;
}

/* Wait for the case; kill it at the deadline. Returns the number of failures. */
static int tap_await(pid_t pid, int deadline_s)
{
	struct pollfd pollfd = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int status = 0, ready = pollfd.fd < 0 ? -1 : poll(&pollfd, 1, deadline_s * 1000);

	(void)close(pollfd.fd);
	if (ready == 0)
		(void)kill(pid, SIGKILL); /* our child, not waited for: it is still the same */
	(void)waitpid(pid, &status, 0);
	if (ready == 0)
		tap_note("the case was not finished after %d s", deadline_s);
	else if (WIFSIGNALED(status))
		tap_note("the case was killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		tap_note("the process of the case exited with status %d", WEXITSTATUS(status));
	else if (!tap_shared->returned)
		tap_note("the case exited instead of returning");
	else
		return 0;
	return 1;
}

/* Run one case in a process of its own and print its line. Returns 1 if it failed. */
static int tap_do_case(unsigned int number, const char *name, const struct tap_case *c,
		       const void *arg, int deadline_s)
{
	char *before = tap_own_mounts ? tap_read_file("/proc/self/mountinfo") : NULL, *after;
	int failures;
	pid_t pid;

	memset(tap_shared, 0, sizeof(*tap_shared));
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		tap_run_case(c, arg);
	if (pid < 0)
		tap_note("fork: %s", strerror(errno));
	failures = pid < 0 ? 1 : tap_await(pid, deadline_s);
	failures += tap_reap_orphans(failures ? 0 : TAP_GRACE_MS);
	after = before ? tap_read_file("/proc/self/mountinfo") : NULL;
	failures += after ? tap_compare_mounts(after, before, "leaked") : 0;
	failures += after ? tap_compare_mounts(before, after, "took away") : 0;
	free(before);
	free(after);

	failures += tap_shared->failures;
	if (tap_shared->result == TAP_SKIPPED && !failures) {
		tap_shared->skip_reason[strcspn(tap_shared->skip_reason, "\n")] = '\0';
		printf("ok %u - %s # SKIP %s\n", number, name, tap_shared->skip_reason);
		return 0;
	}
	if (tap_shared->result != 0 && !failures)
		tap_note("the case returned %d", tap_shared->result);
	failures += tap_shared->result != 0;
	printf("%s %u - %s\n", failures ? "not ok" : "ok", number, name);
	for (int i = 0; i < 2 && failures; i++)
		for (char *rest = tap_shared->text[i], *line; (line = strtok_r(rest, "\n", &rest));)
			printf("# %s\n", line);
	return failures > 0;
}

static int tap_main(int argc, char **argv, const struct tap_case *cases, size_t count)
{
	const char *filter = argc > 1 ? argv[1] : NULL, *text = getenv("TAP_DEADLINE_S");
	int deadline_s = text && atoi(text) > 0 ? atoi(text) : TAP_DEADLINE_S;
	bool list = filter && strcmp(filter, "--list") == 0;
	unsigned int number = 0;
	int failed = 0;

	tap_shared = mmap(NULL, sizeof(*tap_shared), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tap_shared == MAP_FAILED)
		return puts("Bail out! no memory"), 1;
	(void)signal(SIGCHLD, SIG_DFL);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
#ifndef TAP_HOST_MOUNTS /* for cases that want the propagation that the host has */
	tap_own_mounts = unshare(CLONE_NEWNS) == 0 &&
			 mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
#endif

	for (size_t i = 0, j = 0; i < count; j + 1 < cases[i].count ? j++ : (i++, j = 0)) {
		const struct tap_case *c = &cases[i];
		const void *arg = c->count ? (const char *)c->arg + j * c->stride : c->arg;
		char name[256];

		(void)snprintf(name, sizeof(name), "%s%s%s", c->name, c->count ? ": " : "",
			       c->count ? *(char *const *)arg : "");
		for (size_t k = 0; name[k]; k++) /* "#" would begin a directive */
			if (name[k] == '#' || (name[k] == '_' && k < strlen(c->name)))
				name[k] = name[k] == '#' ? '?' : ' ';
		if (list)
			printf("%s\n", name);
		else if (!filter || strstr(name, filter) || strstr(c->name, filter))
			failed += tap_do_case(++number, name, c, arg, deadline_s);
	}
	if (!list)
		printf("1..%u\n", number); /* at the end: who dies before has no complete plan */
	return failed > 0 || (number == 0 && !list);
}

#endif /* NSEXEC_TESTS_TAP_H */
