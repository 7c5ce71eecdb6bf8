/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self.c owns the protection of the runtime's program in the eras in which the C code did that: the program is executed
 * again from a file that a container can not change (CVE-2019-5736).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "base/sys.h"
#include "bootstrap/boot.h"

#define PROGRAM "/proc/self/exe"
#define VARIABLE "_LIBCONTAINER_CLONED_BINARY"

enum {
	ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
	ARGS_BYTES_MAX = 4 << 20
};

/* Our own doing is believed without the variable only if nobody else can have done it: with seals. */
static bool is_protected(void)
{
	const char *said = getenv(VARIABLE);
	auto_close int fd = openat(AT_FDCWD, PROGRAM, O_RDONLY | O_CLOEXEC);
	struct statvfs fs;
	struct stat st;
	int seals = fd >= 0 ? fcntl(fd, F_GET_SEALS) : -1;

	if (seals >= 0)
		return (seals & ALL_SEALS) == ALL_SEALS;
	if (said == NULL || *said == '\0' || fd < 0)
		return false;
	return (fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0) ||
	       (fstat(fd, &st) == 0 && st.st_nlink == 0);
}

/* A clone of the program's mount: read-only, and of no mount namespace. */
static int clone_mount(void)
{
	struct nsx_mount_attr attr = { .attr_set = NSX_MOUNT_ATTR_RDONLY };
	auto_close int tree =
		nsx_sys_open_tree(AT_FDCWD, PROGRAM, NSX_OPEN_TREE_CLONE | NSX_OPEN_TREE_CLOEXEC);

	if (tree < 0 || nsx_sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr) < 0)
		return -errno;
	return nsx_take_fd(&tree);
}

/* Without privileges: a sealed copy in memory. */
static int copy_program(struct nsx_err *err)
{
	static const char name[] = "runc_cloned:" PROGRAM;
	auto_close int from = openat(AT_FDCWD, PROGRAM, O_RDONLY | O_CLOEXEC);
	auto_close int to = -EBADF;
	struct stat st;

	if (from < 0 || fstat(from, &st) < 0)
		return nsx_err_sys(err, "open", PROGRAM);
	to = (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (to < 0 && errno == EINVAL) /* MFD_EXEC is unknown before 6.3 */
		to = (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (to < 0)
		return nsx_err_set(err, -errno, "memfd_create", PROGRAM,
				   errno == EACCES ? NSX_HINT_MEMFD_NOEXEC : NSX_HINT_NONE);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return nsx_err_set(err, n < 0 ? -errno : -EIO, "sendfile", PROGRAM,
					   NSX_HINT_NONE);
		left -= n;
	}
	if (fcntl(to, F_ADD_SEALS, ALL_SEALS) < 0)
		return nsx_err_sys(err, "fcntl(F_ADD_SEALS)", PROGRAM);
	return nsx_take_fd(&to);
}

/* The arguments, of which nsexec() is told nothing. */
static int read_arguments(char **ret_text, char ***ret_argv, struct nsx_err *err)
{
	ssize_t bytes =
		nsx_file_read_alloc(AT_FDCWD, "/proc/self/cmdline", ARGS_BYTES_MAX, ret_text, err);
	size_t count = 0;

	if (bytes < 0)
		return (int)bytes;
	for (ssize_t i = 0; i < bytes; i++)
		count += (*ret_text)[i] == '\0';
	*ret_argv = calloc(count + 2, sizeof(**ret_argv));
	if (*ret_argv == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", "arguments", NSX_HINT_NONE);
	count = 0;
	for (char *p = *ret_text; p < *ret_text + bytes; p += strlen(p) + 1)
		(*ret_argv)[count++] = p;
	return 0;
}

int nsx_boot_protect_self(struct nsx_err *err)
{
	auto_free char *text = NULL;
	auto_free char **argv = NULL;
	auto_close int fd = -EBADF;
	int r;

	if (is_protected())
		return 0;

	r = read_arguments(&text, &argv, err);
	if (r < 0)
		return r;
	if (setenv(VARIABLE, "1", 1) < 0)
		return nsx_err_sys(err, "setenv", VARIABLE);
	fd = clone_mount();
	if (fd >= 0)
		(void)nsx_sys_execveat(fd, "", argv, environ, AT_EMPTY_PATH);
	nsx_close_fd(&fd);
	fd = copy_program(err);
	if (fd < 0)
		return fd;
	(void)nsx_sys_execveat(fd, "", argv, environ, AT_EMPTY_PATH);
	return nsx_err_sys(err, "execveat", PROGRAM);
}
