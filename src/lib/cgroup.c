/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup.c owns finding the cgroups of a target. */
#include "lib/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "base/stack.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/cgroup_path.h"
#include "lib/step.h"

#define CGROUP2_MAGIC 0x63677270
#define CGROUP1_MAGIC 0x27e0eb

const char *nsx_cgroup_mount(void)
{
	static const char *const places[] = { NSX_CGROUP_PLACE, NSX_CGROUP_PLACE "/unified" };
	struct statfs fs;

	for (size_t i = 0; i < NSX_ARRAY_SIZE(places); i++)
		if (statfs(places[i], &fs) == 0 && (uint64_t)fs.f_type == CGROUP2_MAGIC)
			return places[i];
	return NULL;
}

const char *nsx_cgroup_line(const char *text, const char *key, char *path, size_t size)
{
	size_t len = strlen(key);

	/* lines are "N:CONTROLLERS:PATH"; the path may hold colons, and ends with the line */
	for (const char *line = text; line != NULL && *line != '\0';
	     line = strchr(line, '\n') == NULL ? NULL : strchr(line, '\n') + 1) {
		const char *controllers = strchr(line, ':');

		if (controllers == NULL)
			return NULL;
		controllers++;
		if (strncmp(controllers, key, len) != 0 || controllers[len] != ':')
			continue;

		size_t bytes = strcspn(controllers + len + 1, "\n");

		if (bytes >= size)
			return NULL;
		memcpy(path, controllers + len + 1, bytes);
		path[bytes] = '\0';
		return path;
	}
	return NULL;
}

static int join_path(char *buf, size_t size, const char *mount, const char *path)
{
	struct nsx_str out = NSX_STR(buf, size);

	nsx_str_add(&out, mount);
	nsx_str_add(&out, path);
	return out.cut ? -ENAMETOOLONG : 0;
}

/* What can not be joined: an error for the privileged, a warning for others, whose cgroups are seldom delegated. */
static int leave_out(struct nsx_run *run, const char *path, int code, struct nsx_err *err)
{
	char text[160];
	struct nsx_str out = NSX_STR(text, sizeof(text));

	if (geteuid() == 0 || code != -EACCES)
		return nsx_err_set(err, code, "open-cgroup", path, NSX_HINT_NO_CGROUP);
	nsx_str_add(&out, "the target's cgroup can not be joined: ");
	nsx_str_add(&out, path);
	if (nsx_note(run, NSX_MSG_WARNING, text, err) < 0) {
		nsx_err_hint(err, NSX_HINT_NO_CGROUP);
		return -EPERM;
	}
	return 0;
}

/*
 * A birth in a frozen cgroup succeeds, and the child never runs. Whether that is why nothing comes is looked at when
 * nothing has come for a while: SIGKILL works on it, so nothing is lost, and a short freeze does no harm.
 */
int nsx_cgroup_check_frozen(pid_t pid, struct nsx_err *err)
{
	const char *mount = nsx_cgroup_mount();
	char text[4096];
	char path[PATH_MAX];
	char events[PATH_MAX];
	struct nsx_str name = NSX_STR(path, sizeof(path));
	struct nsx_str file = NSX_STR(events, sizeof(events));

	nsx_str_add(&name, "/proc/");
	nsx_str_add_i64(&name, pid);
	nsx_str_add(&name, "/cgroup");
	if (mount == NULL || nsx_file_read(AT_FDCWD, path, text, sizeof(text), NULL) < 0 ||
	    nsx_cgroup_line(text, "", path, sizeof(path)) == NULL)
		return 0;

	nsx_str_add(&file, mount);
	nsx_str_add(&file, path);
	nsx_str_add(&file, "/cgroup.events");
	if (file.cut || nsx_file_read(AT_FDCWD, events, text, sizeof(text), NULL) < 0 ||
	    strstr(text, "frozen 1") == NULL)
		return 0;
	return nsx_cgroup_say_frozen(path, err);
}

int nsx_cgroup_say_frozen(const char *path, struct nsx_err *err)
{
	(void)nsx_str_copy(err->step, sizeof(err->step), "cgroup");
	return nsx_err_set(err, -EBUSY, "check-frozen", path, NSX_HINT_FROZEN);
}

/* Unprivileged: may we be born there? That asks for write access to cgroup.procs there. */
static bool may_enter(const struct nsx_run *run)
{
	return run->powerful || geteuid() == 0 ||
	       faccessat(run->cgroup_fd, "cgroup.procs", W_OK, AT_EACCESS) == 0;
}

/*
 * Linux 6.13 tells the number of the target's cgroup, and cgroup v2 opens it: a quarter of what the text costs, which has
 * to be read, compared and resolved. For who may enter every cgroup, and where no hierarchy of version 1 can be reached;
 * that there are some is told only to who wants to see the steps.
 */
static bool open_by_number(struct nsx_run *run)
{
	enum { FILEID_KERNFS = 0xfe };
	struct {
		uint32_t bytes;
		int32_t type;
		uint64_t number;
	} handle = { sizeof(handle.number), FILEID_KERNFS, 0 };
	struct nsx_pidfd_info info = { .mask = NSX_PIDFD_INFO_CGROUPID };
	struct statfs fs;

	if (!run->powerful || (run->spec->flags & NSEXEC_PLAN_TRACE) != 0 ||
	    ioctl(run->target.pidfd, NSX_PIDFD_GET_INFO, &info) < 0 ||
	    (info.mask & NSX_PIDFD_INFO_CGROUPID) == 0)
		return false;

	int at = openat(AT_FDCWD, NSX_CGROUP_PLACE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	handle.number = info.cgroupid;
	if (at >= 0 && fstatfs(at, &fs) == 0 && (uint64_t)fs.f_type == CGROUP2_MAGIC)
		run->cgroup_fd = (int)syscall(SYS_open_by_handle_at, at, &handle,
					      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	nsx_run_close_later(run, &at);
	return run->cgroup_fd >= 0;
}

static int find_v2(struct nsx_run *run, const char *mount, const char *theirs, struct nsx_err *err)
{
	char path[PATH_MAX];

	if (mount == NULL)
		return nsx_note(run, NSX_MSG_INFO, "no cgroup v2 hierarchy is mounted here", err);
	if (nsx_str_starts(theirs, "/..") != NULL)
		return leave_out(run, theirs, -ENOENT, err);
	if (join_path(path, sizeof(path), mount, theirs) < 0)
		return leave_out(run, theirs, -ENAMETOOLONG, err);

	run->cgroup_fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run->cgroup_fd < 0)
		return leave_out(run, path, -errno, err);
	if (!may_enter(run)) {
		nsx_close_fd(&run->cgroup_fd);
		return leave_out(run, path, -EACCES, err);
	}
	return 0;
}

static int find_v1(struct nsx_run *run, const char *controllers, const char *theirs,
		   struct nsx_err *err)
{
	const char *name = nsx_str_starts(controllers, "name=");
	char dir[PATH_MAX];
	char path[PATH_MAX];
	struct statfs fs;

	if (name == NULL)
		name = controllers;
	if (join_path(dir, sizeof(dir), "/sys/fs/cgroup/", name) < 0 ||
	    join_path(path, sizeof(path), dir, theirs) < 0)
		return leave_out(run, theirs, -ENAMETOOLONG, err);
	if (statfs(dir, &fs) < 0 || (uint64_t)fs.f_type != CGROUP1_MAGIC) {
		char text[160];
		struct nsx_str out = NSX_STR(text, sizeof(text));

		nsx_str_add(&out, "left out the cgroup v1 hierarchy that is not mounted here: ");
		nsx_str_add(&out, controllers);
		return nsx_note(run, NSX_MSG_INFO, text, err);
	}

	auto_close int at = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (at < 0)
		return leave_out(run, path, -errno, err);
	if (strcmp(name, "freezer") == 0) {
		char state[32];

		if (nsx_file_read(at, "freezer.state", state, sizeof(state), NULL) > 0 &&
		    nsx_str_starts(state, "THAWED") == NULL)
			return nsx_err_set(err, -EBUSY, "check-frozen", path, NSX_HINT_FROZEN);
	}
	if (run->tasks_count == NSX_TASKS_MAX)
		return leave_out(run, path, -E2BIG, err);

	int tasks = openat(at, "tasks", O_WRONLY | O_CLOEXEC);

	if (tasks < 0)
		return leave_out(run, path, -errno, err);
	run->tasks_fd[run->tasks_count++] = tasks;
	return 0;
}

/* Mostly nothing differs. */
NSX_OWN_FRAME static int open_differing(struct nsx_run *run, const char *mount, char *theirs,
					const char *ours, struct nsx_err *err)
{
	for (char *line = theirs; *line != '\0';) {
		char *end = strchr(line, '\n');
		char *key = strchr(line, ':');
		char *path = key == NULL ? NULL : strchr(key + 1, ':');
		char own[PATH_MAX];
		int r = 0;

		if (end == NULL || path == NULL || path > end)
			return nsx_err_set(err, -EPROTO, "parse-cgroup", "target", NSX_HINT_NONE);
		*end = '\0';
		*path++ = '\0';
		key++;
		if (nsx_cgroup_line(ours, key, own, sizeof(own)) == NULL || strcmp(own, path) != 0)
			r = *key == '\0' ? find_v2(run, mount, path, err) :
					   find_v1(run, key, path, err);
		if (r < 0)
			return r;
		line = end + 1;
	}
	return 0;
}

int nsx_cgroup_find(struct nsx_run *run, struct nsx_err *err)
{
	char *theirs = run->room->scratch;
	char *ours = run->room->scratch2;
	ssize_t n;

	if (open_by_number(run))
		return 0;
	n = nsx_file_read(run->target.proc_fd, "cgroup", theirs, sizeof(run->room->scratch), err);

	if (n < 0)
		return (int)n;
	n = nsx_file_read(AT_FDCWD, "/proc/self/cgroup", ours, sizeof(run->room->scratch2), err);
	if (n < 0)
		return (int)n;
	if (strcmp(theirs, ours) == 0)
		return 0;
	return open_differing(run, nsx_cgroup_mount(), theirs, ours, err);
}
