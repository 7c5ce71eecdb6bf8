/* SPDX-License-Identifier: Apache-2.0 */
/* tty.c owns the terminal of the program. */
#include "lib/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/inroot.h"
#include "base/own.h"
#include "lib/step.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif
#define DEVPTS_MAGIC 0x1cd1

/* A multiplexer of a devpts, and nothing that only looks like one: the container chooses what is at the path. */
static int open_multiplexer(int root, const char *path)
{
	auto_close int fd = nsx_inroot_open(root, path, O_PATH, 0, NULL);
	struct stat st;
	struct statfs fs;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) ||
	    fstatfs(fd, &fs) < 0)
		return -ENODEV;
	if ((uint64_t)fs.f_type != DEVPTS_MAGIC)
		return -ENODEV;

	/* opening an O_PATH descriptor again takes procfs, which is the container's: open by path, and look again */
	int again = nsx_inroot_open(root, path, O_RDWR | O_NOCTTY | O_NONBLOCK, 0, NULL);

	if (again < 0)
		return again;
	if (fstat(again, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2)) {
		(void)close(again);
		return -ENODEV;
	}
	(void)fcntl(again, F_SETFL, O_RDWR);
	return again;
}

static int find_multiplexer(struct nsx_run *run, struct nsx_err *err)
{
	static const char *const paths[] = { "dev/pts/ptmx", "dev/ptmx" };
	auto_close int root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = -ENODEV;

	if (root < 0)
		return nsx_err_sys(err, "open", "/");
	for (size_t i = 0; fd < 0 && i < NSX_ARRAY_SIZE(paths); i++)
		fd = open_multiplexer(root, paths[i]);
	if (fd >= 0)
		return fd;
	if (run->ptmx_fd < 0)
		return nsx_err_set(err, fd, "open", "/dev/pts/ptmx", NSX_HINT_NO_DEVPTS);

	int r = nsx_note(
		run, NSX_MSG_INFO,
		"the container has no devpts: the terminal is the caller's, ttyname(3) fails inside",
		err);

	return r < 0 ? r : nsx_take_fd(&run->ptmx_fd);
}

int nsx_tty_make(struct nsx_run *run, struct nsx_err *err)
{
	struct winsize size = { .ws_row = run->spec->tty_rows, .ws_col = run->spec->tty_columns };
	struct nsx_msg msg = { .type = NSX_MSG_TTY };
	int unlock = 0;
	auto_close int master = find_multiplexer(run, err);

	if (master < 0)
		return master;
	nsx_close_fd(&run->ptmx_fd);
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return nsx_err_sys(err, "ioctl(TIOCSPTLCK)", "terminal");
	if (size.ws_row != 0 && ioctl(master, TIOCSWINSZ, &size) < 0)
		return nsx_err_sys(err, "ioctl(TIOCSWINSZ)", "terminal");

	auto_close int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (slave < 0)
		return nsx_err_sys(err, "ioctl(TIOCGPTPEER)", "terminal");
	for (int fd = 0; fd <= 2; fd++)
		if (dup3(slave, fd, 0) < 0)
			return nsx_err_sys(err, "dup3", "terminal");
	if (nsx_msg_send(run, &msg, master) < 0)
		return nsx_err_set(err, -ECANCELED, "check-parent", "parent", NSX_HINT_NONE);
	return 0;
}
