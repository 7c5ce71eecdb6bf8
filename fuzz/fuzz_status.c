/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what is read of a target: status, uid_map, gid_map, setgroups and stat of a directory like /proc/PID, separated by
 * NUL in the input.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"
#include "lib/context.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char *const files[] = { "status", "uid_map", "gid_map", "setgroups", "stat" };
enum { FILES = 5 };
static char directory[] = "/tmp/nsexec-fuzz-XXXXXX";
static int dir_fd = -1;
static int fds[FILES];

static void clean_up(void)
{
	for (size_t i = 0; i < FILES; i++)
		(void)unlinkat(dir_fd, files[i], 0);
	(void)rmdir(directory);
}

static void open_files(void)
{
	if (mkdtemp(directory) == NULL)
		abort();
	dir_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)atexit(clean_up);
	for (size_t i = 0; i < FILES; i++) {
		fds[i] = openat(dir_fd, files[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fds[i] < 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct nsx_spec spec;
	static struct nsx_room room;
	static struct nsx_run run;
	struct nsx_err err = { 0 };
	uint64_t start = 7;
	int r;

	if (dir_fd < 0)
		open_files();
	for (size_t i = 0; i < FILES; i++) {
		const uint8_t *end = size > 0 ? memchr(bytes, 0, size) : NULL;
		size_t len = end != NULL && i < FILES - 1 ? (size_t)(end - bytes) : size;

		if (ftruncate(fds[i], 0) < 0 || pwrite(fds[i], bytes, len, 0) != (ssize_t)len)
			abort();
		bytes += len;
		size -= len;
		if (size > 0) {
			bytes++;
			size--;
		}
	}

	memset(&spec, 0, sizeof(spec));
	spec.context = NSEXEC_CONTEXT_ALL;
	nsx_run_init(&run, &spec, &room);
	run.join = NSEXEC_NS_USER;
	run.target.proc_fd = dir_fd;
	r = nsx_context_status(&run, &err);
	if (r > 0 || (r < 0 && err.code != r) || run.target.group_count > NSX_GROUPS_SHOWN_MAX)
		abort();
	if (nsx_proc_start_time(dir_fd, &start, NULL) < 0 && start != 7)
		abort();
	return 0;
}
