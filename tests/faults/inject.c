/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject LOG list|error|after|kill|killed PROCESS CALL OCCURRENCE ERRNO COMMAND...: run COMMAND as its child, and
 * let one system call of one of its processes fail. What strace's injection does, but strace counts calls in all
 * processes at once, and then most of what a child does can be hit only together with something in the parent.
 *
 * PROCESS is a path: "0" is the command, "0.1" the second process that it makes, whoever is the parent afterwards. CALL is
 * the system call's number, OCCURRENCE counts from 1 in that process. Processes that execute a foreign program (by execve, where
 * nsexec executes itself by execveat) are left alone from there.
 *
 *   list    nothing fails; LOG gets a line "call PROCESS NUMBER RESULT" for each
 *   error   the call is not executed, and returns ERRNO
 *   after   the call is executed, and returns ERRNO (what close(2) does)
 *   kill    SIGKILL to the process instead of the call
 *   killed  SIGKILL after the call
 *
 * LOG ends with "hit" if it happened, and "left PROCESS" for each process that is there a second after COMMAND has ended.
 * The exit status is that of COMMAND (128+N: killed), 99 if something is wrong here.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __WALL
#define __WALL 0x40000000
#endif

enum { PROCESSES_MAX = 64, PATH_BYTES = 32, CALLS_MAX = 600, PROCESS_OPTIONS = 7 };

struct process {
	pid_t pid;
	char path[PATH_BYTES];
	int children;
	int counts[CALLS_MAX];
	uint64_t call; /* the one that it is in */
	bool in_call;  /* between entry and exit */
	bool foreign;  /* executed a program that is none of nsexec's */
	bool ours;     /* this exit is the one to change */
	bool waits;    /* stopped before we knew of it */
	bool known;
	bool begun; /* what the fork of this program does before it executes the command does not count */
};

static struct process processes[PROCESSES_MAX];
static size_t process_count;
static FILE *out;
static const char *mode;
static const char *wanted_path;
static uint64_t wanted_call;
static int wanted_occurrence;
static int wanted_errno;
static bool hit;

static void die(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(99);
}

static struct process *find(pid_t pid)
{
	for (size_t i = 0; i < process_count; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	if (process_count == PROCESSES_MAX)
		exit(99);
	processes[process_count].pid = pid;
	return &processes[process_count++];
}

/* No system call is number -1: the kernel returns ENOSYS, and set_result() changes that. */
static void skip_call(pid_t pid)
{
#if defined(__x86_64__)
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov) < 0)
		return;
	regs.orig_rax = (unsigned long)-1;
	(void)ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
#else
	int none = -1;
	struct iovec iov = { &none, sizeof(none) };

	(void)ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &iov);
#endif
}

static void set_result(pid_t pid, long value)
{
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov) < 0)
		return;
#if defined(__x86_64__)
	regs.rax = (unsigned long)value;
#else
	regs.regs[0] = (unsigned long)value;
#endif
	(void)ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
}

static bool is_wanted(struct process *p)
{
	return !hit && strcmp(mode, "list") != 0 && p->call == wanted_call &&
	       strcmp(p->path, wanted_path) == 0 && p->counts[p->call] == wanted_occurrence;
}

static void entry(struct process *p)
{
	if (p->call < CALLS_MAX)
		p->counts[p->call]++;
	if (p->call >= CALLS_MAX || !is_wanted(p))
		return;
	p->ours = true;
	if (strcmp(mode, "error") == 0)
		skip_call(p->pid);
	if (strcmp(mode, "kill") == 0) {
		hit = true;
		(void)kill(p->pid, SIGKILL);
	}
}

static void leave(struct process *p, int64_t result)
{
	if (strcmp(mode, "list") == 0)
		fprintf(out, "call %s %llu %lld\n", p->path, (unsigned long long)p->call,
			(long long)result);
	if (!p->ours)
		return;
	p->ours = false;
	hit = true;
	if (strcmp(mode, "killed") == 0)
		(void)kill(p->pid, SIGKILL);
	else
		set_result(p->pid, -wanted_errno);
}

static void syscall_stop(struct process *p)
{
	struct __ptrace_syscall_info info;

	if (!p->begun || ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof(info), &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		p->call = info.entry.nr;
		p->in_call = true;
		entry(p);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && p->in_call) {
		p->in_call = false;
		leave(p, info.exit.rval);
	}
}

static void go_on(struct process *p, int sig)
{
	bool quiet = p->foreign || (hit && !p->ours);

	(void)ptrace(quiet ? PTRACE_CONT : PTRACE_SYSCALL, p->pid, NULL, (void *)(long)sig);
}

static void new_child(struct process *parent)
{
	unsigned long pid;

	if (ptrace(PTRACE_GETEVENTMSG, parent->pid, NULL, &pid) < 0)
		return;
	struct process *child = find((pid_t)pid);

	(void)snprintf(child->path, sizeof(child->path), "%.24s.%d", parent->path,
		       parent->children++);
	child->foreign = parent->foreign;
	child->known = true;
	child->begun = true;
	fprintf(out, "process %s %d\n", child->path, child->pid);
	if (child->waits)
		go_on(child, 0);
}

static void stopped(struct process *p, int status)
{
	int sig = WSTOPSIG(status);
	int event = status >> 16;

	if (sig == (SIGTRAP | 0x80)) {
		syscall_stop(p);
		sig = 0;
	} else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
		   event == PTRACE_EVENT_CLONE) {
		new_child(p);
		sig = 0;
	} else if (event == PTRACE_EVENT_EXEC) {
		p->begun = true;
		if (p->call == SYS_execve && strcmp(p->path, "0") != 0) {
			leave(p, 0);
			p->foreign = true;
			fprintf(out, "foreign %s\n", p->path);
		}
		sig = 0;
	} else if (event == PTRACE_EVENT_STOP) {
		if (sig == SIGTRAP) {
			sig = 0;
		} else { /* stopped by a signal: stays so */
			(void)ptrace(PTRACE_LISTEN, p->pid, NULL, NULL);
			return;
		}
	}
	if (!p->known) {
		p->waits = true;
		return;
	}
	go_on(p, sig);
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whose maker was killed in that moment: nobody will say who it is. */
static void adopt(void)
{
	for (size_t i = 0; i < process_count; i++)
		if (processes[i].pid != 0 && !processes[i].known && processes[i].waits) {
			(void)strcpy(processes[i].path, "?");
			processes[i].known = true;
			processes[i].foreign = true;
			go_on(&processes[i], 0);
		}
}

/* Until no tracee is left, or a second after the command has ended. */
static int trace(pid_t command)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	sigset_t child;
	int64_t end = INT64_MAX;
	int result = 99;

	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL | WNOHANG);

		if (pid < 0)
			return result;
		if (pid == 0) {
			if (now_ms() >= end)
				return result;
			if (sigtimedwait(&child, NULL, &pause) < 0)
				adopt();
			continue;
		}
		if (WIFSTOPPED(status)) {
			stopped(find(pid), status);
			continue;
		}
		find(pid)->pid = 0;
		if (pid == command) {
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			end = now_ms() + 1000;
			fprintf(out, "end %d\n", result);
			(void)fflush(out);
		}
	}
}

int main(int argc, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	sigset_t set;
	sigset_t before;
	int ready[2];
	char byte;

	if (argc <= PROCESS_OPTIONS)
		return 99;
	out = fopen(argv[1], "we");
	if (out == NULL)
		die(argv[1]);
	mode = argv[2];
	wanted_path = argv[3];
	wanted_call = strtoull(argv[4], NULL, 10);
	wanted_occurrence = atoi(argv[5]);
	wanted_errno = atoi(argv[6]);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, &before);
	if (pipe(ready) < 0)
		die("pipe");

	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		(void)close(ready[1]);
		(void)!read(ready[0], &byte, 1); /* until we are traced */
		(void)close(ready[0]);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		execvp(argv[PROCESS_OPTIONS], argv + PROCESS_OPTIONS);
		die(argv[PROCESS_OPTIONS]);
	}
	struct process *first = find(pid);

	(void)strcpy(first->path, "0");
	first->known = true;
	fprintf(out, "process 0 %d\n", pid);
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) < 0)
		die("PTRACE_SEIZE");
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
		die("PTRACE_INTERRUPT");
	(void)close(ready[0]);
	(void)close(ready[1]);

	int result = trace(pid);

	if (hit)
		fprintf(out, "hit\n");
	for (size_t i = 0; i < process_count; i++)
		if (processes[i].pid != 0)
			fprintf(out, "left %s %d\n", processes[i].path, processes[i].pid);
	(void)fclose(out);
	return result;
}
