/* SPDX-License-Identifier: Apache-2.0 */
/* step.c owns the runner of step tables and the sending of messages. */
#include "lib/step.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/str.h"
#include "base/sys.h"

int nsx_msg_send(const struct nsx_run *run, struct nsx_msg *msg, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { .iov_base = msg, .iov_len = sizeof(*msg) };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (run->status_fd < 0)
		return 0;

	(void)nsx_str_copy(msg->role, sizeof(msg->role), run->role);
	if (fd >= 0) {
		header.msg_control = control.room;
		header.msg_controllen = sizeof(control.room);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	while (sendmsg(run->status_fd, &header, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int nsx_note(struct nsx_run *run, enum nsx_msg_type type, const char *text, struct nsx_err *err)
{
	struct nsx_msg msg = { .type = type };

	if (type == NSX_MSG_WARNING && (run->spec->flags & NSEXEC_PLAN_STRICT) != 0)
		return nsx_err_set(err, -EPERM, "take-over", text, NSX_HINT_NONE);

	(void)nsx_str_copy(msg.err.object, sizeof(msg.err.object), text);
	(void)nsx_msg_send(run, &msg, -1); /* who is not told is gone, and found out at the end */
	return 0;
}

int nsx_steps_run(const struct nsx_step *steps, struct nsx_run *run, struct nsx_err *err)
{
	bool trace = (run->spec->flags & NSEXEC_PLAN_TRACE) != 0;

	for (const struct nsx_step *step = steps; step->name != NULL; step++) {
		if (step->when != NULL && !step->when(run))
			continue;
		if (run->page != NULL)
			(void)nsx_str_copy(run->page->step, sizeof(run->page->step), step->name);
		if (trace) {
			struct nsx_msg msg = { .type = NSX_MSG_STEP };

			(void)nsx_str_copy(msg.err.step, sizeof(msg.err.step), step->name);
			(void)nsx_msg_send(run, &msg, -1);
		}

		int r = step->enter(run, err);

		if (r < 0) {
			(void)nsx_err_set(err, r, step->name, NULL, NSX_HINT_NONE);
			if (err->step[0] == '\0')
				(void)nsx_str_copy(err->step, sizeof(err->step), step->name);
			return r;
		}
	}
	return 0;
}

_Noreturn void nsx_fail(struct nsx_run *run, const struct nsx_err *err)
{
	struct nsx_msg msg = { .type = NSX_MSG_ERROR, .err = *err };

	(void)nsx_msg_send(run, &msg, -1);
	(void)nsx_sys_close_range(0, ~0U);
	for (;;)
		_exit(125);
}
