/* SPDX-License-Identifier: Apache-2.0 */
/* dev.c owns the minimal /dev of a container. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/own.h"
#include "base/str.h"
#include "lib/mount.h"
#include "lib/root.h"

/* clang-format off */
static const struct {
	const char *name;
	unsigned major, minor;
} nodes[] = {
	{ "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};

static const struct {
	const char *name, *to;
} links[] = {
	{ "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" },
};
/* clang-format on */

/* In a user namespace device nodes can not be made: the caller's is bound, after a look at it. */
static int bind_node(int dev, size_t i, struct nsx_err *err)
{
	char path[32];
	struct nsx_str out = NSX_STR(path, sizeof(path));
	struct stat st;

	nsx_str_add(&out, "/dev/");
	nsx_str_add(&out, nodes[i].name);

	auto_close int tree = nsx_mount_clone(AT_FDCWD, path, false, err);

	if (tree < 0)
		return tree;
	if (fstat(tree, &st) < 0 || !S_ISCHR(st.st_mode) ||
	    st.st_rdev != makedev(nodes[i].major, nodes[i].minor))
		return nsx_err_set(err, -ENODEV, "check-device", path, NSX_HINT_NONE);

	auto_close int at =
		openat(dev, nodes[i].name, O_CREAT | O_EXCL | O_CLOEXEC | O_WRONLY, 0666);

	if (at < 0)
		return nsx_err_sys(err, "openat", path);
	return nsx_mount_attach(tree, at, NSEXEC_MOUNT_NOEXEC, path, err);
}

static int make_nodes(int dev, bool by_bind, struct nsx_err *err)
{
	for (size_t i = 0; i < NSX_ARRAY_SIZE(nodes); i++) {
		int r = 0;

		if (!by_bind && mknodat(dev, nodes[i].name, S_IFCHR | 0666,
					makedev(nodes[i].major, nodes[i].minor)) < 0) {
			if (errno != EPERM)
				return nsx_err_sys(err, "mknodat", nodes[i].name);
			by_bind = true;
		}
		if (by_bind)
			r = bind_node(dev, i, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int mount_below(int dev, const char *name, const char *type, const char *options,
		       uint32_t flags, struct nsx_err *err)
{
	auto_close int fs = nsx_mount_new(type, options, flags, err);

	if (fs < 0)
		return fs;
	if (mkdirat(dev, name, 0755) < 0 && errno != EEXIST)
		return nsx_err_sys(err, "mkdirat", name);

	auto_close int at = openat(dev, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (at < 0)
		return nsx_err_sys(err, "openat", name);
	return nsx_mount_attach(fs, at, 0, name, err);
}

static int mount_pts(int dev, struct nsx_err *err)
{
	enum { FLAGS = NSEXEC_MOUNT_NOSUID | NSEXEC_MOUNT_NOEXEC };
	int r = mount_below(dev, "pts", "devpts", "ptmxmode=0666,mode=0620,gid=5", FLAGS, NULL);

	/* group 5 (tty) may have no mapping in the user namespace */
	if (r == -EINVAL)
		r = mount_below(dev, "pts", "devpts", "ptmxmode=0666,mode=0620", FLAGS, err);
	return r < 0 ? nsx_err_set(err, r, "mount", "/dev/pts", NSX_HINT_NONE) : 0;
}

/* A directory of the same tmpfs, mounted once more with less rights: a file system of its own would cost 50 us more. */
static int mount_shm(int dev, struct nsx_err *err)
{
	enum { NOTHING = NSEXEC_MOUNT_NOSUID | NSEXEC_MOUNT_NODEV | NSEXEC_MOUNT_NOEXEC };

	if (mkdirat(dev, "shm", 01777) < 0)
		return nsx_err_sys(err, "mkdirat", "/dev/shm");

	auto_close int at = openat(dev, "shm", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (at < 0)
		return nsx_err_sys(err, "openat", "/dev/shm");

	auto_close int tree = nsx_mount_clone(at, "", false, err);

	if (tree < 0)
		return tree;
	return nsx_mount_attach(tree, at, NOTHING, "/dev/shm", err);
}

int nsx_root_dev(struct nsx_run *run, int target, struct nsx_err *err)
{
	enum { NOTHING = NSEXEC_MOUNT_NOSUID | NSEXEC_MOUNT_NODEV | NSEXEC_MOUNT_NOEXEC };
	mode_t mask = umask(0);
	int r;
	auto_close int dev = nsx_mount_new("tmpfs", "mode=755,size=64m",
					   NSEXEC_MOUNT_NOSUID | NSEXEC_MOUNT_NOEXEC, err);

	if (dev < 0)
		return dev;
	r = nsx_mount_attach(dev, target, 0, "/dev", err);
	if (r >= 0)
		r = make_nodes(dev, (run->fresh & NSEXEC_NS_USER) != 0, err);
	for (size_t i = 0; r >= 0 && i < NSX_ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].to, dev, links[i].name) < 0)
			r = nsx_err_sys(err, "symlinkat", links[i].name);
	if (r >= 0)
		r = mount_pts(dev, err);
	if (r >= 0)
		r = mount_shm(dev, err);
	if (r >= 0 && (run->fresh & NSEXEC_NS_IPC) != 0)
		r = mount_below(dev, "mqueue", "mqueue", NULL, NOTHING, err);
	(void)umask(mask);
	return r < 0 ? r : nsx_take_fd(&dev);
}
