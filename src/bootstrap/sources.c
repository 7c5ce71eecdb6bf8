/* SPDX-License-Identifier: Apache-2.0 */
/* sources.c owns the mount sources of runc 1.1: opened by stage 0, which may look them up, used by the runtime's init. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/own.h"
#include "base/num.h"
#include "base/str.h"
#include "base/sys.h"
#include "bootstrap/boot.h"

static int enter_mounts(int fd, const char *whose, struct nsx_err *err)
{
	return nsx_sys_setns(fd, NSX_CLONE_NEWNS) < 0 ? nsx_err_sys(err, "setns", whose) : 0;
}

static int send_fd(int socket, int fd, struct nsx_err *err)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control.room,
				  .msg_controllen = sizeof(control.room) };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return nsx_err_sys(err, "sendmsg", "mount source");
	return 0;
}

static int send_all(struct nsx_boot *boot, struct nsx_err *err)
{
	const struct nsx_boot_text *list = &boot->message.mounts;
	int r = 0;

	for (const char *p = list->text; r >= 0 && p < list->text + list->len; p += strlen(p) + 1) {
		if (*p == '\0') /* not a bind mount */
			continue;

		auto_close int fd = openat(AT_FDCWD, p, O_PATH | O_CLOEXEC);

		r = fd < 0 ? nsx_err_sys(err, "open", p) : send_fd(boot->run.status_fd, fd, err);
	}
	return r;
}

int nsx_boot_send_sources(struct nsx_boot *boot, pid_t pid, struct nsx_err *err)
{
	char path[40];
	struct nsx_str out = NSX_STR(path, sizeof(path));
	auto_close int own = openat(AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	auto_close int theirs = -EBADF;
	struct nsx_err back = { 0 };
	int r;

	nsx_str_add(&out, "/proc/");
	nsx_str_add_i64(&out, pid);
	nsx_str_add(&out, "/ns/mnt");
	theirs = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (own < 0 || theirs < 0)
		return nsx_err_sys(err, "open", own < 0 ? "/proc/self/ns/mnt" : path);

	r = enter_mounts(theirs, "mount namespace of stage-1", err);
	if (r < 0)
		return r;
	r = send_all(boot, err);
	if (enter_mounts(own, "own mount namespace", &back) < 0 && r >= 0) {
		*err = back;
		r = back.code;
	}
	return r;
}

/* The next number of "[-1,6,7]"; -EPROTO if there is none. */
static int next_number(const char **text, int *ret)
{
	uint64_t number;

	*text += strspn(*text, "[, ");
	if (strncmp(*text, "-1", 2) == 0) {
		*text += 2;
		*ret = -1;
		return 0;
	}
	if (nsx_num_scan_u64(text, &number) < 0 || number > INT32_MAX)
		return -EPROTO;
	*ret = (int)number;
	return 0;
}

static int take_fd(int socket, int number, struct nsx_err *err)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	auto_close int fd = -EBADF;
	struct cmsghdr *header;
	ssize_t n;

	while ((n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	header = n == 1 ? CMSG_FIRSTHDR(&message) : NULL;
	if (header == NULL || header->cmsg_type != SCM_RIGHTS)
		return nsx_err_set(err, -ECANCELED, "wait", "mount source of stage-0",
				   NSX_HINT_NONE);
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	if (fd == number) {
		(void)nsx_take_fd(&fd);
		return 0;
	}
	if (dup3(fd, number, O_CLOEXEC) < 0)
		return nsx_err_sys(err, "dup3", "mount source");
	return 0;
}

int nsx_boot_take_sources(struct nsx_run *run, struct nsx_err *err)
{
	static const char variable[] = "_LIBCONTAINER_MOUNT_FDS";
	struct nsx_boot *boot = nsx_boot_of(run);
	const struct nsx_boot_text *list = &boot->message.mounts;
	const char *numbers = getenv(variable);
	int r;

	if (numbers == NULL || *numbers != '[')
		return nsx_err_set(err, -EPROTO, "parse", variable, NSX_HINT_NONE);

	/* both sides have to mean the same before anything is sent: one would wait for ever otherwise */
	const char *n = numbers;
	int number;

	for (const char *p = list->text; p < list->text + list->len; p += strlen(p) + 1)
		if (next_number(&n, &number) < 0 || (number >= 0) != (*p != '\0'))
			return nsx_err_set(err, -EPROTO, "compare", variable, NSX_HINT_NONE);
	if (*n != ']')
		return nsx_err_set(err, -EPROTO, "compare", variable, NSX_HINT_NONE);

	r = nsx_boot_say(boot, NSX_BOOT_SOURCES, err);
	n = numbers;
	while (r >= 0 && *n != ']' && next_number(&n, &number) == 0)
		if (number >= 0)
			r = take_fd(run->ask_fd, number, err);
	return r < 0 ? r : nsx_boot_hear(boot, err);
}
