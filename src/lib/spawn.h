/* SPDX-License-Identifier: Apache-2.0 */
/* The parent of a spawn: what it holds, and how it listens to the roles. */
#ifndef NSX_LIB_SPAWN_H
#define NSX_LIB_SPAWN_H

#include <nsexec/process.h>

#include "lib/plan_internal.h"
#include "lib/step.h"

/* What one spawn holds in the parent. */
struct nsx_spawn {
	struct nsexec_plan *plan;
	struct nsx_spec *spec;
	struct nsx_page *page;
	struct nsx_place *place; /* of the starter, if that is this process; the page may be in it */
	void *shared; /* else, and also if children have a memory of their own, it is in this */
	size_t shared_bytes;
	int memory_fd;
	int status_fd; /* our end */
	int child_fd;  /* the children's end */
	int tty_fd;
	pid_t engine_pid;
	int pidfd;        /* of the final process, once it was ready */
	unsigned seen[8]; /* messages, by row of the request table */
	struct nsx_err reported;
	bool ready;
	bool gave_up;    /* we did, not they */
	bool stdio_open; /* 0, 1 and 2 are */
	struct nsexec_spawn_args args;
};

/**
 * nsx_tell() - Report an event to the caller
 * @spawn: the spawn
 * @type:  NSEXEC_EVENT_*
 * @pid:   the process, or 0
 * @role:  who tells it
 * @text:  what
 */
void nsx_tell(const struct nsx_spawn *spawn, uint32_t type, pid_t pid, const char *role,
	      const char *text);

/**
 * nsx_last_pid() - The newest process of a spawn: the program's, if all went well
 * @page: the page
 *
 * Return: its pid, 0 if none was made.
 */
pid_t nsx_last_pid(const struct nsx_page *page);

/**
 * nsx_listen() - Receive until the program was executed, or the processes have ended
 * @spawn: the spawn
 * @err:   what a role reported, unless something is recorded already
 */
void nsx_listen(struct nsx_spawn *spawn, struct nsx_err *err);

#endif
