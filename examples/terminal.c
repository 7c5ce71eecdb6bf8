/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shell with a terminal of its own in the container of a process. The terminal is made inside; we pass bytes between it
 * and ours, which is in raw mode meanwhile. (A program for every day also forwards SIGWINCH and SIGTERM.)
 *
 *     gcc -o terminal terminal.c libnsexec.a
 *     ./terminal 4242 sh
 */
#include <nsexec/nsexec.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Returns false at the end. A write may be short: then the rest is written, too. */
static bool copy(int from, int to)
{
	char buf[4096];
	ssize_t n = read(from, buf, sizeof(buf));

	for (ssize_t done = 0, w; done < n; done += w)
		if ((w = write(to, buf + done, (size_t)(n - done))) < 0)
			return false;
	return n > 0;
}

static void session(struct nsexec_process *process)
{
	int master = nsexec_process_tty(process);
	struct pollfd fds[2] = { { .fd = master, .events = POLLIN },
				 { .fd = STDIN_FILENO, .events = POLLIN } };

	for (;;) {
		if (poll(fds, 2, -1) < 0)
			return;
		if (fds[0].revents != 0 && !copy(master, STDOUT_FILENO))
			return; /* EIO: nobody in the container has it open any more */
		if (fds[1].revents != 0 && !copy(STDIN_FILENO, master)) {
			(void)!write(
				master, "\004",
				1); /* our input has ended: end of file, as a terminal has it */
			fds[1].fd = -1;
		}
	}
}

int main(int argc, char **argv)
{
	struct nsexec_plan *plan = nsexec_plan_new();
	struct nsexec_process *process = NULL;
	struct nsexec_status status = { 0 };
	struct nsexec_err err = { 0 };
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	struct termios before;
	struct termios raw;
	char text[NSEXEC_ERR_TEXT_MAX];
	bool is_tty = tcgetattr(STDIN_FILENO, &before) == 0;

	if (plan == NULL || argc < 3 || atoi(argv[1]) <= 0) {
		fprintf(stderr, "usage: terminal PID COMMAND [ARG...]\n");
		return 125;
	}
	(void)ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
	if (nsexec_plan_set_target_pid(plan, atoi(argv[1]), 0, &err) < 0 ||
	    nsexec_plan_set_ns(plan, NSEXEC_NS_ALL, NSEXEC_NS_MODE_TARGET, &err) < 0 ||
	    nsexec_plan_set_context(plan, NSEXEC_CONTEXT_ALL, &err) < 0 ||
	    nsexec_plan_set_argv(plan, argv + 2, &err) < 0 ||
	    nsexec_plan_set_tty(plan, true, size.ws_row, size.ws_col, &err) < 0 ||
	    nsexec_spawn(plan, NULL, &process, &err) < 0) {
		(void)nsexec_err_format(&err, text, sizeof(text));
		fprintf(stderr, "terminal: %s\n", text);
		plan = nsexec_plan_free(plan);
		return 125;
	}
	if (is_tty) {
		raw = before;
		cfmakeraw(&raw);
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
	session(process);
	(void)nsexec_process_wait(process, -1, &status, NULL);
	if (is_tty)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	process = nsexec_process_free(process);
	plan = nsexec_plan_free(plan);
	return status.exited ? status.code : 128 + status.code;
}
