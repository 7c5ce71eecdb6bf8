/* SPDX-License-Identifier: Apache-2.0 */
/* start.c owns the start of a module's process. */
#include "agent/start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "base/sys.h"
#include "lib/fds.h"

enum { PROGRAM, OUTPUT, PASSED }; /* in fds */

struct start {
	char *words[NSEXEC_AGENT_WORDS_MAX + 2]; /* argv, NULL, the environment, NULL */
	size_t argc;
	int fds[NSEXEC_AGENT_FDS_MAX];
	size_t count;
	sigset_t mask;
	bool has_handlers; /* of the agent */
	bool lowers;       /* the limit of open files, to nofile */
	struct rlimit nofile;
	struct nsx_err err;
};

/* Before Go has raised it, and after. */
static struct rlimit nofile_before;
static struct rlimit nofile_raised;
static bool remembers;

void nsexec_agent_remember(void)
{
	if (getrlimit(RLIMIT_NOFILE, remembers ? &nofile_raised : &nofile_before) == 0)
		remembers = true;
}

/* What is neither is the agent's wish. */
static void find_limit(struct start *start)
{
	struct rlimit now;

	start->nofile = nofile_before;
	start->lowers = nofile_before.rlim_cur < nofile_raised.rlim_cur &&
			getrlimit(RLIMIT_NOFILE, &now) == 0 &&
			memcmp(&now, &nofile_raised, sizeof(now)) == 0 &&
			nofile_before.rlim_max == now.rlim_max;
}

/* Between the end of the blocked signals and execve(2) a handler of the agent would run in its memory. */
static void drop_handlers(void)
{
	for (int sig = 1; sig <= 64; sig++) {
		struct sigaction action;

		if (sigaction(sig, NULL, &action) < 0 || action.sa_handler == SIG_IGN)
			continue;
		action = (struct sigaction){ .sa_handler = SIG_DFL };
		(void)sigaction(sig, &action, NULL);
	}
}

static int place_fds(struct start *start, struct nsx_err *err)
{
	int passed = (int)start->count - PASSED;
	int last = STDERR_FILENO + passed;
	int null = openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
	struct nsx_fd_pair pairs[NSEXEC_AGENT_FDS_MAX + 1] = {
		{ null, STDIN_FILENO },
		{ start->fds[OUTPUT], STDOUT_FILENO },
		{ start->fds[OUTPUT], STDERR_FILENO },
	};

	if (null < 0)
		return nsx_err_sys(err, "open", "/dev/null");
	for (int i = 0; i < passed; i++)
		pairs[3 + i] = (struct nsx_fd_pair){ start->fds[PASSED + i], 3 + i };
	if (nsx_fds_move_above(&start->fds[PROGRAM], last) < 0)
		return nsx_err_sys(err, "fcntl", "program");
	return nsx_fds_place(pairs, 3 + (size_t)passed, last, err);
}

/* It comes back when it fails. Old emulators and narrow filters know but one of the two system calls. */
static int execute_program(const struct start *start, struct nsx_err *err)
{
	char *const *envp = start->words + start->argc + 1;
	char path[32];
	struct nsx_str out = NSX_STR(path, sizeof(path));

	(void)syscall(SYS_execveat, start->fds[PROGRAM], "", start->words, envp, AT_EMPTY_PATH);
	if (errno != ENOSYS && errno != EPERM)
		return nsx_err_sys(err, "execveat", "program");
	nsx_str_add(&out, "/proc/self/fd/");
	nsx_str_add_i64(&out, start->fds[PROGRAM]);
	(void)execve(path, start->words, envp);
	return nsx_err_sys(err, "execve", path);
}

/*
 * Shares our memory: nothing but system calls. It does not return, so what AddressSanitizer notes about its frame would
 * stay and be taken for one of ours.
 */
__attribute__((no_sanitize("address"))) static int execute(void *data)
{
	struct sigaction normal = { .sa_handler = SIG_DFL };
	struct start *start = data;

	if (start->has_handlers)
		drop_handlers();
	/* the agent asks by SIGTERM (see go_inside()): ignored, it would be lost until somebody waits for it */
	(void)sigaction(SIGTERM, &normal, NULL);
	if (place_fds(start, &start->err) >= 0) {
		if (start->lowers)
			(void)setrlimit(RLIMIT_NOFILE, &start->nofile);
		(void)sigprocmask(SIG_SETMASK, &start->mask, NULL);
		(void)execute_program(start, &start->err);
	}
	return 127;
}

static pid_t clone_child(struct start *start)
{
	_Alignas(16) char stack[16384];
	struct nsx_clone_args args = {
		.flags = NSX_CLONE_VFORK | NSX_CLONE_CLEAR_SIGHAND,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = nsx_sys_clone3_vm(&args, execute, start, stack, sizeof(stack));

	/* before Linux 5.5, or under a filter that can not look into its arguments */
	if (pid < 0 && (errno == ENOSYS || errno == EINVAL || errno == EPERM)) {
		start->has_handlers = true;
		pid = nsx_sys_clone_vm(SIGCHLD, execute, start, stack, sizeof(stack));
	}
	return pid < 0 ? nsx_err_sys(&start->err, "clone", "module") : pid;
}

pid_t nsexec_agent_start(const char *words, size_t argc, size_t envc, const int *fds, size_t count,
			 struct nsexec_err *err)
{
	struct start start = { .argc = argc, .count = count, .err = { .step = "start" } };
	sigset_t all;
	pid_t pid;

	if (argc + envc > NSEXEC_AGENT_WORDS_MAX || count < PASSED || count > NSEXEC_AGENT_FDS_MAX)
		return nsx_err_set(err, -E2BIG, "start", "arguments", NSX_HINT_NONE);
	for (size_t i = 0; i < argc + envc; i++) {
		start.words[i < argc ? i : i + 1] = (char *)words;
		words += strlen(words) + 1;
	}
	memcpy(start.fds, fds, count * sizeof(*fds));
	find_limit(&start);

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &start.mask);
	pid = clone_child(&start);
	if (pid > 0 && start.err.code != 0)
		(void)waitpid(pid, NULL, __WALL); /* it has ended, and no signal comes between */
	(void)pthread_sigmask(SIG_SETMASK, &start.mask, NULL);
	*err = start.err;
	return start.err.code != 0 ? start.err.code : pid;
}
