/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_make.c owns the cgroups that we make: their place, their limits, their end. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "base/own.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/cgroup.h"
#include "lib/cgroup_path.h"

#define NAME_PREFIX "nsexec-"

static const char *const controllers[3] = { "memory", "pids", "cpu" };

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = text; (p = strstr(p, word)) != NULL; p += len)
		if ((p == text || p[-1] == ' ') &&
		    (p[len] == ' ' || p[len] == '\n' || p[len] == '\0'))
			return true;
	return false;
}

static void text_of(int dir, const char *file, char *text, size_t size)
{
	if (nsx_file_read(dir, file, text, size, NULL) < 0)
		text[0] = '\0';
}

/* The first controller that is asked for and not in the text; NULL if all are. */
static const char *missing_in(const struct nsx_spec *spec, const char *text)
{
	for (unsigned i = 0; i < 3; i++)
		if (spec->limits[i] != 0 && !has_word(text, controllers[i]))
			return controllers[i];
	return NULL;
}

/* Switch the controllers on for children; works where no processes are, and in the root of the hierarchy. */
static bool enable(const struct nsx_spec *spec, int dir)
{
	for (unsigned i = 0; i < 3; i++) {
		char text[16];
		struct nsx_str word = NSX_STR(text, sizeof(text));

		nsx_str_add(&word, "+");
		nsx_str_add(&word, controllers[i]);
		if (spec->limits[i] != 0 &&
		    nsx_file_write(dir, "cgroup.subtree_control", text, NULL) < 0)
			return false;
	}
	return true;
}

static bool is_v1(const char *controller)
{
	char text[4096];
	char path[PATH_MAX];

	/* cpu and cpuacct may be mounted together; one of the names is enough */
	if (nsx_file_read(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text), NULL) < 0)
		return false;
	return nsx_cgroup_line(text, controller, path, sizeof(path)) != NULL ||
	       (strcmp(controller, "cpu") == 0 &&
		nsx_cgroup_line(text, "cpu,cpuacct", path, sizeof(path)) != NULL);
}

static int own_path(char *path, size_t size)
{
	const char *mount = nsx_cgroup_mount();
	char text[8192];
	char own[PATH_MAX];
	struct nsx_str out = NSX_STR(path, size);

	if (mount == NULL ||
	    nsx_file_read(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text), NULL) < 0 ||
	    nsx_cgroup_line(text, "", own, sizeof(own)) == NULL ||
	    nsx_str_starts(own, "/..") != NULL)
		return -ENOENT;
	nsx_str_add(&out, mount);
	nsx_str_add(&out, own);
	while (out.used > 1 && path[out.used - 1] == '/')
		path[--out.used] = '\0';
	return out.cut ? -ENAMETOOLONG : 0;
}

/* The nearest cgroup from ours upwards that hands the controllers to its children; only ours is ever changed. */
static int find_parent(const struct nsx_spec *spec, char *path, struct nsx_err *err)
{
	const char *mount = nsx_cgroup_mount();
	const char *missing = NULL;
	char text[512];

	if (mount == NULL || own_path(path, PATH_MAX) < 0)
		return nsx_err_set(err, -ENOTSUP, "find-cgroup", "cgroup v2 hierarchy",
				   NSX_HINT_CONTROLLER_V1);

	for (bool ours = true;; ours = false) {
		auto_close int dir = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (dir >= 0) {
			text_of(dir, "cgroup.subtree_control", text, sizeof(text));
			if (missing_in(spec, text) == NULL &&
			    faccessat(dir, ".", W_OK, AT_EACCESS) == 0)
				return 0;
			text_of(dir, "cgroup.controllers", text, sizeof(text));
			if (missing == NULL)
				missing = missing_in(spec, text);
			if (ours && missing == NULL && enable(spec, dir))
				return 0;
		}
		if (strlen(path) <= strlen(mount))
			break;
		*strrchr(path, '/') = '\0';
	}

	if (missing == NULL) /* none is missing, but none of the places may be written to */
		missing = missing_in(spec, "");
	if (missing == NULL)
		missing = controllers[0];
	return nsx_err_set(err, -ENOTSUP, "find-controller", missing,
			   is_v1(missing) ? NSX_HINT_CONTROLLER_V1 : NSX_HINT_CONTROLLER_DELEGATE);
}

static int write_limit(int dir, const char *file, uint64_t value, const char *suffix,
		       struct nsx_err *err)
{
	char text[48];
	struct nsx_str out = NSX_STR(text, sizeof(text));

	nsx_str_add_u64(&out, value);
	nsx_str_add(&out, suffix);
	return nsx_file_write(dir, file, text, err);
}

static int write_limits(const struct nsx_spec *spec, int dir, struct nsx_err *err)
{
	const uint64_t *limits = spec->limits;
	int r = 0;

	if (limits[NSEXEC_LIMIT_MEMORY] != 0) {
		r = write_limit(dir, "memory.max", limits[NSEXEC_LIMIT_MEMORY], "", err);
		/* without swap accounting the file does not exist, and nothing can be limited */
		(void)nsx_file_write(dir, "memory.swap.max", "0", NULL);
	}
	if (r >= 0 && limits[NSEXEC_LIMIT_PIDS] != 0)
		r = write_limit(dir, "pids.max", limits[NSEXEC_LIMIT_PIDS], "", err);
	if (r >= 0 && limits[NSEXEC_LIMIT_CPU_MILLI] != 0)
		r = write_limit(dir, "cpu.max", limits[NSEXEC_LIMIT_CPU_MILLI] * 100, " 100000",
				err);
	return r;
}

int nsx_cgroup_make(struct nsx_run *run, struct nsx_err *err)
{
	char path[PATH_MAX + 64];
	uint64_t start = nsx_proc_start_of(nsx_sys_getpid());
	int r = find_parent(run->spec, path, err);

	if (r < 0)
		return r;

	/* the name tells who made it: see nsx_cgroup_sweep() */
	for (unsigned i = 0; i < 1000; i++) {
		size_t length = strlen(path);
		struct nsx_str out = { .buf = path, .size = sizeof(path), .used = length };

		nsx_str_add(&out, "/" NAME_PREFIX);
		nsx_str_add_i64(&out, nsx_sys_getpid());
		nsx_str_add(&out, "-");
		nsx_str_add_u64(&out, start);
		nsx_str_add(&out, "-");
		nsx_str_add_u64(&out, i);
		if (mkdir(path, 0755) == 0) {
			run->own_cgroup = true;
			break;
		}
		if (errno != EEXIST)
			return nsx_err_set(err, -errno, "mkdir", path,
					   NSX_HINT_CONTROLLER_DELEGATE);
		path[length] = '\0';
	}
	if (!run->own_cgroup)
		return nsx_err_set(err, -EEXIST, "mkdir", path, NSX_HINT_NONE);
	if (!nsx_str_copy(run->page->cgroup, sizeof(run->page->cgroup), path)) {
		(void)rmdir(path);
		return nsx_err_set(err, -ENAMETOOLONG, "mkdir", path, NSX_HINT_NONE);
	}

	run->cgroup_fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run->cgroup_fd < 0)
		return nsx_err_sys(err, "open", path);
	return write_limits(run->spec, run->cgroup_fd, err);
}

/* Was it made by a process that is gone? "nsexec-PID-START-N" */
static bool is_orphan(const char *name)
{
	const char *p = nsx_str_starts(name, NAME_PREFIX);
	uint64_t pid;
	uint64_t start;

	if (p == NULL || nsx_num_scan_u64(&p, &pid) < 0 || *p++ != '-' ||
	    nsx_num_scan_u64(&p, &start) < 0)
		return false;
	return !nsx_proc_is((pid_t)pid, start);
}

void nsx_cgroup_sweep(void)
{
	char path[PATH_MAX];
	const char *mount = nsx_cgroup_mount();

	if (mount == NULL || own_path(path, sizeof(path)) < 0)
		return;

	for (;;) {
		auto_dir DIR *dir = opendir(path);

		for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
			if (entry->d_type == DT_DIR && is_orphan(entry->d_name))
				(void)unlinkat(dirfd(dir), entry->d_name,
					       AT_REMOVEDIR); /* fails if it is in use */
		if (strlen(path) <= strlen(mount))
			return;
		*strrchr(path, '/') = '\0';
	}
}
