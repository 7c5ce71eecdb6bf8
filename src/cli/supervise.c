/* SPDX-License-Identifier: Apache-2.0 */
/* supervise.c owns the parent in the foreground. */
#include "cli/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "cli/run.h"
#include "cli/terminal.h"

struct supervisor {
	struct nsexec_process *process;
	struct terminal terminal;
	bool first;
	int killed_by; /* signal that we had to deliver as SIGKILL */
};

/* Has the process a say in this signal: does it catch, ignore or block it? */
static bool has_say(pid_t pid, int sig)
{
	static const char *const masks[] = { "\nSigBlk:\t", "\nSigIgn:\t", "\nSigCgt:\t" };
	char path[40];
	char text[8192];
	struct nsx_str out = NSX_STR(path, sizeof(path));

	nsx_str_add(&out, "/proc/");
	nsx_str_add_i64(&out, pid);
	nsx_str_add(&out, "/status");
	if (nsx_file_read(AT_FDCWD, path, text, sizeof(text), NULL) < 0)
		return true;
	for (size_t i = 0; i < NSX_ARRAY_SIZE(masks); i++) {
		const char *p = strstr(text, masks[i]);
		uint64_t mask = 0;

		for (p = p == NULL ? "" : p + strlen(masks[i]); *p != '\0' && *p != '\n'; p++)
			mask = mask << 4 | (uint64_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
		if ((mask & 1ULL << (sig - 1)) != 0)
			return true;
	}
	return false;
}

/*
 * The first process of a pid namespace does not get signals that it has no handler for: what would have ended it in any
 * other place has to be SIGKILL here, or ^C would do nothing.
 */
static void forward(struct supervisor *s, int sig)
{
	if (s->first && !has_say(nsexec_process_pid(s->process), sig)) {
		s->killed_by = sig;
		sig = SIGKILL;
	}
	(void)nsexec_process_kill(s->process, sig, NULL);
}

/* Stop with the program, and go on with it. */
static void suspend(struct supervisor *s)
{
	(void)nsexec_process_kill(s->process, SIGSTOP, NULL);
	(void)kill(getpid(), SIGSTOP);
	(void)nsexec_process_kill(s->process, SIGCONT, NULL);
}

static void handle(struct supervisor *s, int sig)
{
	if (sig == SIGWINCH)
		terminal_resize(&s->terminal);
	else if (sig == SIGTSTP)
		suspend(s);
	else
		forward(s, sig);
}

static void handle_signal(struct supervisor *s, int signal_fd)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		handle(s, (int)info.ssi_signo);
}

int supervise_signals(struct supervise_signals *signals, struct nsx_err *err)
{
	static const int handled[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP };

	(void)sigemptyset(&signals->set);
	for (size_t i = 0; i < NSX_ARRAY_SIZE(handled); i++)
		(void)sigaddset(&signals->set, handled[i]);
	(void)sigprocmask(SIG_BLOCK, &signals->set, &signals->before);
	signals->fd = signalfd(-1, &signals->set, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals->fd < 0 ? nsx_err_sys(err, "signalfd4", NULL) : 0;
}

bool supervise_has_signal(const struct supervise_signals *signals)
{
	struct pollfd fd = { .fd = signals->fd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0 && fd.revents == POLLIN;
}

void supervise_die(const struct supervise_signals *signals)
{
	struct signalfd_siginfo info;

	if (read(signals->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	(void)signal((int)info.ssi_signo, SIG_DFL);
	(void)raise((int)info.ssi_signo);
	(void)sigprocmask(SIG_SETMASK, &signals->before, NULL);
}

/* The size of the terminal matters only to a program that has one. */
static void add_resize(struct supervise_signals *signals)
{
	(void)sigaddset(&signals->set, SIGWINCH);
	(void)sigprocmask(SIG_BLOCK, &signals->set, NULL);
	(void)signalfd(signals->fd, &signals->set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void loop(struct supervisor *s, int signal_fd)
{
	struct terminal *t = &s->terminal;
	int timeout_ms = 200;

	for (;;) {
		struct pollfd fds[4] = {
			{ .fd = nsexec_process_pidfd(s->process), .events = POLLIN },
			{ .fd = signal_fd, .events = POLLIN },
			{ .fd = t->master, .events = POLLIN },
			{ .fd = t->master >= 0 && !t->input_done ? STDIN_FILENO : -1,
			  .events = POLLIN },
		};

		int r = poll(fds, 4, timeout_ms);

		if (r < 0 && errno != EINTR)
			return;
		if (r == 0) {
			run_sweep(); /* a program that takes its time leaves us some */
			timeout_ms = -1;
		}
		if (fds[1].revents != 0)
			handle_signal(s, signal_fd);
		if (fds[2].revents != 0)
			(void)terminal_output(t);
		if (fds[3].revents != 0)
			terminal_input(t);
		if (fds[0].revents != 0)
			return;
	}
}

/* What the program wrote last is still in the terminal's buffer. */
static void drain(struct terminal *t)
{
	struct pollfd fd = { .events = POLLIN };

	while ((fd.fd = t->master) >= 0 && poll(&fd, 1, 0) > 0 && (fd.revents & POLLIN) != 0 &&
	       terminal_output(t))
		;
}

int supervise(struct nsexec_process *process, const struct output *output,
	      struct supervise_signals *signals, bool first)
{
	struct supervisor s = { .process = process, .first = first, .terminal.master = -EBADF };
	struct nsexec_status status;
	struct nsexec_err err = { 0 };
	int r;

	if (nsexec_process_tty(process) >= 0)
		add_resize(signals);
	terminal_open(&s.terminal, process);
	loop(&s, signals->fd);
	drain(&s.terminal);
	terminal_close(&s.terminal);
	r = nsexec_process_try_wait(process, &status, &err);
	if (r == -ETIMEDOUT) /* poll() failed, which ended the loop */
		r = nsexec_process_wait(process, -1, &status, &err);
	if (r < 0) {
		(void)nsx_str_copy(err.step, sizeof(err.step), "wait");
		(void)output_error(output, &err);
		return -1;
	}
	if (status.exited)
		return status.code;
	return EXIT_SIGNAL +
	       (s.killed_by != 0 && status.code == SIGKILL ? s.killed_by : status.code);
}
