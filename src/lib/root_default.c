/* SPDX-License-Identifier: Apache-2.0 */
/* root_default.c owns the embedded default root, which needs no image. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"
#include "base/str.h"
#include "base/inroot.h"
#include "lib/mount.h"
#include "lib/root.h"
#include "lib/step.h"

/* Where the upper layers are while the overlays are made; gone before the program runs. */
#define LAYERS ".layers"

/* clang-format off */
static const char *const system_dirs[] = {
	"usr", "etc", "opt", "bin", "sbin", "lib", "lib32", "lib64", "libx32",
};

static const struct {
	const char *name;
	mode_t mode;
} fresh_dirs[] = {
	{ "proc", 0755 }, { "sys", 0755 }, { "dev", 0755 }, { "tmp", 01777 }, { "var", 0755 }, { "var/tmp", 01777 },
	{ "var/log", 0755 }, { "var/cache", 0755 }, { "var/lib", 0755 }, { "run", 0755 }, { "root", 0700 },
	{ "home", 0755 }, { "mnt", 0755 }, { "srv", 0755 },
};

/* Beginnings of names in /etc that are covered; what they name exactly, or with anything behind. */
static const char *const secrets[] = { "shadow", "gshadow", "sudoers" };
static const char *const secret_dirs[] = { "/etc/ssh", "/etc/ssl/private" };
/* clang-format on */

/* The process stands in the tmpfs of the layers: upper and work directories are found relative to it. */
static int make_overlay(struct nsx_run *run, const char *name, struct nsx_err *err)
{
	char options[256];
	char dir[64];
	struct nsx_str out = NSX_STR(options, sizeof(options));
	struct nsx_str layer = NSX_STR(dir, sizeof(dir));
	size_t stem;

	nsx_str_add(&layer, name);
	if (mkdir(dir, 0755) < 0)
		return nsx_err_sys(err, "mkdir", dir);
	stem = layer.used;
	nsx_str_add(&layer, "/u");
	if (mkdir(dir, 0755) < 0)
		return nsx_err_sys(err, "mkdir", dir);
	dir[stem + 1] = 'w';
	if (mkdir(dir, 0755) < 0)
		return nsx_err_sys(err, "mkdir", dir);

	nsx_str_add(&out, "lowerdir=/");
	nsx_str_add(&out, name);
	nsx_str_add(&out, ",upperdir=");
	nsx_str_add(&out, name);
	nsx_str_add(&out, "/u,workdir=");
	nsx_str_add(&out, name);
	nsx_str_add(&out, "/w");
	if ((run->fresh & NSEXEC_NS_USER) != 0)
		nsx_str_add(
			&out,
			",userxattr"); /* trusted.* attributes need power over the first user namespace */
	return nsx_mount_new("overlay", options, NSEXEC_MOUNT_NODEV, err);
}

static int note_readonly(struct nsx_run *run, const char *name, struct nsx_err *err)
{
	char text[128];
	struct nsx_str out = NSX_STR(text, sizeof(text));

	nsx_str_add(&out, "no overlay is possible on /");
	nsx_str_add(&out, name);
	nsx_str_add(&out, " here: it is there read-only");
	return nsx_note(run, NSX_MSG_INFO, text, err);
}

static int show_dir(struct nsx_run *run, const char *name, struct nsx_err *err)
{
	char path[64];
	struct nsx_str out = NSX_STR(path, sizeof(path));
	auto_close int tree = make_overlay(run, name, NULL);
	uint32_t flags = 0;

	nsx_str_add(&out, "/");
	nsx_str_add(&out, name);
	if (tree < 0) {
		int r = note_readonly(run, name, err);

		if (r < 0)
			return r;
		flags = NSEXEC_MOUNT_RDONLY | NSEXEC_MOUNT_RECURSIVE;
		tree = nsx_mount_clone_with(path, flags, err);
	}
	if (tree < 0)
		return tree;
	if (mkdirat(run->root_fd, name, 0755) < 0)
		return nsx_err_sys(err, "mkdirat", path);

	auto_close int at =
		openat(run->root_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (at < 0)
		return nsx_err_sys(err, "openat", path);
	if ((run->spec->set & NSX_SET_ROOT_READONLY) != 0)
		flags |= NSEXEC_MOUNT_RDONLY;
	return nsx_mount_attach(tree, at, flags, path, err);
}

static int show_entry(struct nsx_run *run, int old, const char *name, struct nsx_err *err)
{
	char to[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fstatat(old, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : nsx_err_sys(err, "stat", name);
	if (S_ISDIR(st.st_mode))
		return show_dir(run, name, err);
	if (!S_ISLNK(st.st_mode))
		return 0;

	n = readlinkat(old, name, to, sizeof(to) - 1);
	if (n < 0)
		return nsx_err_sys(err, "readlinkat", name);
	to[n] = '\0';
	if (symlinkat(to, run->root_fd, name) < 0)
		return nsx_err_sys(err, "symlinkat", name);
	return 0;
}

static bool is_secret(const char *name)
{
	for (size_t i = 0; i < NSX_ARRAY_SIZE(secrets); i++)
		if (nsx_str_starts(name, secrets[i]) != NULL)
			return true;
	return false;
}

struct dirent64_head {
	uint64_t ino;
	int64_t offset;
	uint16_t bytes;
	uint8_t type;
	char name[];
};

/* Without opendir(3), which allocates. */
static int mask_files(struct nsx_run *run, struct nsx_covers *covers, struct nsx_err *err)
{
	_Alignas(8) char buf[8192];
	auto_close int etc = nsx_inroot_open(run->root_fd, "/etc", O_RDONLY | O_DIRECTORY, 0, NULL);
	int r;

	if (etc < 0)
		return 0;
	for (;;) {
		long n = syscall(SYS_getdents64, etc, buf, sizeof(buf));

		if (n < 0)
			return nsx_err_sys(err, "getdents64", "/etc");
		if (n == 0)
			break;
		for (long at = 0; at < n;) {
			const struct dirent64_head *entry = (const void *)(buf + at);
			char path[NAME_MAX + 8];
			struct nsx_str out = NSX_STR(path, sizeof(path));

			at += entry->bytes;
			if (!is_secret(entry->name))
				continue;
			nsx_str_add(&out, "/etc/");
			nsx_str_add(&out, entry->name);
			r = nsx_root_mask(run, path, covers, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int mask_secrets(struct nsx_run *run, struct nsx_err *err)
{
	struct nsx_covers covers = NSX_NO_COVERS;
	int r = mask_files(run, &covers, err);

	for (size_t i = 0; r >= 0 && i < NSX_ARRAY_SIZE(secret_dirs); i++)
		r = nsx_root_mask(run, secret_dirs[i], &covers, err);
	nsx_root_drop_covers(run, &covers);
	return r;
}

/* A tmpfs for the upper layers, attached since overlay wants them reachable, and entered. */
static int enter_layers(struct nsx_run *run, struct nsx_err *err)
{
	auto_close int layers = nsx_mount_new("tmpfs", "mode=700", 0, err);
	int r;

	if (layers < 0)
		return layers;
	if (mkdirat(run->root_fd, LAYERS, 0700) < 0)
		return nsx_err_sys(err, "mkdirat", LAYERS);

	auto_close int at = openat(run->root_fd, LAYERS, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (at < 0)
		return nsx_err_sys(err, "openat", LAYERS);
	r = nsx_mount_attach(layers, at, 0, LAYERS, err);
	if (r < 0)
		return r;
	if (fchdir(layers) < 0)
		return nsx_err_sys(err, "fchdir", LAYERS);
	return 0;
}

static int leave_layers(struct nsx_run *run, struct nsx_err *err)
{
	if (fchdir(run->root_fd) < 0)
		return nsx_err_sys(err, "fchdir", "/");
	if (umount2(LAYERS, MNT_DETACH) < 0) /* the overlays hold what they need of it */
		return nsx_err_sys(err, "umount2", LAYERS);
	if (unlinkat(run->root_fd, LAYERS, AT_REMOVEDIR) < 0)
		return nsx_err_sys(err, "unlinkat", LAYERS);
	return 0;
}

int nsx_root_default(struct nsx_run *run, struct nsx_err *err)
{
	mode_t mask = umask(0);
	auto_close int old = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = old < 0 ? nsx_err_sys(err, "open", "/") : enter_layers(run, err);

	for (size_t i = 0; r >= 0 && i < NSX_ARRAY_SIZE(system_dirs); i++)
		r = show_entry(run, old, system_dirs[i], err);
	for (size_t i = 0; r >= 0 && i < NSX_ARRAY_SIZE(fresh_dirs); i++)
		if (mkdirat(run->root_fd, fresh_dirs[i].name, fresh_dirs[i].mode) < 0)
			r = nsx_err_sys(err, "mkdirat", fresh_dirs[i].name);
	if (r >= 0)
		r = leave_layers(run, err);
	if (r >= 0)
		r = mask_secrets(run, err);
	(void)umask(mask);
	return r;
}
