/* SPDX-License-Identifier: Apache-2.0 */
/* mount.c owns the operations of the mount API. */
#include "lib/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nsexec/plan.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"

/* NSEXEC_MOUNT_* attributes have the values of MOUNT_ATTR_*; the rest is ours. */
#define ATTRIBUTES 0x1fu

int nsx_mount_clone(int dir, const char *path, bool recursive, struct nsx_err *err)
{
	unsigned flags = NSX_OPEN_TREE_CLONE | NSX_OPEN_TREE_CLOEXEC;
	int fd;

	if (recursive)
		flags |= NSX_AT_RECURSIVE;
	if (path[0] == '\0')
		flags |= AT_EMPTY_PATH;
	fd = nsx_sys_open_tree(dir, path, flags);
	return fd >= 0 ? fd : nsx_err_sys(err, "open_tree", path);
}

int nsx_mount_clone_with(const char *path, uint32_t flags, struct nsx_err *err)
{
	bool recursive = (flags & NSEXEC_MOUNT_RECURSIVE) != 0;

	if (recursive && (flags & ATTRIBUTES) != 0 && nsx_sys_mount_setattr(-1, "", 0, NULL) < 0 &&
	    errno == ENOSYS)
		recursive = false;
	return nsx_mount_clone(AT_FDCWD, path, recursive, err);
}

static int configure(int fs, const char *options)
{
	char text[PATH_MAX];
	char *save;

	if (options == NULL || options[0] == '\0')
		return 0;
	if (!nsx_str_copy(text, sizeof(text), options))
		return -E2BIG;

	for (char *word = text; word != NULL; word = save) {
		char *value;

		save = strchr(word, ',');
		if (save != NULL)
			*save++ = '\0';
		if (*word == '\0')
			continue;
		value = strchr(word, '=');
		if (value != NULL)
			*value++ = '\0';
		if (nsx_sys_fsconfig(
			    fs, value != NULL ? NSX_FSCONFIG_SET_STRING : NSX_FSCONFIG_SET_FLAG,
			    word, value, 0) < 0)
			return -errno;
	}
	return 0;
}

int nsx_mount_new(const char *type, const char *options, uint32_t flags, struct nsx_err *err)
{
	auto_close int fs = nsx_sys_fsopen(type);
	int fd;
	int r;

	if (fs < 0)
		return nsx_err_sys(err, "fsopen", type);

	r = configure(fs, options);
	if (r < 0)
		return nsx_err_set(err, r, "fsconfig", options, NSX_HINT_NONE);
	if (nsx_sys_fsconfig(fs, NSX_FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return nsx_err_sys(err, "fsconfig", type);

	fd = nsx_sys_fsmount(fs, flags & ATTRIBUTES);
	return fd >= 0 ? fd : nsx_err_sys(err, "fsmount", type);
}

/* Before 5.12: remount by the magic link of our own descriptor, in the procfs of the caller. */
static int remount(int tree, uint32_t flags)
{
	/* clang-format off */
	static const struct { uint32_t ours; unsigned long vfs, st; } bits[] = {
		{ NSEXEC_MOUNT_RDONLY,  MS_RDONLY,  ST_RDONLY },
		{ NSEXEC_MOUNT_NOSUID,  MS_NOSUID,  ST_NOSUID },
		{ NSEXEC_MOUNT_NODEV,   MS_NODEV,   ST_NODEV },
		{ NSEXEC_MOUNT_NOEXEC,  MS_NOEXEC,  ST_NOEXEC },
		{ NSEXEC_MOUNT_NOATIME, MS_NOATIME, ST_NOATIME },
	};
	/* clang-format on */
	unsigned long vfs = MS_REMOUNT | MS_BIND;
	char path[40];
	struct nsx_str out = NSX_STR(path, sizeof(path));
	struct statvfs now;

	if (fstatvfs(tree, &now) < 0)
		return -errno;
	for (size_t i = 0; i < NSX_ARRAY_SIZE(bits); i++)
		if ((flags & bits[i].ours) != 0 || (now.f_flag & bits[i].st) != 0)
			vfs |= bits[i].vfs; /* what is locked must be said again */
	nsx_str_add(&out, "/proc/self/fd/");
	nsx_str_add_i64(&out, tree);
	return mount(NULL, path, NULL, vfs, NULL) < 0 ? -errno : 0;
}

static int set_attributes(int mount, uint32_t flags)
{
	struct nsx_mount_attr attr = { .attr_set = flags & ATTRIBUTES };

	if ((flags & NSEXEC_MOUNT_NOATIME) != 0)
		attr.attr_clr = NSX_MOUNT_ATTR_ATIME;
	if (nsx_sys_mount_setattr(
		    mount, "",
		    AT_EMPTY_PATH | ((flags & NSEXEC_MOUNT_RECURSIVE) != 0 ? NSX_AT_RECURSIVE : 0),
		    &attr) < 0)
		return -errno;
	return 0;
}

int nsx_mount_set(int mount, uint32_t flags, const char *what, struct nsx_err *err)
{
	int r = set_attributes(mount, flags);

	if (r == -ENOSYS)
		r = remount(mount, flags);
	return r < 0 ? nsx_err_set(err, r, "mount_setattr", what, NSX_HINT_NONE) : 0;
}

int nsx_mount_attach(int mount, int target, uint32_t flags, const char *what, struct nsx_err *err)
{
	return nsx_mount_attach_at(mount, target, "", flags, what, err);
}

int nsx_mount_attach_at(int mount, int dir, const char *name, uint32_t flags, const char *what,
			struct nsx_err *err)
{
	unsigned how = NSX_MOVE_MOUNT_F_EMPTY_PATH |
		       (name[0] == '\0' ? NSX_MOVE_MOUNT_T_EMPTY_PATH : 0);
	bool later = false;

	if ((flags & ATTRIBUTES) != 0) {
		int r = set_attributes(mount, flags);

		if (r < 0 && r != -ENOSYS)
			return nsx_err_set(err, r, "mount_setattr", what, NSX_HINT_NONE);
		later = r < 0;
	}
	if (nsx_sys_move_mount(mount, "", dir, name, how) < 0)
		return nsx_err_sys(err, "move_mount", what);
	return later ? nsx_mount_set(mount, flags, what, err) : 0;
}
