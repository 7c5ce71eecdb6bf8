/* SPDX-License-Identifier: Apache-2.0 */
/* root.c owns the way from a directory to a root with its mounts. */
#include "lib/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/inroot.h"
#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/mount.h"
#include "lib/step.h"

static const char *root_name(const struct nsx_run *run)
{
	return run->spec->root == NSX_ROOT_PATH ? nsx_spec_text(run->spec, run->spec->root_path) :
						  "root descriptor";
}

int nsx_root_resolve(struct nsx_run *run, struct nsx_err *err)
{
	const char *path = root_name(run);
	struct stat st;

	run->root_fd = run->spec->root == NSX_ROOT_FD ?
			       fcntl(run->spec->root_fd, F_DUPFD_CLOEXEC, 3) :
			       openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (run->root_fd < 0)
		return nsx_err_sys(err, "open", path);
	if (fstat(run->root_fd, &st) < 0)
		return nsx_err_sys(err, "fstat", path);
	if (!S_ISDIR(st.st_mode))
		return nsx_err_set(err, -ENOTDIR, "open", path, NSX_HINT_NONE);
	return 0;
}

int nsx_root_room(struct nsx_run *run, struct nsx_err *err)
{
	size_t count;

	(void)nsx_spec_list(run->spec, NSX_LIST_MOUNTS, sizeof(struct nsx_mount), &count);
	run->bind_fds = malloc((count + 1) * sizeof(*run->bind_fds));
	if (run->bind_fds == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", "mounts", NSX_HINT_NONE);
	for (size_t i = 0; i < count; i++)
		run->bind_fds[i] = -EBADF;
	return 0;
}

int nsx_root_private(struct nsx_run *run, struct nsx_err *err)
{
	(void)run;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return nsx_err_set(err, -errno, "mount(MS_PRIVATE)", "/",
				   errno == EINVAL ? NSX_HINT_CHROOT : NSX_HINT_NONE);
	return 0;
}

/* The directory at `path` with what is mounted below it, if it is the same one as the starter's. */
static int clone_same(const struct nsx_run *run, const char *path, struct nsx_err *err)
{
	struct stat before;
	struct stat after;
	auto_close int tree = nsx_mount_clone(AT_FDCWD, path, true, err);

	if (tree < 0)
		return tree;
	if (fstat(run->root_fd, &before) < 0 || fstat(tree, &after) < 0)
		return nsx_err_sys(err, "fstat", path);
	if (before.st_dev != after.st_dev || before.st_ino != after.st_ino)
		return nsx_err_set(err, -ESTALE, "check-root", path, NSX_HINT_NONE);
	return nsx_take_fd(&tree);
}

/*
 * The starter's descriptor belongs to its mount namespace; ours is a copy with copies of all mounts. So the directory is
 * looked up again, and must be the same one: by the path as it was given, or as the kernel knows it.
 */
static int clone_root(struct nsx_run *run, struct nsx_err *err)
{
	char link[40];
	char path[4096];
	struct nsx_str out = NSX_STR(link, sizeof(link));
	ssize_t n;

	if (run->spec->root == NSX_ROOT_PATH) {
		int tree = clone_same(run, root_name(run), NULL);

		if (tree >= 0)
			return tree;
	}
	nsx_str_add(&out, "/proc/self/fd/");
	nsx_str_add_i64(&out, run->root_fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return nsx_err_sys(err, "readlink", link);
	path[n] = '\0';
	return clone_same(run, path, err);
}

int nsx_root_sources(struct nsx_run *run, struct nsx_err *err)
{
	size_t count;
	const struct nsx_mount *mounts =
		nsx_spec_list(run->spec, NSX_LIST_MOUNTS, sizeof(*mounts), &count);

	if (run->root_fd >= 0) {
		int tree = clone_root(run, err);

		if (tree < 0)
			return tree;
		nsx_close_fd(&run->root_fd);
		run->root_fd = tree;
	}
	for (size_t i = 0; i < count; i++) {
		if (mounts[i].kind != NSX_MOUNT_BIND)
			continue;
		run->bind_fds[i] = nsx_mount_clone_with(nsx_spec_text(run->spec, mounts[i].source),
							mounts[i].flags, err);
		if (run->bind_fds[i] < 0)
			return run->bind_fds[i];
	}
	return 0;
}

int nsx_root_attach(struct nsx_run *run, struct nsx_err *err)
{
	bool readonly = (run->spec->set & NSX_SET_ROOT_READONLY) != 0;
	auto_close int tree = -EBADF;
	int r;

	tree = run->spec->root == NSX_ROOT_DEFAULT ?
		       nsx_mount_new("tmpfs", "mode=755", NSEXEC_MOUNT_NODEV, err) :
		       nsx_take_fd(&run->root_fd);
	if (tree < 0)
		return tree;

	/* the default root is filled first, and made read-only at the end */
	r = nsx_mount_attach_at(
		tree, AT_FDCWD, "/",
		readonly && run->spec->root != NSX_ROOT_DEFAULT ? NSEXEC_MOUNT_RDONLY : 0,
		root_name(run), err);
	if (r < 0)
		return r;
	run->root_fd = nsx_take_fd(&tree);
	return 0;
}

const char nsx_own_places[3][6] = { "/proc", "/sys", "/dev" };

int nsx_root_base(const struct nsx_run *run, const char *path, const char **rest)
{
	for (size_t i = 0; i < NSX_ARRAY_SIZE(nsx_own_places); i++) {
		const char *below = nsx_str_starts(path, nsx_own_places[i]);

		if (run->own_mounts[i] >= 0 && below != NULL && below[0] == '/') {
			*rest = below;
			return run->own_mounts[i];
		}
	}
	*rest = path;
	return run->root_fd;
}

/* Which of ours is it, if it is a mount on one of those places? */
static int own_place(const char *target)
{
	for (int i = 0; i < 3; i++)
		if (strcmp(target, nsx_own_places[i]) == 0)
			return i;
	return -1;
}

/* In a directory that the user gave, nothing is written but the three empty directories that every container needs. */
static bool may_make(const struct nsx_run *run, const char *target)
{
	char path[4096];
	struct stat root;
	struct stat st;

	if (run->spec->root == NSX_ROOT_DEFAULT)
		return true;
	if (own_place(target) >= 0)
		return true;
	if (!nsx_str_copy(path, sizeof(path), target) || fstat(run->root_fd, &root) < 0)
		return false;

	/* below one of our own mounts it may be: those are on another device */
	for (char *slash; (slash = strrchr(path, '/')) != NULL;) {
		*slash = '\0';

		auto_close int fd = nsx_inroot_open(run->root_fd, path[0] != '\0' ? path : "/",
						    O_PATH | O_DIRECTORY, 0, NULL);

		if (fd >= 0)
			return fstat(fd, &st) == 0 && st.st_dev != root.st_dev;
	}
	return false;
}

static int open_target(struct nsx_run *run, const char *target, bool directory, struct nsx_err *err)
{
	const char *rest;
	int base = nsx_root_base(run, target, &rest);
	/* no symbolic link in the place of /proc, /sys and /dev (CVE-2019-19921): they would be mounted somewhere else */
	int flags = O_PATH | (directory ? O_DIRECTORY : 0) |
		    (own_place(target) >= 0 ? O_NOFOLLOW : 0);
	int fd = nsx_inroot_open(base, rest, flags, 0, NULL);

	if (fd >= 0)
		return fd;
	if (fd != -ENOENT)
		return nsx_err_set(err, fd, "openat2", target, NSX_HINT_SYMLINK);
	if (base == run->root_fd && !may_make(run, target))
		return nsx_err_set(err, -ENOENT, "mount-point", target, NSX_HINT_READ_ONLY_ROOT);

	fd = directory ? nsx_inroot_mkdir(base, rest, 0755, err) :
			 nsx_inroot_mkfile(base, rest, err);
	if (fd == -EROFS)
		nsx_err_hint(err, NSX_HINT_READ_ONLY_ROOT);
	return fd;
}

static int make_bind(struct nsx_run *run, const struct nsx_mount *m, int *bind_fd,
		     struct nsx_err *err)
{
	const char *target = nsx_spec_text(run->spec, m->target);
	struct stat st;
	auto_close int tree = nsx_take_fd(bind_fd);

	if (fstat(tree, &st) < 0)
		return nsx_err_sys(err, "fstat", target);

	auto_close int at = open_target(run, target, S_ISDIR(st.st_mode), err);

	if (at < 0)
		return at;

	int place = own_place(target);
	int r = nsx_mount_attach(tree, at, m->flags, target, err);

	/* what is asked for lies over ours: that is what paths below it mean from now on, those to be covered, too */
	if (r >= 0 && place >= 0)
		nsx_close_fd(&run->own_mounts[place]);
	return r;
}

/* What the outer container hides of /proc makes the kernel refuse a new one (mount_too_revealing()). */
static int explain_new(const char *type, int r, struct nsx_err *err)
{
	if (r == -EPERM && (strcmp(type, "proc") == 0 || strcmp(type, "sysfs") == 0))
		nsx_err_hint(err, NSX_HINT_PROC_MASKED);
	return r;
}

static int new_filesystem(struct nsx_run *run, const struct nsx_mount *m, uint32_t *ret_flags,
			  struct nsx_err *err)
{
	const char *type = nsx_spec_text(run->spec, m->source);
	const char *options = nsx_spec_text(run->spec, m->options);
	struct nsx_err detail = { 0 };
	int fd = nsx_mount_new(type, options, m->flags, &detail);

	/*
	 * sysfs shows a network namespace and procfs a pid namespace, and a new one needs power over it. Where that is not
	 * ours, because it is the caller's, what the caller sees of it is bound, and has no attributes yet.
	 */
	*ret_flags = fd < 0 ? m->flags : 0;
	if (fd == -EPERM && strcmp(type, "sysfs") == 0 && (run->fresh & NSEXEC_NS_NET) == 0)
		return nsx_mount_clone(AT_FDCWD, "/sys", true, err);
	if (fd == -EPERM && strcmp(type, "proc") == 0 && (run->fresh & NSEXEC_NS_PID) == 0)
		return nsx_mount_clone(AT_FDCWD, "/proc", true, err);
	if (fd < 0) {
		*err = detail;
		return explain_new(type, fd, err);
	}
	return fd;
}

static int make_filesystem(struct nsx_run *run, const struct nsx_mount *m, struct nsx_err *err)
{
	const char *target = nsx_spec_text(run->spec, m->target);
	auto_close int at = open_target(run, target, true, err);

	if (at < 0)
		return at;
	uint32_t flags;
	auto_close int fs = m->kind == NSX_MOUNT_DEV ? nsx_root_dev(run, at, err) :
						       new_filesystem(run, m, &flags, err);
	int place = own_place(target);
	int r = fs;

	if (r >= 0 && m->kind != NSX_MOUNT_DEV)
		r = nsx_mount_attach(fs, at, flags, target, err);
	if (r >= 0 && place >= 0) {
		nsx_close_fd(&run->own_mounts[place]);
		run->own_mounts[place] = nsx_take_fd(&fs);
	}
	return r < 0 ? r : 0;
}

int nsx_root_mounts(struct nsx_run *run, struct nsx_err *err)
{
	size_t count;
	const struct nsx_mount *mounts =
		nsx_spec_list(run->spec, NSX_LIST_MOUNTS, sizeof(*mounts), &count);

	for (size_t i = 0; i < count; i++) {
		int r = mounts[i].kind == NSX_MOUNT_BIND ?
				make_bind(run, &mounts[i], &run->bind_fds[i], err) :
				make_filesystem(run, &mounts[i], err);

		if (r < 0)
			return r;
	}
	if ((run->spec->set & NSX_SET_ROOT_READONLY) != 0 && run->spec->root == NSX_ROOT_DEFAULT)
		return nsx_mount_set(run->root_fd, NSEXEC_MOUNT_RDONLY, "/", err);
	return 0;
}

int nsx_root_pivot(struct nsx_run *run, struct nsx_err *err)
{
	if (fchdir(run->root_fd) < 0)
		return nsx_err_sys(err, "fchdir", root_name(run));
	if (nsx_sys_pivot_root(".", ".") < 0)
		return nsx_err_set(err, -errno, "pivot_root", root_name(run),
				   errno == EINVAL ? NSX_HINT_INITRAMFS : NSX_HINT_NONE);

	/* the old root now lies above the new one: pivot_root(2), "pivot_root(".", ".")" */
	if (umount2(".", MNT_DETACH) < 0)
		return nsx_err_sys(err, "umount2", "old root");
	if (chdir("/") < 0)
		return nsx_err_sys(err, "chdir", "/");
	nsx_close_fd(&run->root_fd);
	return 0;
}
