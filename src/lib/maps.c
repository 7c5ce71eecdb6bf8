/* SPDX-License-Identifier: Apache-2.0 */
/* maps.c owns the writing of id maps. */
#include "lib/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/exec.h"
#include "lib/caps.h"

enum { LINES_MAX = 340, NUMBER_MAX = 12 };

struct map {
	const char *file;
	const char *helper;
	const struct nsexec_idmap *lines;
	size_t count;
};

static int proc_dir(pid_t pid, struct nsx_err *err)
{
	char path[32];
	struct nsx_str out = NSX_STR(path, sizeof(path));
	int fd;

	nsx_str_add(&out, "/proc/");
	nsx_str_add_i64(&out, pid);
	fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd : nsx_err_sys(err, "open", path);
}

static int write_lines(int proc, const struct map *map, struct nsx_err *err)
{
	char text[LINES_MAX * (3 * NUMBER_MAX)];
	struct nsx_str out = NSX_STR(text, sizeof(text));

	for (size_t i = 0; i < map->count; i++) {
		nsx_str_add_u64(&out, map->lines[i].inside);
		nsx_str_add(&out, " ");
		nsx_str_add_u64(&out, map->lines[i].outside);
		nsx_str_add(&out, " ");
		nsx_str_add_u64(&out, map->lines[i].count);
		nsx_str_add(&out, "\n");
	}
	return nsx_file_write(proc, map->file, text, err);
}

/* newuidmap PID INSIDE OUTSIDE COUNT ... */
static int run_helper(pid_t pid, const struct map *map, struct nsx_err *err)
{
	char numbers[1 + LINES_MAX * 3][NUMBER_MAX];
	char *argv[3 + LINES_MAX * 3];
	char *envp[] = { NULL };
	size_t n = 0;
	int status = 0;

	argv[0] = (char *)map->helper;
	for (size_t i = 0; i < 1 + map->count * 3; i++) {
		const struct nsexec_idmap *line = &map->lines[i == 0 ? 0 : (i - 1) / 3];
		uint32_t value = i == 0           ? (uint32_t)pid :
				 (i - 1) % 3 == 0 ? line->inside :
				 (i - 1) % 3 == 1 ? line->outside :
						    line->count;
		struct nsx_str out = NSX_STR(numbers[n], NUMBER_MAX);

		nsx_str_add_u64(&out, value);
		argv[1 + n] = numbers[n];
		n++;
	}
	argv[1 + n] = NULL;

	pid_t child = nsx_sys_clone(0, NULL);

	if (child < 0)
		return nsx_err_sys(err, "clone", map->helper);
	if (child == 0) {
		struct nsx_err none = { 0 };
		int null = openat(AT_FDCWD, "/dev/null", O_RDWR);

		/* its own message would be a second one */
		for (int fd = 0; null >= 0 && fd <= 2; fd++)
			(void)dup2(null, fd);
		(void)nsx_sys_close_range(3, ~0U);
		_exit(nsx_exec(argv, envp, &none) == -ENOENT ? 127 : 126);
	}
	while (waitpid(child, &status, __WALL) < 0)
		if (errno != EINTR)
			return nsx_err_sys(err, "waitpid", map->helper);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return nsx_err_set(err, -ENOENT, "execve", map->helper, NSX_HINT_NEWIDMAP);
	return nsx_err_set(err, -EPERM, map->helper, map->file, NSX_HINT_SUBID);
}

/* What an unprivileged caller may write itself: one line, for its own id. */
static bool only_own(const struct map *map, uint32_t own)
{
	return map->count == 1 && map->lines[0].count == 1 && map->lines[0].outside == own;
}

static bool may_map_all(unsigned cap)
{
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;

	nsx_caps_get(&effective, &permitted, &inheritable);
	return (effective & 1ULL << cap) != 0;
}

static int write_map(pid_t pid, int proc, const struct map *map, bool direct, struct nsx_err *err)
{
	if (map->count == 0)
		return 0;
	return direct ? write_lines(proc, map, err) : run_helper(pid, map, err);
}

int nsx_maps_write(struct nsx_run *run, pid_t pid, struct nsx_err *err)
{
	const struct nsexec_idmap own_uid = { 0, geteuid(), 1 };
	const struct nsexec_idmap own_gid = { 0, getegid(), 1 };
	struct map uids = { .file = "uid_map", .helper = "newuidmap" };
	struct map gids = { .file = "gid_map", .helper = "newgidmap" };
	uint32_t policy = run->spec->setgroups;
	auto_close int proc = proc_dir(pid, err);
	int r;

	if (proc < 0)
		return proc;
	uids.lines = nsx_spec_list(run->spec, NSX_LIST_UID_MAP, sizeof(own_uid), &uids.count);
	gids.lines = nsx_spec_list(run->spec, NSX_LIST_GID_MAP, sizeof(own_gid), &gids.count);
	if (run->spec->newuidmap != 0)
		uids.helper = nsx_spec_text(run->spec, run->spec->newuidmap);
	if (run->spec->newgidmap != 0)
		gids.helper = nsx_spec_text(run->spec, run->spec->newgidmap);
	/* who is returned to may write the maps himself, later */
	if (uids.count == 0 && run->spec->end == NSX_END_EXEC) {
		uids.lines = &own_uid;
		uids.count = 1;
	}
	if (gids.count == 0 && run->spec->end == NSX_END_EXEC) {
		gids.lines = &own_gid;
		gids.count = 1;
	}

	bool gid_power = may_map_all(CAP_SETGID);
	bool gid_direct = gid_power || only_own(&gids, own_gid.outside);
	bool uid_direct = may_map_all(CAP_SETUID) || only_own(&uids, own_uid.outside);

	/* without power over the parent namespace the kernel demands it, or leaving a group would be a way around (CVE-2014-8989) */
	if (gids.count > 0 && gid_direct && !gid_power && policy == NSEXEC_SETGROUPS_ALLOW)
		return nsx_err_set(err, -EPERM, "check-setgroups", "allow", NSX_HINT_SUBID);
	if (policy == NSEXEC_SETGROUPS_DENY || (gids.count > 0 && gid_direct && !gid_power)) {
		r = nsx_file_write(proc, "setgroups", "deny", err);
		if (r < 0)
			return r;
	}
	r = write_map(pid, proc, &uids, uid_direct, err);
	if (r >= 0)
		r = write_map(pid, proc, &gids, gid_direct, err);
	if (r == -EPERM)
		nsx_err_hint(err, NSX_HINT_SUBID);
	return r;
}
