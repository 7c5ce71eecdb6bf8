/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper image: one small static program with three roles, chosen by argv[0]. It is executed from a sealed memfd by
 * the library, never by a user.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "base/own.h"
#include "base/sys.h"
#include "lib/exec.h"
#include "lib/keeper.h"
#include "lib/place.h"
#include "lib/start.h"

/* nsexec-engine MEMORY STATUS IMAGE: play the starter for a caller that must not be forked. */
static int engine_main(char *const argv[])
{
	struct nsx_place *place;
	struct nsx_run *run;
	struct nsx_err err = { 0 };
	struct nsx_page *page;
	struct stat st;
	int memory;
	int status;
	int image;
	int hole;

	if (nsx_num_parse_fd(argv[1], &memory) < 0 || nsx_num_parse_fd(argv[2], &status) < 0 ||
	    nsx_num_parse_fd(argv[3], &image) < 0 || fstat(memory, &st) < 0 ||
	    (size_t)st.st_size < sizeof(*page) + sizeof(struct nsx_spec))
		return 125;
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);

	/* what the final process has a copy of is the plan, and not the page */
	size_t bytes = (size_t)st.st_size - sizeof(*page);
	char *all = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, memory, 0);

	if (page == MAP_FAILED || all == MAP_FAILED)
		return 125;

	const struct nsx_spec *spec = (const void *)(all + sizeof(*page));

	while ((hole = openat(AT_FDCWD, "/dev/null", O_RDWR)) >= 0 && hole <= 2)
		;
	nsx_close_fd(&hole);
	place = nsx_place_map(spec);
	if (place == NULL)
		return 125;
	run = &place->run;
	run->page = page;
	run->page_is_ours = false;
	run->status_fd = status;
	run->as_sibling = true;
	if ((spec->flags & NSEXEC_PLAN_INIT) != 0)
		run->image_fd = image;
	else
		nsx_close_fd(&image);
	if (fcntl(status, F_SETFD, FD_CLOEXEC) < 0 ||
	    (image >= 0 && fcntl(image, F_SETFD, FD_CLOEXEC) < 0))
		return 125;
	(void)close(memory);
	if (nsx_spec_check(spec, bytes, &err) < 0 || nsx_start(run, &err) < 0)
		nsx_fail(run, &err);
	return 0;
}

static pid_t child_of_init;

static void forward(int sig)
{
	if (child_of_init > 0)
		(void)kill(child_of_init, sig);
}

/* nsexec-init STATUS PROGRAM...: pid 1 of a container; starts the program, forwards signals, reaps, ends with it. */
static int init_main(char *const argv[])
{
	static const int forwarded[] = { SIGTERM, SIGINT,  SIGHUP,  SIGQUIT,
					 SIGUSR1, SIGUSR2, SIGWINCH };
	struct sigaction action = { .sa_handler = forward, .sa_flags = SA_RESTART };
	struct nsx_run run;
	struct nsx_spec spec = { .flags = 0 };
	sigset_t set;
	sigset_t before;
	int status;

	(void)prctl(PR_SET_NAME, "nsexec-init", 0, 0, 0);
	nsx_run_init(&run, &spec, NULL);
	run.role = "init";
	if (nsx_num_parse_fd(argv[1], &run.status_fd) < 0)
		return 125;
	if (fcntl(run.status_fd, F_SETFD, FD_CLOEXEC) < 0) {
		struct nsx_err err = { .step = "init" };

		(void)nsx_err_sys(&err, "fcntl", "status");
		nsx_fail(&run, &err);
	}
	(void)sigfillset(&set);
	(void)sigprocmask(SIG_BLOCK, &set, &before);

	for (size_t i = 0; i < NSX_ARRAY_SIZE(forwarded); i++)
		(void)sigaction(forwarded[i], &action, NULL);
	child_of_init = nsx_sys_clone(SIGCHLD, NULL);
	if (child_of_init <= 0) {
		struct nsx_err err = { 0 };

		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		if (child_of_init == 0)
			(void)nsx_exec(argv + 2, environ, &err);
		else
			(void)nsx_err_sys(&err, "clone", "program");
		(void)strcpy(err.step, "exec");
		nsx_fail(&run, &err);
	}
	(void)nsx_sys_close_range(0, ~0U);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);

	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid == child_of_init)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (pid < 0 && errno != EINTR)
			return 125;
	}
}

/* Nothing of the caller stays open but two descriptors. */
static void close_all_but(int low, int high)
{
	if (low > 0)
		(void)nsx_sys_close_range(0, (unsigned)low - 1);
	if (high > low + 1)
		(void)nsx_sys_close_range((unsigned)low + 1, (unsigned)high - 1);
	(void)nsx_sys_close_range((unsigned)high + 1, ~0U);
}

/* nsexec-keeper PIDFD DONE PATH...: wait for the end of a process, remove the paths, say so on DONE. */
static int keeper_main(char *const argv[])
{
	struct pollfd end = { .events = POLLIN };
	struct timespec pause = { .tv_nsec = 1000000 };
	bool all_gone = true;
	int ready;
	int done;

	if (nsx_num_parse_fd(argv[1], &end.fd) < 0 || nsx_num_parse_fd(argv[2], &done) < 0)
		return 125;

	pid_t pid = nsx_sys_clone(SIGCHLD, NULL);

	if (pid != 0)
		return pid < 0 ? 125 : 0;
	(void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	(void)setsid();
	(void)chdir("/");
	close_all_but(end.fd < done ? end.fd : done, end.fd < done ? done : end.fd);
	while ((ready = poll(&end, 1, -1)) < 0 && errno != EBADF && errno != EFAULT)
		(void)nanosleep(&pause, NULL);
	if (ready <= 0 || (end.revents & POLLNVAL) != 0)
		return 125; /* then the supervisor looks after it itself */
	for (char *const *path = argv + 3; *path != NULL; path++)
		all_gone = nsx_keeper_remove(*path) && all_gone;
	if (all_gone)
		(void)nsx_file_write_all(done, "", 1);
	return 0;
}

int main(int argc, char *argv[])
{
	/* clang-format off */
	static const struct {
		const char *name;
		int arguments;
		int (*run)(char *const argv[]);
	} roles[] = {
		{ "nsexec-engine", 4, engine_main },
		{ "nsexec-init",   3, init_main },
		{ "nsexec-keeper", 4, keeper_main },
	};
	/* clang-format on */

	for (size_t i = 0; i < NSX_ARRAY_SIZE(roles); i++)
		if (argc >= roles[i].arguments && strcmp(argv[0], roles[i].name) == 0)
			_exit(roles[i].run(argv));
	_exit(125);
}
