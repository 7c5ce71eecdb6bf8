/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NSX_LIB_PROCESS_INTERNAL_H
#define NSX_LIB_PROCESS_INTERNAL_H

#include "nsexec_process.h"
#include <stdbool.h>
#include <stddef.h>

struct nsexec_process {
	pid_t pid;
	int pidfd;
	int tty_fd;
	bool waited;
	struct nsx_place *place; /* this is a part of it; or NULL */
	void *shared;            /* of the spawn, given back with the handle */
	size_t shared_bytes;
	struct nsexec_status status;
	int status_fd; /* of the spawn; closed with the handle */
	int keeper_fd; /* see nsx_keeper_finish() */
	char *cleanup; /* paths to remove, NUL-terminated each, one empty at the end; or NULL */
};

#endif
