/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.c owns the user's terminal. */
#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "base/sys.h"

void terminal_size(uint16_t *ret_rows, uint16_t *ret_columns)
{
	struct winsize size = { 0 };

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*ret_rows = size.ws_row;
	*ret_columns = size.ws_col;
}

/* Wait for the end of the parent; if it did not say that all is well, it was killed with the terminal in raw mode. */
_Noreturn static void guard(int fd, const struct termios *before)
{
	char byte;
	ssize_t n;

	(void)signal(SIGTTOU, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)nsx_sys_close_range(1, (unsigned)fd - 1);
	(void)nsx_sys_close_range((unsigned)fd + 1, ~0U);
	while ((n = read(fd, &byte, 1)) < 0 && errno == EINTR)
		;
	if (n == 0)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, before);
	_exit(0);
}

void terminal_open(struct terminal *terminal, struct nsexec_process *process)
{
	struct termios raw;
	int pipe_fds[2];
	pid_t pid;

	(void)signal(
		SIGPIPE,
		SIG_IGN); /* the program has its own; a closed stdout or a killed guard is no end for us */
	terminal->process = process;
	terminal->master = nsexec_process_tty(process);
	terminal->raw = false;
	terminal->input_done = false;
	terminal->mid_line = false;
	terminal->guard_fd = -EBADF;
	if (terminal->master < 0 || tcgetattr(STDIN_FILENO, &terminal->before) < 0)
		return;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		/* in another process group, so that it does not go with us when a whole job is killed */
		(void)setpgid(0, 0);
		guard(pipe_fds[0], &terminal->before);
	}
	if (pid > 0)
		(void)setpgid(pid, pid); /* both, or it could still be too late in one of them */
	(void)close(pipe_fds[0]);
	terminal->guard_fd = pipe_fds[1];

	raw = terminal->before;
	cfmakeraw(&raw);
	terminal->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
	terminal_resize(terminal);
}

void terminal_resize(const struct terminal *terminal)
{
	uint16_t rows;
	uint16_t columns;

	terminal_size(&rows, &columns);
	if (terminal->master >= 0 && rows != 0)
		(void)nsexec_process_resize(terminal->process, rows, columns, NULL);
}

void terminal_input(struct terminal *terminal)
{
	char buf[4096];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n > 0) {
		(void)nsx_file_write_all(terminal->master, buf, (size_t)n);
		terminal->mid_line = buf[n - 1] != '\n';
		return;
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	terminal->input_done = true;
	/* end of file, as the line discipline has it; in the middle of a line the first one only sends that off */
	(void)nsx_file_write_all(terminal->master, "\004\004", terminal->mid_line ? 2 : 1);
}

bool terminal_output(struct terminal *terminal)
{
	char buf[4096];
	ssize_t n = read(terminal->master, buf, sizeof(buf));

	if (n > 0) {
		(void)nsx_file_write_all(STDOUT_FILENO, buf, (size_t)n);
		return true;
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	terminal->master = -EBADF; /* EIO: nobody has the other side open any more */
	return false;
}

void terminal_close(struct terminal *terminal)
{
	if (terminal->raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->before);
	terminal->raw = false;
	if (terminal->guard_fd >= 0) {
		(void)nsx_file_write_all(terminal->guard_fd, "", 1);
		nsx_close_fd(&terminal->guard_fd);
	}
}
