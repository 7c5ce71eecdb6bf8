/* SPDX-License-Identifier: Apache-2.0 */
/* run.c owns the lifetime of a run. */
#include "lib/run.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/own.h"
#include "base/sys.h"
#include "lib/fds.h"

void nsx_run_init(struct nsx_run *run, const struct nsx_spec *spec, struct nsx_room *room)
{
	memset(run, 0, sizeof(*run));
	run->room = room;
	run->target.groups = room != NULL ? room->groups : NULL;
	run->spec = spec;
	run->role = "starter";
	run->status_fd = -EBADF;
	run->ask_fd = -EBADF;
	run->image_fd = -EBADF;
	run->self_ns_fd = -EBADF;
	run->target.pidfd = -EBADF;
	run->target.proc_fd = -EBADF;
	run->target.root_fd = -EBADF;
	run->target.cwd_fd = -EBADF;
	run->label_fd = -EBADF;
	run->cgroup_fd = -EBADF;
	run->root_fd = -EBADF;
	run->ptmx_fd = -EBADF;
	run->parent_fd = -EBADF;
	run->cancel_fd = -EBADF;
	for (size_t i = 0; i < 3; i++)
		run->own_mounts[i] = -EBADF;
	for (size_t i = 0; i < NSX_NS_COUNT; i++)
		run->ns_fd[i] = -EBADF;
	for (size_t i = 0; i < NSX_TASKS_MAX; i++)
		run->tasks_fd[i] = -EBADF;
}

void nsx_run_close_later(struct nsx_run *run, int *fd)
{
	if (*fd >= 0 && run->opened_count < NSX_OPENED_MAX)
		run->opened[run->opened_count++] = nsx_take_fd(fd);
	nsx_close_fd(fd);
}

ssize_t nsx_run_read(struct nsx_run *run, int dir, const char *path, char *buf, size_t size,
		     struct nsx_err *err)
{
	int fd = nsx_file_open(dir, path, err);
	ssize_t n = fd < 0 ? fd : nsx_file_read_fd(fd, path, buf, size, err);

	nsx_run_close_later(run, &fd);
	return n;
}

/* Those with numbers one behind the other, which is nearly all of them, in one call. */
static void close_opened(struct nsx_run *run)
{
	int *const fds = run->opened;
	size_t count = run->opened_count;

	nsx_fds_sort(fds, count);
	for (size_t i = 0, next; i < count; i = next) {
		for (next = i + 1; next < count && fds[next] == fds[next - 1] + 1; next++)
			;
		(void)nsx_sys_close_range((unsigned)fds[i], (unsigned)fds[next - 1]);
	}
	run->opened_count = 0;
}

void nsx_run_done(struct nsx_run *run)
{
	nsx_close_fd(&run->ask_fd);
	nsx_close_fd(&run->self_ns_fd);
	nsx_run_close_later(run, &run->target.pidfd);
	nsx_run_close_later(run, &run->target.proc_fd);
	nsx_run_close_later(run, &run->cgroup_fd);
	close_opened(run);
	nsx_close_fd(&run->target.root_fd);
	nsx_close_fd(&run->target.cwd_fd);
	nsx_close_fd(&run->label_fd);
	nsx_close_fd(&run->root_fd);
	nsx_close_fd(&run->ptmx_fd);
	for (size_t i = 0; i < NSX_NS_COUNT; i++)
		nsx_close_fd(&run->ns_fd[i]);
	for (size_t i = 0; i < run->tasks_count; i++)
		nsx_close_fd(&run->tasks_fd[i]);
	free(run->filters.owned);
	free(run->label);
	free(run->bind_fds);
	free(run->argv);
	free(run->envp);
	free(run->env_text);
	run->filters.owned = NULL;
	run->label = NULL;
	run->bind_fds = NULL;
	run->argv = NULL;
	run->envp = NULL;
	run->env_text = NULL;
}
