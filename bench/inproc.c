// SPDX-License-Identifier: Apache-2.0
/*
 * The library's peers, measured from inside a C program; without the library.
 *
 *   floor     one setns, one vfork-like clone3 into the cgroup, execve, wait4
 *   forkexec  fork and execve of a static program in the namespaces we have, wait4
 *   callfloor a memory-sharing child that does one setns (all but pid) and calls a function
 */
#define _GNU_SOURCE
#define RAW_NO_START
#include <sched.h>
#include <sys/wait.h>

#include "raw.h"
#include "serve.h"

#define KINDS (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

extern char **environ;

/* Our parent still has the namespaces that we had. Not part of what is measured. */
static int go_back(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getppid(), 0);
	int r = pidfd >= 0 && setns(pidfd, KINDS | CLONE_NEWPID) == 0 ? 0 : -errno;

	if (pidfd >= 0)
		(void)close(pidfd);
	return r;
}

static int64_t run_floor(const struct serve_job *job)
{
	struct clone_args args = { .flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD };
	int status = -1;
	int64_t start, ns;
	long pid;
	int r;

	if (job->cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)job->cgroup;
	}

	start = serve_now_ns();
	if (setns(job->pidfd, KINDS | CLONE_NEWPID) < 0)
		return -errno;
	pid = raw_clone3_exec(&args, job->argv[0], job->argv, environ);
	if (pid > 0)
		(void)waitpid((pid_t)pid, &status, 0);
	ns = serve_now_ns() - start;

	r = go_back();
	if (r < 0)
		return r;
	if (pid < 0)
		return pid;
	return status == 0 ? ns : -EIO;
}

static int64_t run_forkexec(const struct serve_job *job)
{
	int64_t start = serve_now_ns();
	int status = -1;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)execve(job->argv[0], job->argv, environ);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return -EIO;
	return serve_now_ns() - start;
}

static int join_and_call(void *arg)
{
	const struct serve_job *job = arg;

	return setns(job->pidfd, KINDS) < 0;
}

static int64_t run_callfloor(const struct serve_job *job)
{
	static char stack[16384] __attribute__((aligned(16)));
	int64_t start = serve_now_ns();
	int status = -1;
	pid_t pid;

	pid = clone(join_and_call, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD,
		    (void *)job);
	if (pid < 0)
		return -errno;
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return -EIO;
	return serve_now_ns() - start;
}

static int64_t (*find_job(const char *name))(const struct serve_job *)
{
	if (strcmp(name, "floor") == 0)
		return run_floor;
	if (strcmp(name, "forkexec") == 0)
		return run_forkexec;
	if (strcmp(name, "callfloor") == 0)
		return run_callfloor;
	return NULL;
}

int main(int argc, char **argv)
{
	return serve_main(argc, argv, find_job);
}
