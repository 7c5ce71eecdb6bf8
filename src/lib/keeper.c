/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.c owns what is removed when a process has ended. */
#include "lib/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/image.h"

int nsx_keeper_list(const struct nsx_spec *spec, const char *cgroup, char **ret_list,
		    struct nsx_err *err)
{
	size_t bytes;
	const char *list = nsx_spec_list(spec, NSX_LIST_CLEANUP, 1, &bytes);
	size_t cgroup_bytes = cgroup[0] != '\0' ? strlen(cgroup) + 1 : 0;
	char *all;

	if (bytes + cgroup_bytes == 0)
		return 0;
	all = calloc(1, bytes + cgroup_bytes + 1);
	if (all == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", "cleanup", NSX_HINT_NONE);
	memcpy(all, cgroup, cgroup_bytes);
	memcpy(all + cgroup_bytes, list, bytes);
	*ret_list = all;
	return 0;
}

int nsx_keeper_start(const char *list, int pidfd, int *cache, struct nsx_err *err)
{
	enum { PATHS_MAX = 64 };
	char *argv[PATHS_MAX + 4];
	char number[16];
	struct nsx_str text = NSX_STR(number, sizeof(number));
	size_t count = 0;
	char done_number[16];
	struct nsx_str done_text = NSX_STR(done_number, sizeof(done_number));
	int done[2];
	pid_t pid;

	if (pipe2(done, O_CLOEXEC) < 0)
		return nsx_err_sys(err, "pipe2", "keeper");

	auto_close int read_end = done[0];
	auto_close int write_end = done[1];
	const int keep[] = { pidfd, write_end };
	struct nsx_image_call call = { .argv = argv, .keep = keep, .count = 2 };

	call.image_fd = nsx_image_open(cache, err);
	if (call.image_fd < 0)
		return call.image_fd;
	nsx_str_add_i64(&text, pidfd);
	nsx_str_add_i64(&done_text, write_end);
	argv[count++] = (char *)"nsexec-keeper";
	argv[count++] = number;
	argv[count++] = done_number;
	for (const char *p = list; *p != '\0' && count < PATHS_MAX + 3; p += strlen(p) + 1)
		argv[count++] = (char *)p;
	argv[count] = NULL;

	pid = nsx_image_spawn(&call, err);
	if (pid < 0)
		return pid;
	/* it forks and ends at once: the keeper itself is nobody's child */
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return nsx_take_fd(&read_end);
}

void nsx_keeper_finish(const char *list, int fd)
{
	char byte;
	ssize_t n;

	while ((n = read(fd, &byte, 1)) < 0 && errno == EINTR)
		;
	if (n == 1)
		return;
	for (const char *p = list; *p != '\0'; p += strlen(p) + 1)
		(void)nsx_keeper_remove(p);
}
