/* SPDX-License-Identifier: Apache-2.0 */
/* run.c owns the way from a plan to an exit status. */
#include "cli/run.h"

#include <errno.h>
#include <fcntl.h>
#include <nsexec/process.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/early.h"
#include "cli/supervise.h"
#include "cli/terminal.h"

void run_sweep(void)
{
	registry_each(NULL, NULL, REGISTRY_SOME);
	nsexec_sweep();
}

void run_terminal_size(uint16_t *ret_rows, uint16_t *ret_columns)
{
	terminal_size(ret_rows, ret_columns);
}

static void print_step(void *data, const char *role, const char *step, const char *reason)
{
	(void)data;
	printf("%-8s %-15s %s\n", role, step, reason);
}

int run_explain(struct nsexec_plan *plan, struct nsx_err *err)
{
	return nsexec_explain(plan, print_step, NULL, err);
}

/* A number in a temporary file that is renamed, so that nobody reads half of it. */
struct pid_file {
	const char *path;
	char *temporary; /* NULL when there is none */
	int fd;
};

static void forget_temporary(struct pid_file *file)
{
	int saved = errno;

	free(file->temporary);
	file->temporary = NULL;
	errno = saved;
}

/* Before anything is started: whether it can be written is found out by opening it. */
static int open_pid_file(struct pid_file *file, const char *path, struct nsx_err *err)
{
	size_t bytes = strlen(path) + sizeof(".nsexec-2147483647");
	char *text = calloc(1, bytes);
	struct nsx_str name = NSX_STR(text, bytes);

	file->path = path;
	file->temporary = text;
	if (text == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", path, NSX_HINT_NONE);
	nsx_str_add(&name, path);
	nsx_str_add(&name, ".nsexec-");
	nsx_str_add_i64(&name, getpid());
	file->fd = openat(AT_FDCWD, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (file->fd >= 0)
		return 0;
	forget_temporary(file);
	return nsx_err_sys(err, "open", path);
}

static void drop_pid_file(struct pid_file *file)
{
	nsx_close_fd(&file->fd);
	if (file->temporary != NULL)
		(void)unlink(file->temporary);
	forget_temporary(file);
}

static int write_pid_file(struct pid_file *file, pid_t pid, struct nsx_err *err)
{
	char text[16];
	struct nsx_str out = NSX_STR(text, sizeof(text));
	int r;

	nsx_str_add_i64(&out, pid);
	nsx_str_add(&out, "\n");
	r = nsx_file_write_all(file->fd, text, out.used);
	if (r >= 0 && rename(file->temporary, file->path) < 0)
		r = -errno;
	if (r >= 0)
		forget_temporary(file);
	return r < 0 ? nsx_err_set(err, r, "write", file->path, NSX_HINT_NONE) : 0;
}

static int name_step(struct nsx_err *err, const char *step, int r)
{
	if (r < 0 && err->step[0] == '\0')
		(void)nsx_str_copy(err->step, sizeof(err->step), step);
	return r;
}

/* The keeper may have removed the name already, or in the middle of our writing, if the program has ended meanwhile. */
static int publish_name(struct registry_entry *entry, struct nsexec_process *process,
			struct nsx_err *err)
{
	struct nsexec_status status;
	int r;

	entry->pid = nsexec_process_pid(process);
	entry->start = nsx_proc_start_of(entry->pid);
	r = registry_update(entry, err);
	if (nsexec_process_try_wait(process, &status, NULL) == 0) {
		registry_release_own(entry);
		if (r < 0)
			*err = (struct nsx_err){ 0 };
		return 0;
	}
	return name_step(err, "register", r);
}

/* Make known what was started; if that fails, the process must not go on unknown. */
static int publish(const struct run_options *options, struct pid_file *file,
		   struct nsexec_process *process, struct nsx_err *err)
{
	int r = 0;

	if (options->entry != NULL)
		r = publish_name(options->entry, process, err);
	if (r >= 0 && options->pid_file != NULL)
		r = name_step(err, "pid-file",
			      write_pid_file(file, nsexec_process_pid(process), err));
	if (r < 0) {
		struct nsexec_status status;

		(void)nsexec_process_kill(process, SIGKILL, NULL);
		(void)nsexec_process_wait(process, -1, &status, NULL);
	}
	return r;
}

static int prepare(const struct run_options *options, struct pid_file *file, int *null_fd,
		   struct nsx_err *err)
{
	if (options->pid_file != NULL && open_pid_file(file, options->pid_file, err) < 0)
		return name_step(err, "pid-file", err->code);
	if (options->detach) {
		*null_fd = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
		if (*null_fd < 0)
			return nsx_err_sys(err, "open", "/dev/null");
		/* already mapped by --fd N=0: then that is what was asked for */
		(void)nsexec_plan_add_fd(options->plan, *null_fd, 0, NULL);
		return 0;
	}
	if (options->die_with_parent) {
		pid_t parent = getppid();

		if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
			return nsx_err_sys(err, "prctl(PR_SET_PDEATHSIG)", NULL);
		if (getppid() != parent)
			return nsx_err_set(err, -ECANCELED, "check-parent", "parent",
					   NSX_HINT_NONE);
	}
	return nsexec_plan_set_pdeathsig(options->plan, SIGKILL, err);
}

/* A closed 0, 1 or 2 would be the number of the next descriptor that we open, and the program would take that for its own. */
static int open_stdio(struct nsx_err *err)
{
	struct pollfd fds[3] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	if (poll(fds, 3, 0) <= 0)
		return 0;
	for (int i = 0; i < 3; i++)
		if ((fds[i].revents & POLLNVAL) != 0 && openat(AT_FDCWD, "/dev/null", O_RDWR) < 0)
			return nsx_err_sys(err, "open", "/dev/null");
	return 0;
}

int run_plan(const struct run_options *options, int *ret_status, struct nsx_err *err)
{
	struct nsexec_spawn_args args = { .size = sizeof(args),
					  .flags = NSEXEC_SPAWN_FORK_SELF |
						   NSEXEC_SPAWN_SHARE_SELF |
						   (early_protected ? NSEXEC_SPAWN_PROTECTED : 0),
					  .event = output_event,
					  .data = options->output };
	auto_close int null_fd = -EBADF;
	struct nsexec_process *process = NULL;
	struct supervise_signals signals = { .fd = -EBADF };
	struct pid_file file = { .fd = -EBADF };
	int r = name_step(err, "start", open_stdio(err));

	if (r >= 0)
		r = prepare(options, &file, &null_fd, err);

	/* until the program may run ^C ends nsexec, and everything with it; then the program has a say */
	if (r >= 0 && !options->detach) {
		r = name_step(err, "start", supervise_signals(&signals, err));
		args.cancel_fd = signals.fd + 1;
	}
	if (r >= 0)
		r = nsexec_spawn(options->plan, &args, &process, err);
	if (r >= 0) {
		output_log(options->output, "Creation finished");
		r = publish(options, &file, process, err);
	}
	drop_pid_file(&file);
	/* ended before it began: by the signal, not by what that has caused */
	if ((r == -EINTR || r == -ECANCELED) && supervise_has_signal(&signals)) {
		if (options->entry != NULL)
			registry_release_own(options->entry);
		supervise_die(&signals);
	}
	if (r < 0) {
		process = nsexec_process_free(process);
		return r;
	}
	*ret_status = 0;
	if (!options->detach) {
		output_log(options->output, "Waiting for child (pid %d) to finish",
			   nsexec_process_pid(process));
		*ret_status = supervise(process, options->output, &signals, options->first);
		if (options->entry != NULL)
			registry_release_own(options->entry);
		if (*ret_status < 0) {
			if (options->pid_file != NULL)
				(void)unlink(options->pid_file);
			*ret_status = EXIT_OURS;
		}
		output_log(options->output, "Finished, cleaning & exit");
		output_log(options->output, "Cleaning container");
		output_log(options->output,
			   *ret_status == 0 ? "Exit without any error, returning %d" :
					      "Exit, returning %d",
			   *ret_status);
	}
	/*
	 * Nothing is left to do: the kernel takes memory and descriptors back faster than we could give them. In a function
	 * of its own `exit` would be hidden; here it stands beside the status that it passes on.
	 */
	exit(*ret_status);
}
