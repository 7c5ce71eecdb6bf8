/* SPDX-License-Identifier: Apache-2.0 */
/* receive.c owns the parent's ear: which messages may come from the roles, and when the program was executed. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/cgroup.h"
#include "lib/spawn.h"

void nsx_tell(const struct nsx_spawn *spawn, uint32_t type, pid_t pid, const char *role,
	      const char *text)
{
	struct nsexec_event event = { .type = type, .pid = pid, .role = role, .text = text };

	if (spawn->args.event != NULL)
		spawn->args.event(spawn->args.data, &event);
}

/* Take one datagram. Returns its bytes, 0 at the end, and the descriptor that came with it. */
static ssize_t take_message(const struct nsx_spawn *spawn, struct nsx_msg *msg, int *ret_fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = msg, .iov_len = sizeof(*msg) };
	struct msghdr header = { .msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control) };
	ssize_t n;

	while ((n = recvmsg(spawn->status_fd, &header, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (n <= 0)
		return 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c != NULL; c = CMSG_NXTHDR(&header, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return n;
}

/* From a plan that asks for none, or what is no terminal, nothing is taken: it would be shown to the user as it is. */
static void take_terminal(struct nsx_spawn *spawn, const struct nsx_msg *msg, int *fd)
{
	struct winsize size;

	(void)msg;
	if ((spawn->spec->set & NSX_SET_TTY) == 0 || ioctl(*fd, TIOCGWINSZ, &size) < 0)
		return;
	nsx_close_fd(&spawn->tty_fd);
	spawn->tty_fd = nsx_take_fd(fd);
}

static void take_ready(struct nsx_spawn *spawn, const struct nsx_msg *msg, int *fd)
{
	(void)msg;
	(void)fd;
	spawn->ready = true;
	nsx_tell(spawn, NSEXEC_EVENT_READY, 0, "parent", "");
}

static void take_error(struct nsx_spawn *spawn, const struct nsx_msg *msg, int *fd)
{
	(void)fd;
	/* one that only gave up because another failed has the less to say */
	if (spawn->reported.code == 0 || spawn->reported.code == -ECANCELED)
		spawn->reported = msg->err;
}

static void take_note(struct nsx_spawn *spawn, const struct nsx_msg *msg, int *fd)
{
	uint32_t type = msg->type == NSX_MSG_STEP ? NSEXEC_EVENT_STEP :
			msg->type == NSX_MSG_INFO ? NSEXEC_EVENT_INFO :
						    NSEXEC_EVENT_WARNING;

	(void)fd;
	nsx_tell(spawn, type, 0, msg->role,
		 msg->type == NSX_MSG_STEP ? msg->err.step : msg->err.object);
}

/*
 * Which message may come, and how often. The final process can be taken over by the container, so whatever comes may be
 * forged; behind READY nothing but an error may come, since the next thing is execve.
 */
/* clang-format off */
static const struct request {
	uint32_t type;
	unsigned most;
	bool after_ready;
	void (*take)(struct nsx_spawn *spawn, const struct nsx_msg *msg, int *fd);
} requests[] = {
	{ NSX_MSG_ERROR,     4, true,  take_error },
	{ NSX_MSG_STEP,    128, true,  take_note },
	{ NSX_MSG_INFO,     32, false, take_note },
	{ NSX_MSG_WARNING,  32, false, take_note },
	{ NSX_MSG_TTY,       1, false, take_terminal },
	{ NSX_MSG_READY,     1, false, take_ready },
};
/* clang-format on */

/* Returns 1 to go on, 0 at the end, -EPROTO for what must not come. */
static int receive(struct nsx_spawn *spawn, struct nsx_err *err)
{
	struct nsx_msg msg = { 0 };
	auto_close int fd = -EBADF;
	ssize_t n = take_message(spawn, &msg, &fd);

	if (n == 0)
		return 0;
	msg.role[sizeof(msg.role) - 1] = '\0';
	nsx_err_sanitize(&msg.err);
	for (size_t i = 0; n == sizeof(msg) && i < NSX_ARRAY_SIZE(requests); i++) {
		if (requests[i].type != msg.type)
			continue;
		if (++spawn->seen[i] > requests[i].most ||
		    (spawn->ready && !requests[i].after_ready))
			break;
		requests[i].take(spawn, &msg, &fd);
		return 1;
	}
	return nsx_err_set(err, -EPROTO, "receive", "message of the new process", NSX_HINT_NONE);
}

pid_t nsx_last_pid(const struct nsx_page *page)
{
	return page->final_pid > 0 ? page->final_pid :
	       page->inner_pid > 0 ? page->inner_pid :
				     page->helper_pid;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Does it run another program than we do, and than the helper image? Then it has executed the program. */
static bool has_executed(const struct nsx_spawn *spawn, pid_t pid)
{
	char path[32];
	struct nsx_str out = NSX_STR(path, sizeof(path));
	struct stat theirs;
	struct stat ours;

	nsx_str_add(&out, "/proc/");
	nsx_str_add_i64(&out, pid);
	nsx_str_add(&out, "/exe");
	if (stat(path, &theirs) < 0 || stat("/proc/self/exe", &ours) < 0 ||
	    same_file(&theirs, &ours))
		return false;
	return spawn->plan->image_fd < 0 || fstat(spawn->plan->image_fd, &ours) < 0 ||
	       !same_file(&theirs, &ours);
}

enum { LOOK_MS = 200 };

/*
 * Until there is a message, the caller may change his mind. What is there already comes first; when nothing comes, the
 * reason is looked for.
 */
static bool is_cancelled(struct nsx_spawn *spawn, struct nsx_err *err)
{
	struct pollfd fds[2] = { { .fd = spawn->status_fd, .events = POLLIN },
				 { .fd = spawn->args.cancel_fd - 1, .events = POLLIN } };

	for (;;) {
		int r = poll(fds, 2, LOOK_MS);
		pid_t pid = nsx_last_pid(spawn->page);

		if (fds[0].revents != 0)
			return false;
		if (r > 0) {
			(void)nsx_err_set(err, -EINTR, "wait", "new process", NSX_HINT_NONE);
			spawn->gave_up = true;
		}
		if (r == 0 && pid > 0 && nsx_cgroup_check_frozen(pid, err) < 0)
			spawn->gave_up = true;
		if (spawn->gave_up)
			return true;
	}
}

/*
 * Before READY whatever comes next is waited for. Behind it the execve closes the socket; but a container that got hold
 * of it (pidfd_getfd(2)) could keep it open for ever: so the end of the process, and its being another program, count
 * as well. Returns whether there is something to receive.
 */
static bool wait_for_more(struct nsx_spawn *spawn, struct nsx_err *err)
{
	if (!spawn->ready)
		return !is_cancelled(spawn, err);
	if (spawn->pidfd < 0)
		spawn->pidfd = nsx_sys_pidfd_open(nsx_last_pid(spawn->page));

	struct pollfd fds[2] = { { .fd = spawn->status_fd, .events = POLLIN },
				 { .fd = spawn->pidfd, .events = POLLIN } };

	for (;;) {
		int r = poll(fds, 2, LOOK_MS);

		if (r > 0)
			return fds[0].revents != 0;
		if ((r < 0 && errno != EINTR) ||
		    (r == 0 && has_executed(spawn, nsx_last_pid(spawn->page))))
			return false;
	}
}

void nsx_listen(struct nsx_spawn *spawn, struct nsx_err *err)
{
	while (wait_for_more(spawn, err) && receive(spawn, err) > 0)
		;
	if (err->code == 0 && spawn->reported.code != 0)
		*err = spawn->reported;
}
