/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold-call NUMBER COMMAND...: run a command whose processes stand still for ever in one system call.
 *
 * Unlike with a tracer, signals work as ever. Prints "child PID" of the command, and "held PID" when the first process
 * stands still; ends when the command does, as it did.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int install(unsigned number)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(rules) / sizeof(rules[0]), rules };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

static _Noreturn void run(char *const argv[])
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)execvp(argv[0], argv);
	_exit(127);
}

int main(int argc, char *argv[])
{
	struct seccomp_notif held = { 0 };
	struct pollfd listener = { .events = POLLIN };
	int status = 0;
	pid_t pid;

	if (argc < 3)
		return 125;
	listener.fd = install((unsigned)strtoul(argv[1], NULL, 10));
	if (listener.fd < 0)
		return 125;
	pid = fork();
	if (pid == 0)
		run(argv + 2);
	printf("child %d\n", (int)pid);
	fflush(stdout);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (poll(&listener, 1, 50) <= 0 ||
		    ioctl(listener.fd, SECCOMP_IOCTL_NOTIF_RECV, &held) < 0)
			continue;
		printf("held %u\n", held.pid);
		fflush(stdout);
		held = (struct seccomp_notif){ 0 };
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
