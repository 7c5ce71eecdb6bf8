/* SPDX-License-Identifier: Apache-2.0 */
/* remove.c owns the removal of what a process leaves: shared by the keeper and its substitute. */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "lib/keeper.h"

bool nsx_keeper_remove(const char *path)
{
	struct timespec pause = { .tv_nsec = 1000000 };

	/* a cgroup stays busy for a moment after its last process has ended */
	for (int tries = 0; tries < 100; tries++) {
		if (unlink(path) == 0 || errno == ENOENT)
			return true;
		if (errno != EISDIR && errno != EPERM && errno != EBUSY)
			return false;
		if (rmdir(path) == 0 || errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST)
			return true;
		if (errno != EBUSY)
			return false;
		(void)nanosleep(&pause, NULL);
		if (pause.tv_nsec < 20000000)
			pause.tv_nsec *= 2;
	}
	return false;
}
