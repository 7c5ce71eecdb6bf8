/* SPDX-License-Identifier: Apache-2.0 */
/* run.c owns the lifetime of a run. */
#include "lib/run.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/sys.h"

void nsx_run_init(struct nsx_run *run, const struct nsx_spec *spec)
{
	memset(run, 0, offsetof(struct nsx_run, scratch));
	run->target.groups = run->group_room;
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
	for (size_t i = 0; i < 3; i++)
		run->own_mounts[i] = -EBADF;
	for (size_t i = 0; i < NSX_NS_COUNT; i++)
		run->ns_fd[i] = -EBADF;
	for (size_t i = 0; i < NSX_TASKS_MAX; i++)
		run->tasks_fd[i] = -EBADF;
}

void nsx_run_done(struct nsx_run *run)
{
	nsx_close_fd(&run->ask_fd);
	nsx_close_fd(&run->self_ns_fd);
	if (run->target.proc_fd >= 0 && run->target.pidfd == run->target.proc_fd + 1) {
		/* on the hot path they are neighbours: one call instead of two */
		(void)nsx_sys_close_range((unsigned)run->target.proc_fd,
					  (unsigned)run->target.pidfd);
		run->target.pidfd = -EBADF;
		run->target.proc_fd = -EBADF;
	}
	nsx_close_fd(&run->target.pidfd);
	nsx_close_fd(&run->target.proc_fd);
	nsx_close_fd(&run->target.root_fd);
	nsx_close_fd(&run->target.cwd_fd);
	nsx_close_fd(&run->label_fd);
	nsx_close_fd(&run->cgroup_fd);
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
