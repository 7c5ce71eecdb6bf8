/* SPDX-License-Identifier: Apache-2.0 */
/* proc.c owns the identity of processes by number and start time. */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/num.h"
#include "base/own.h"
#include "base/str.h"

/* Field 2 is the name in brackets and may hold anything: count from the last bracket, which ends it. */
static int parse_stat(char *text, char *ret_state, uint64_t *ret_start)
{
	const char *p = strrchr(text, ')');

	if (p == NULL || p[1] == '\0')
		return -EPROTO;
	*ret_state = p[2];
	for (int field = 2; p != NULL && field < 22; field++) {
		p = strchr(p, ' ');
		if (p != NULL)
			p++;
	}
	return p == NULL ? -EPROTO : nsx_num_scan_u64(&p, ret_start);
}

int nsx_proc_start_time(int proc_fd, uint64_t *ret_start, struct nsx_err *err)
{
	char text[1024];
	char state;
	ssize_t n = nsx_file_read(proc_fd, "stat", text, sizeof(text), err);

	if (n < 0)
		return (int)n;
	if (parse_stat(text, &state, ret_start) < 0)
		return nsx_err_set(err, -EPROTO, "parse-stat", "stat", NSX_HINT_NONE);
	return 0;
}

static bool read_stat(pid_t pid, char *ret_state, uint64_t *ret_start)
{
	char path[40];
	char text[1024];
	struct nsx_str out = NSX_STR(path, sizeof(path));

	nsx_str_add(&out, "/proc/");
	nsx_str_add_i64(&out, pid);
	nsx_str_add(&out, "/stat");
	return nsx_file_read(AT_FDCWD, path, text, sizeof(text), NULL) > 0 &&
	       parse_stat(text, ret_state, ret_start) == 0;
}

bool nsx_proc_is(pid_t pid, uint64_t start)
{
	uint64_t now = 0;
	char state;

	return read_stat(pid, &state, &now) && now == start && state != 'Z' && state != 'X';
}

uint64_t nsx_proc_start_of(pid_t pid)
{
	uint64_t start = 0;
	char state;

	return read_stat(pid, &state, &start) ? start : 0;
}
