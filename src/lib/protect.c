/* SPDX-License-Identifier: Apache-2.0 */
/* protect.c owns the protection of our own program file (CVE-2019-5736). */
#include "lib/protect.h"

#include <errno.h>
#include <fcntl.h>
#include <nsexec/process.h>
#include <sys/auxv.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/num.h"
#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"

static int is_read_only(void)
{
	struct statfs fs;

	if (statfs("/proc/self/exe", &fs) < 0)
		return -errno;
	return (fs.f_flags & ST_RDONLY) != 0;
}

int nsx_protect_check(struct nsx_err *err)
{
	int r = is_read_only();

	if (r <= 0)
		return nsx_err_set(err, r < 0 ? r : -EPERM, "check-protected", "/proc/self/exe",
				   NSX_HINT_NONE);
	return 0;
}

/* The kernel calls a program that was executed by descriptor "/dev/fd/N". */
static int executed_by_fd(void)
{
	const char *name = (const char *)getauxval(AT_EXECFN);
	const char *number = name != NULL ? nsx_str_starts(name, "/dev/fd/") : NULL;
	int fd;

	return number != NULL && nsx_num_parse_fd(number, &fd) == 0 ? fd : -EBADF;
}

static int clone_read_only(struct nsx_err *err)
{
	struct nsx_mount_attr attr = { .attr_set = NSX_MOUNT_ATTR_RDONLY };
	unsigned flags = NSX_OPEN_TREE_CLONE | NSX_OPEN_TREE_CLOEXEC;
	auto_close int tree = (int)syscall(SYS_open_tree_attr, AT_FDCWD, "/proc/self/exe", flags,
					   &attr, sizeof(attr));

	if (tree >= 0)
		return nsx_take_fd(&tree);
	tree = nsx_sys_open_tree(AT_FDCWD, "/proc/self/exe", flags);
	if (tree < 0)
		return nsx_err_sys(err, "open_tree", "/proc/self/exe");
	if (nsx_sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr) < 0)
		return nsx_err_sys(err, "mount_setattr", "/proc/self/exe");
	return nsx_take_fd(&tree);
}

int nsexec_self_protect(char *const argv[], char *const envp[], struct nsexec_err *err)
{
	/* executed by descriptor: that were we, or somebody with the same idea; nsexec_spawn() looks at the mount */
	if (executed_by_fd() >= 0)
		return 0;

	/*
	 * The clone is of nobody's mount namespace, and its last descriptor is closed by the execve. As long as one were
	 * open, anywhere, CAP_SYS_ADMIN in a container could clear the read-only flag through /proc/PID/exe.
	 */
	auto_close int tree = clone_read_only(err);

	if (tree < 0)
		return tree;
	(void)nsx_sys_execveat(tree, "", argv, envp, AT_EMPTY_PATH);
	return nsx_err_sys(err, "execveat", "/proc/self/exe");
}
