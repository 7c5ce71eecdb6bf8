/* SPDX-License-Identifier: Apache-2.0 */
/* hide.c owns what a container must not see or change: paths that are covered, and paths that become read-only. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/inroot.h"
#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/mount.h"
#include "lib/root.h"
#include "lib/step.h"

/* Where something is mounted: on `name` in the directory `at`, or on `at` itself if that is "". */
struct place {
	int at;
	const char *name;
	int opened; /* what has to be closed */
	bool directory;
};

struct entry {
	uint64_t ino;
	int64_t offset;
	uint16_t bytes;
	uint8_t type;
	char name[];
};

/* The names in our procfs; looked at once, which makes nothing of those that do not exist. */
struct names {
	const char *entries; /* NULL: not known */
	size_t bytes;
};

/* A listing may come in parts, the kernel stops at any signal; only all of it is an answer. */
static void list_names(struct nsx_run *run, struct names *names)
{
	int proc = run->own_mounts[0];
	auto_close int fd = proc < 0 ? -EBADF :
				       openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t used = 0;

	if (fd < 0)
		return;
	for (;;) {
		long n = syscall(SYS_getdents64, fd, run->room->scratch + used,
				 sizeof(run->room->scratch) - used);

		if (n < 0)
			return;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	*names = (struct names){ .entries = run->room->scratch, .bytes = used };
}

enum { DT_ABSENT = -1 };

/* The type (DT_*) of a name in it. */
static int type_of(const struct names *names, const char *name)
{
	for (size_t at = 0; at < names->bytes;) {
		const struct entry *entry = (const void *)(names->entries + at);

		if (strcmp(entry->name, name) == 0)
			return entry->type;
		at += entry->bytes;
	}
	return DT_ABSENT;
}

/* Returns 1 if it may be taken by its name, 0 if it does not exist, -1 if it has to be opened. */
static int find_by_name(const struct nsx_run *run, const struct names *names, int base,
			const char *name, bool *ret_directory)
{
	struct stat st;

	if (base == run->root_fd || (base != run->own_mounts[0] && base != run->own_mounts[1]) ||
	    name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
		return -1;
	if (base == run->own_mounts[0] && names->entries != NULL) {
		int type = type_of(names, name);

		*ret_directory = type == DT_DIR;
		return type == DT_ABSENT ? 0 : type == DT_DIR || type == DT_REG ? 1 : -1;
	}
	if (fstatat(base, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	*ret_directory = S_ISDIR(st.st_mode);
	return S_ISDIR(st.st_mode) || S_ISREG(st.st_mode) ? 1 : -1;
}

/*
 * Find a path. What lies directly in a procfs or sysfs that we have made, and that nobody else has a hand in, is taken by
 * its name if it is no symbolic link, which saves opening it; everything else is opened, and can not be exchanged then.
 *
 * Returns 1, or 0 if it does not exist.
 */
static int find(const struct nsx_run *run, const struct names *names, const char *path,
		struct place *ret, struct nsx_err *err)
{
	const char *rest;
	int base = nsx_root_base(run, path, &rest);
	struct stat st;
	int r;

	*ret = (struct place){ .at = base, .name = rest + 1, .opened = -EBADF };
	r = find_by_name(run, names, base, ret->name, &ret->directory);
	if (r >= 0)
		return r;

	ret->name = "";
	ret->at = ret->opened = nsx_inroot_open(base, rest, O_PATH, 0, NULL);
	if (ret->at == -ENOENT || ret->at == -ENOTDIR)
		return 0;
	if (ret->at < 0)
		return nsx_err_set(err, ret->at, "openat2", path, NSX_HINT_SYMLINK);
	if (fstat(ret->at, &st) < 0) {
		nsx_close_fd(&ret->opened);
		return nsx_err_sys(err, "fstat", path);
	}
	ret->directory = S_ISDIR(st.st_mode);
	return 1;
}

/* The container can not choose what covers a file: it is the caller's /dev/null, and looked at. */
static int clone_null(struct nsx_err *err)
{
	struct stat st;
	auto_close int fd = nsx_mount_clone(AT_FDCWD, "/dev/null", false, err);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return nsx_err_set(err, -ENODEV, "check-device", "/dev/null", NSX_HINT_NONE);
	return nsx_take_fd(&fd);
}

#define EMPTY_DIR ".empty" /* in our /dev, while masks are made of it */

/* An empty directory to cover others with: of our own /dev, or else of a file system made for it. */
static int make_empty(const struct nsx_run *run, struct nsx_err *err)
{
	int dev = run->own_mounts[2];

	if (dev < 0)
		return nsx_mount_new("tmpfs", "mode=755,size=4k,nr_inodes=2", 0, err);
	if (mkdirat(dev, EMPTY_DIR, 0755) < 0 && errno != EEXIST)
		return nsx_err_sys(err, "mkdirat", "/dev/" EMPTY_DIR);
	return nsx_mount_clone(dev, EMPTY_DIR, false, err);
}

/* The first cover of a kind is made and stays; the next ones are clones of it, with its attributes. */
static int cover(const struct nsx_run *run, struct nsx_covers *covers, const struct place *place,
		 const char *path, struct nsx_err *err)
{
	enum {
		EMPTY_FLAGS = NSEXEC_MOUNT_RDONLY | NSEXEC_MOUNT_NOSUID | NSEXEC_MOUNT_NODEV |
			      NSEXEC_MOUNT_NOEXEC
	};
	int *first = place->directory ? &covers->directory : &covers->null;
	uint32_t flags = *first < 0 && place->directory ? EMPTY_FLAGS : 0;
	auto_close int mount = *first >= 0      ? nsx_mount_clone(*first, "", false, err) :
			       place->directory ? make_empty(run, err) :
						  clone_null(err);
	int r = mount;

	if (r >= 0)
		r = nsx_mount_attach_at(mount, place->at, place->name, flags, path, err);
	if (r >= 0 && *first < 0)
		*first = nsx_take_fd(&mount);
	return r;
}

static int mask(const struct nsx_run *run, const struct names *names, const char *path,
		struct nsx_covers *covers, struct nsx_err *err)
{
	struct place place;
	int r = find(run, names, path, &place, err);

	if (r > 0)
		r = cover(run, covers, &place, path, err);
	nsx_close_fd(&place.opened);
	return r;
}

int nsx_root_mask(const struct nsx_run *run, const char *path, struct nsx_covers *covers,
		  struct nsx_err *err)
{
	static const struct names unknown;

	return mask(run, &unknown, path, covers, err);
}

void nsx_root_drop_covers(const struct nsx_run *run, struct nsx_covers *covers)
{
	/* they stay as they are; nothing can be put into a directory that has been removed */
	if (covers->directory >= 0 && run->own_mounts[2] >= 0)
		(void)unlinkat(run->own_mounts[2], EMPTY_DIR, AT_REMOVEDIR);
	nsx_close_fd(&covers->directory);
	nsx_close_fd(&covers->null);
}

static int protect(const struct nsx_run *run, const struct names *names, const char *path,
		   struct nsx_err *err)
{
	struct place place;
	int r = find(run, names, path, &place, err);

	if (r > 0) {
		auto_close int tree = nsx_mount_clone(place.at, place.name, true, err);

		r = tree;
		if (r >= 0)
			r = nsx_mount_attach_at(tree, place.at, place.name,
						NSEXEC_MOUNT_RDONLY | NSEXEC_MOUNT_RECURSIVE, path,
						err);
	}
	nsx_close_fd(&place.opened);
	return r;
}

/* The number of a mount, 0 where the kernel does not tell it; for a C library that does not know the field. */
static uint64_t mount_id(int fd)
{
	enum { STATX_MNT_ID_BIT = 0x1000, PLACE = 0x90 };
	_Alignas(8) unsigned char buf[256] = { 0 };
	uint32_t mask = 0;
	uint64_t id = 0;

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_MNT_ID_BIT, buf) < 0)
		return 0;
	memcpy(&mask, buf, sizeof(mask));
	if ((mask & STATX_MNT_ID_BIT) != 0)
		memcpy(&id, buf + PLACE, sizeof(id));
	return id;
}

/*
 * Is what we mounted still where it was mounted, and on top? If not, somebody plays with the root, or has mounted over it:
 * then what was covered is not what the container sees.
 */
static int check_places(struct nsx_run *run, struct nsx_err *err)
{
	for (size_t i = 0; i < NSX_ARRAY_SIZE(nsx_own_places); i++) {
		struct stat ours;
		struct stat there;

		if (run->own_mounts[i] < 0)
			continue;

		auto_close int fd = nsx_inroot_open(run->root_fd, nsx_own_places[i],
						    O_PATH | O_NOFOLLOW, 0, err);

		if (fd < 0)
			return fd;
		if (fstat(run->own_mounts[i], &ours) < 0 || fstat(fd, &there) < 0)
			return nsx_err_sys(err, "fstat", nsx_own_places[i]);
		if (ours.st_dev != there.st_dev || ours.st_ino != there.st_ino ||
		    mount_id(run->own_mounts[i]) != mount_id(fd))
			return nsx_err_set(err, -ESTALE, "check-mount", nsx_own_places[i],
					   NSX_HINT_SYMLINK);
		nsx_close_fd(&run->own_mounts[i]);
	}
	return 0;
}

int nsx_root_hide(struct nsx_run *run, struct nsx_err *err)
{
	struct nsx_covers covers = NSX_NO_COVERS;
	struct names names = { .entries = NULL };
	int r = 0;

	list_names(run, &names);
	for (const char *p = NULL;
	     r >= 0 && (p = nsx_spec_next_text(run->spec, NSX_LIST_MASKED, p)) != NULL;)
		r = mask(run, &names, p, &covers, err);
	for (const char *p = NULL;
	     r >= 0 && (p = nsx_spec_next_text(run->spec, NSX_LIST_READONLY, p)) != NULL;)
		r = protect(run, &names, p, err);
	nsx_root_drop_covers(run, &covers);
	return r < 0 ? r : check_places(run, err);
}
