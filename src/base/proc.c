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
static const char *find_field(const char *text, int wanted)
{
	const char *p = strrchr(text, ')');

	for (int field = 2; p != NULL && field < wanted; field++) {
		p = strchr(p, ' ');
		if (p != NULL)
			p++;
	}
	return p;
}

static int parse_stat(const char *text, char *ret_state, uint64_t *ret_start)
{
	const char *state = find_field(text, 3);
	const char *start = find_field(text, 22);

	if (state == NULL || start == NULL)
		return -EPROTO;
	*ret_state = *state;
	return nsx_num_scan_u64(&start, ret_start);
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

static bool read_text(pid_t pid, char *text, size_t size)
{
	char path[40];
	struct nsx_str out = NSX_STR(path, sizeof(path));

	nsx_str_add(&out, "/proc/");
	nsx_str_add_i64(&out, pid);
	nsx_str_add(&out, "/stat");
	return nsx_file_read(AT_FDCWD, path, text, size, NULL) > 0;
}

static bool read_stat(pid_t pid, char *ret_state, uint64_t *ret_start)
{
	char text[1024];

	return read_text(pid, text, sizeof(text)) && parse_stat(text, ret_state, ret_start) == 0;
}

int nsx_proc_exit_code(pid_t pid, int *ret_code, struct nsx_err *err)
{
	char text[1024];
	const char *state;
	const char *code;
	uint64_t value;

	if (!read_text(pid, text, sizeof(text)) || (state = find_field(text, 3)) == NULL ||
	    *state != 'Z')
		return nsx_err_set(err, -ECHILD, "read-exit-code", "process", NSX_HINT_NONE);
	code = find_field(text, 52);
	if (code == NULL || nsx_num_scan_u64(&code, &value) < 0)
		return nsx_err_set(err, -EPROTO, "read-exit-code", "process", NSX_HINT_NONE);
	*ret_code = (int)value;
	return 0;
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
