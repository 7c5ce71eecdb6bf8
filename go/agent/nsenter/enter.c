// SPDX-License-Identifier: Apache-2.0

//go:build linux && (amd64 || arm64)

// enter.c owns the child of Run before Go begins: it joins what the parent has opened, and lets the Go runtime start there.
// Nothing but system calls on descriptors; no path of a container is looked up. Whatever fails ends the process, with a line
// on the reply descriptor (or standard output, for the parent of the original).
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enter.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

// A whole decimal number; -1 for everything else.
static int number(const char *text)
{
	char *end = NULL;
	long value;

	if (text == NULL || *text < '0' || *text > '9')
		return -1;
	errno = 0;
	value = strtol(text, &end, 10);
	return errno != 0 || *end != '\0' || value > INT_MAX ? -1 : (int)value;
}

static _Noreturn void fail(const char *what, int code)
{
	char text[256];
	int reply = number(variable("_LIBNSENTER_REPLYFD"));
	int n;

	// the first byte of a reply says what it is; the parent of the original takes all of standard output for the error
	n = snprintf(text, sizeof(text), "%s%s: %s\n", reply >= 0 ? "E" : "nsenter: ", what,
		     strerror(code));
	(void)!write(reply >= 0 ? reply : STDOUT_FILENO, text, (size_t)n);
	_exit(1);
}

static int take_fd(const char *name)
{
	const char *value = variable(name);
	int fd = number(value);

	if (value == NULL)
		return -1;
	if (fd < 0)
		fail(name, EINVAL);
	return fd;
}

struct kind {
	const char *name;
	int flag;
	int fd;
};

// What the caller has power over now comes before the user namespace, what only that gives power over after it.
static void join(struct kind *kinds, size_t count, int user)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < count; i++) {
			if (kinds[i].fd < 0)
				continue;
			if (setns(kinds[i].fd, kinds[i].flag) < 0) {
				if (pass == 0 && user >= 0 && errno == EPERM)
					continue;
				fail(kinds[i].name, errno);
			}
			(void)close(kinds[i].fd);
			kinds[i].fd = -1;
		}
		if (pass == 0 && user >= 0) {
			if (setns(user, CLONE_NEWUSER) < 0)
				fail("_LIBNSENTER_USERNSFD", errno);
			(void)close(user);
		}
	}
}

static void change_root(int root, int cwd)
{
	char path[PATH_MAX];

	if (root >= 0) {
		if (fchdir(root) < 0 || chroot(".") < 0)
			fail("_LIBNSENTER_ROOTFD", errno);
		(void)close(root);
	}
	if (cwd >= 0) {
		if (fchdir(cwd) < 0)
			fail("_LIBNSENTER_CWDFD", errno);
		(void)close(cwd);
		// a directory outside of the root would be a way out of it (CVE-2024-21626)
		if (syscall(SYS_getcwd, path, sizeof(path)) < 0)
			fail("_LIBNSENTER_CWDFD", errno);
		if (path[0] != '/')
			fail("_LIBNSENTER_CWDFD", ENOENT);
	}
}

// Tried before the user namespace is joined, too: it may forbid setgroups(2), and the agent's groups would stay.
static void drop_groups(int uid, int gid)
{
	if (uid >= 0 || gid >= 0)
		(void)syscall(SYS_setgroups, 0, NULL);
}

static void become(int uid, int gid)
{
	if (uid < 0 && gid < 0)
		return;
	if (syscall(SYS_setgroups, 0, NULL) < 0 && syscall(SYS_getgroups, 0, NULL) != 0)
		fail("setgroups", EPERM);
	if (gid >= 0 && syscall(SYS_setresgid, gid, gid, gid) < 0)
		fail("setresgid", errno);
	if (uid >= 0 && syscall(SYS_setresuid, uid, uid, uid) < 0)
		fail("setresuid", errno);
	// other ids make a process dumpable again
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		fail("prctl(PR_SET_DUMPABLE)", errno);
}

// What the agent has inherited from whoever started it, and Go has left open, a container shall not get (CVE-2024-21626). What
// we are given are the lowest numbers.
static void close_others(const int *fds, size_t count)
{
	int highest = STDERR_FILENO;

	for (size_t i = 0; i < count; i++)
		if (fds[i] > highest)
			highest = fds[i];
	if (syscall(SYS_close_range, highest + 1, ~0U, 0) < 0)
		fail("close_range", errno);
}

// A pid namespace is for children: the process that stays outside waits, and ends as the other one did.
static void go_inside(void)
{
	struct pollfd parent = { .fd = (int)syscall(SYS_pidfd_open, getpid(), 0),
				 .events = POLLIN };
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		fail("fork", errno);
	if (pid > 0) {
		// nothing of ours stays open in a process that only waits
		(void)syscall(SYS_close_range, 3, ~0U, 0);
		while (waitpid(pid, &status, 0) < 0)
			if (errno != EINTR)
				_exit(1);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	// whoever kills the waiting one ends both; getppid() is 0 here, so that what it was too late for is asked of a pidfd
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		fail("prctl(PR_SET_PDEATHSIG)", errno);
	if (parent.fd >= 0 && poll(&parent, 1, 0) != 0)
		_exit(1);
	(void)close(parent.fd);
	if (variable("_LIBNSENTER_REPLYFD") == NULL)
		(void)!write(STDOUT_FILENO, "",
			     1); // the original's sign that what follows is the reply
}

void nsexec_go_agent_enter(void)
{
	struct kind kinds[] = {
		{ "_LIBNSENTER_MNTNSFD", CLONE_NEWNS, -1 },
		{ "_LIBNSENTER_NETNSFD", CLONE_NEWNET, -1 },
		{ "_LIBNSENTER_IPCNSFD", CLONE_NEWIPC, -1 },
		{ "_LIBNSENTER_UTSNSFD", CLONE_NEWUTS, -1 },
		{ "_LIBNSENTER_CGROUPNSFD", CLONE_NEWCGROUP, -1 },
		{ "_LIBNSENTER_PIDNSFD", CLONE_NEWPID, -1 },
	};
	enum { COUNT = sizeof(kinds) / sizeof(kinds[0]) };
	int root, cwd, user, pids, uid, gid;

	if (variable("_LIBNSENTER_INIT") == NULL)
		return;
	// before the first join: no process of the container may trace this one
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		fail("prctl(PR_SET_DUMPABLE)", errno);
	for (size_t i = 0; i < COUNT; i++)
		kinds[i].fd = take_fd(kinds[i].name);
	root = take_fd("_LIBNSENTER_ROOTFD");
	cwd = take_fd("_LIBNSENTER_CWDFD");
	user = take_fd("_LIBNSENTER_USERNSFD");
	pids = kinds[COUNT - 1].fd;
	close_others((const int[]){ kinds[0].fd, kinds[1].fd, kinds[2].fd, kinds[3].fd, kinds[4].fd,
				    pids, root, cwd, user, take_fd("_LIBNSENTER_COMMANDFD"),
				    take_fd("_LIBNSENTER_REPLYFD") },
		     COUNT + 5);
	uid = number(variable("_LIBNSENTER_UID"));
	gid = number(variable("_LIBNSENTER_GID"));
	drop_groups(uid, gid);
	join(kinds, COUNT, user);
	change_root(root, cwd);
	become(uid, gid);
	if (pids >= 0 || variable("_LIBNSENTER_REPLYFD") == NULL)
		go_inside();
}
