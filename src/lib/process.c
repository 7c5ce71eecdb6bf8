/* SPDX-License-Identifier: Apache-2.0 */
/* process.c owns the process handle. */
#include <nsexec/process.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/own.h"
#include "base/proc.h"
#include "base/sys.h"
#include "lib/keeper.h"
#include "lib/place.h"
#include "lib/process_internal.h"

pid_t nsexec_process_pid(const struct nsexec_process *process)
{
	return process->pid;
}

int nsexec_process_pidfd(const struct nsexec_process *process)
{
	return process->pidfd;
}

int nsexec_process_tty(const struct nsexec_process *process)
{
	return process->tty_fd;
}

static void store(struct nsexec_process *process, struct nsexec_status status)
{
	process->waited = true;
	process->status = status;
	if (process->cleanup != NULL)
		nsx_keeper_finish(process->cleanup, process->keeper_fd);
}

/*
 * It has ended, but is not ours to reap: a process of the container traces it and does not let it go. How it ended is
 * in field 52 of /proc/PID/stat, for those who may know.
 */
static int read_held(struct nsexec_process *process, struct nsx_err *err)
{
	int code;
	int r = nsx_proc_exit_code(process->pid, &code, err);

	if (r < 0)
		return r;
	store(process,
	      (struct nsexec_status){ .exited = WIFEXITED(code),
				      .code = WIFEXITED(code) ? WEXITSTATUS(code) : WTERMSIG(code),
				      .core = WCOREDUMP(code) ? 1 : 0 });
	return 1;
}

/* Reap it if it has ended. Returns 1 if it has, 0 if not. */
static int reap(struct nsexec_process *process, struct nsx_err *err)
{
	siginfo_t info = { 0 };

	while (waitid((idtype_t)P_PIDFD, (id_t)process->pidfd, &info, WEXITED | __WALL | WNOHANG) <
	       0)
		if (errno != EINTR)
			return nsx_err_sys(err, "waitid", "process");
	if (info.si_pid == 0)
		return 0;
	store(process, (struct nsexec_status){ .exited = info.si_code == CLD_EXITED,
					       .code = info.si_status,
					       .core = info.si_code == CLD_DUMPED });
	return 1;
}

/* Ask without waiting for its end. Returns 1 if it has ended, 0 if not. */
static int ask(struct nsexec_process *process, struct nsx_err *err)
{
	struct pollfd end = { .fd = process->pidfd, .events = POLLIN };
	struct timespec pause = { .tv_nsec = 1000000 };
	int r;

	if (process->waited)
		return 1;
	r = reap(process, err);
	if (r != 0 || poll(&end, 1, 0) <= 0)
		return r;

	/* it has ended: just now, or somebody traces it, who mostly lets it go at once */
	for (int tries = 0; tries < 50; tries++) {
		r = reap(process, err);
		if (r != 0)
			return r;
		(void)nanosleep(&pause, NULL);
	}
	return read_held(process, err);
}

int nsexec_process_try_wait(struct nsexec_process *process, struct nsexec_status *ret_status,
			    struct nsexec_err *err)
{
	int r = ask(process, err);

	if (r < 0)
		return r;
	if (r == 0)
		return nsx_err_set(err, -ETIMEDOUT, "waitid", "process", NSX_HINT_NONE);
	*ret_status = process->status;
	return 0;
}

int nsexec_process_wait(struct nsexec_process *process, int timeout_ms,
			struct nsexec_status *ret_status, struct nsexec_err *err)
{
	struct pollfd end = { .fd = process->pidfd, .events = POLLIN };
	int r;

	if (!process->waited) {
		while ((r = poll(&end, 1, timeout_ms)) < 0 && timeout_ms < 0 && errno == EINTR)
			;
		if (r < 0)
			return nsx_err_sys(err, "poll", "process");
		if (r == 0)
			return nsx_err_set(err, -ETIMEDOUT, "poll", "process", NSX_HINT_NONE);
	}
	return nsexec_process_try_wait(process, ret_status, err);
}

int nsexec_process_kill(struct nsexec_process *process, int sig, struct nsexec_err *err)
{
	if (nsx_sys_pidfd_send_signal(process->pidfd, sig) < 0)
		return nsx_err_sys(err, "pidfd_send_signal", "process");
	return 0;
}

int nsexec_process_resize(struct nsexec_process *process, uint16_t rows, uint16_t columns,
			  struct nsexec_err *err)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	if (process->tty_fd < 0)
		return nsx_err_set(err, -ENOTTY, "resize", "process", NSX_HINT_NONE);
	if (ioctl(process->tty_fd, TIOCSWINSZ, &size) < 0)
		return nsx_err_sys(err, "ioctl(TIOCSWINSZ)", "terminal");
	return 0;
}

struct nsexec_process *nsexec_process_free(struct nsexec_process *process)
{
	if (process == NULL)
		return NULL;

	(void)ask(process, NULL);
	if (process->shared != NULL)
		(void)munmap(process->shared, process->shared_bytes);
	nsx_close_fd(&process->pidfd);
	nsx_close_fd(&process->tty_fd);
	nsx_close_fd(&process->keeper_fd);
	nsx_close_fd(&process->status_fd);
	free(process->cleanup);
	if (process->place != NULL)
		nsx_place_unmap(process->place);
	else
		free(process);
	return NULL;
}
