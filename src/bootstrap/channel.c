/* SPDX-License-Identifier: Apache-2.0 */
/* channel.c owns what goes between the stages, and from them to the runtime. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"
#include "bootstrap/boot.h"
#include "lib/child_steps.h"
#include "lib/maps.h"

int nsx_boot_pair_up(struct nsx_boot *boot, struct nsx_err *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return nsx_err_sys(err, "socketpair", NULL);
	boot->run.status_fd = pair[0];
	boot->run.ask_fd = pair[1];
	return 0;
}

int nsx_boot_write(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == ENOTSOCK)
			n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

bool nsx_boot_tells_first(const struct nsx_boot *boot)
{
	return boot->direct && boot->spec->ns[0].mode != NSEXEC_NS_MODE_NEW;
}

static int gone(struct nsx_err *err)
{
	return nsx_err_set(err, -ECANCELED, "wait", "stage-0, which is gone", NSX_HINT_NONE);
}

int nsx_boot_say(struct nsx_boot *boot, enum nsx_boot_ask ask, struct nsx_err *err)
{
	struct nsx_boot_datagram question = { .ask = ask, .stage = (uint32_t)boot->stage };
	ssize_t n;

	while ((n = send(boot->run.ask_fd, &question, sizeof(question), MSG_NOSIGNAL)) < 0 &&
	       errno == EINTR)
		;
	return n < 0 ? gone(err) : 0;
}

int nsx_boot_hear(struct nsx_boot *boot, struct nsx_err *err)
{
	char answer;
	ssize_t n;

	while ((n = recv(boot->run.ask_fd, &answer, 1, 0)) < 0 && errno == EINTR)
		;
	return n == 1 ? 0 : gone(err);
}

int nsx_boot_ask(struct nsx_boot *boot, enum nsx_boot_ask ask, struct nsx_err *err)
{
	int r = nsx_boot_say(boot, ask, err);

	return r < 0 ? r : nsx_boot_hear(boot, err);
}

/* The pid message of the era, with the numbers of the stages. */
static int send_pids(struct nsx_boot *boot, struct nsx_err *err)
{
	char text[96];
	struct nsx_str out = NSX_STR(text, sizeof(text));
	int r;

	for (const char *p = boot->era->pids; *p != '\0'; p++) {
		char one[2] = { *p, '\0' };

		if (*p != '$') {
			nsx_str_add(&out, one);
			continue;
		}
		p++;
		nsx_str_add_i64(&out, *p == '1' ? boot->page->helper_pid : boot->page->final_pid);
	}
	/* from now on the runtime may reap them, and their numbers be given away */
	boot->stage_fd[2] = nsx_sys_pidfd_open(boot->page->final_pid);
	if (boot->stage_fd[2] < 0)
		return nsx_err_sys(err, "pidfd_open", "stage-2");
	r = nsx_boot_write(boot->init_fd, text, out.used);
	return r < 0 ? nsx_err_set(err, r, "write", "pids to the runtime", NSX_HINT_NONE) : 0;
}

static int send_offsets(struct nsx_boot *boot, pid_t pid, struct nsx_err *err)
{
	char path[48];
	struct nsx_str out = NSX_STR(path, sizeof(path));

	nsx_str_add(&out, "/proc/");
	nsx_str_add_i64(&out, pid);
	nsx_str_add(&out, "/timens_offsets");
	return nsx_time_write(boot->spec, path, err);
}

static int do_maps(struct nsx_boot *boot, struct nsx_err *err)
{
	return nsx_maps_write(&boot->run,
			      boot->direct ? boot->page->final_pid : boot->page->helper_pid, err);
}

static int do_offsets(struct nsx_boot *boot, struct nsx_err *err)
{
	return send_offsets(boot, boot->page->helper_pid, err);
}

static int do_sources(struct nsx_boot *boot, struct nsx_err *err)
{
	return nsx_boot_send_sources(boot, boot->page->helper_pid, err);
}

static int do_pids(struct nsx_boot *boot, struct nsx_err *err)
{
	return send_pids(boot, err);
}

static int do_nothing(struct nsx_boot *boot, struct nsx_err *err)
{
	(void)boot;
	(void)err;
	return 0;
}

/* Who may ask for what, once; stage 2 can be in a container's hands. */
/* clang-format off */
static const struct {
	enum nsx_boot_ask ask;
	uint32_t stage;
	int (*serve)(struct nsx_boot *boot, struct nsx_err *err);
} requests[] = {
	{ NSX_BOOT_MAPS,    1, do_maps },
	{ NSX_BOOT_MAPS,    2, do_maps },
	{ NSX_BOOT_OFFSETS, 1, do_offsets },
	{ NSX_BOOT_SOURCES, 1, do_sources },
	{ NSX_BOOT_PIDS,    2, do_pids },
	{ NSX_BOOT_DONE,    2, do_nothing },
};
/* clang-format on */

static void send_answer(const struct nsx_boot *boot)
{
	while (send(boot->run.status_fd, "", 1, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

/* All ends of the other stages are closed, and stage 2 has not said that it is done. */
static int who_died(struct nsx_boot *boot, struct nsx_err *err)
{
	uint32_t stage = boot->page->final_pid > 0 ? 2 : 1;

	memcpy(err->step, (stage == 1 ? boot->page : boot->note)->step, sizeof(err->step));
	err->step[sizeof(err->step) - 1] = '\0';
	return nsx_err_set(err, -ECANCELED, "wait",
			   stage == 1 ? "stage-1, which was killed" : "stage-2, which was killed",
			   NSX_HINT_NONE);
}

/* What is done for one that has been killed fails; it is a moment until all of its ends are closed. */
static bool has_died(const struct nsx_boot *boot)
{
	struct pollfd end = { .fd = boot->run.status_fd, .events = 0 };

	return poll(&end, 1, 100) > 0 && (end.revents & POLLHUP) != 0;
}

/* Returns 1 when stage 2 needs us no more, 0 to go on. */
static int answer(struct nsx_boot *boot, struct nsx_boot_datagram *question, struct nsx_err *err)
{
	if (question->ask == NSX_BOOT_FAILED) {
		nsx_err_sanitize(&question->err);
		boot->log.tag = question->stage == 1 ? "nsexec-1" : "nsexec-2";
		*err = question->err;
		return err->code;
	}
	for (size_t i = 0; i < NSX_ARRAY_SIZE(requests); i++) {
		if (requests[i].ask != question->ask || requests[i].stage != question->stage ||
		    boot->asked[question->ask])
			continue;
		boot->asked[question->ask] = true;

		int r = requests[i].serve(boot, err);

		if (r < 0 && has_died(boot)) {
			*err = (struct nsx_err){ 0 };
			return who_died(boot, err);
		}
		if (r < 0)
			return r;
		if (question->ask == NSX_BOOT_DONE)
			return 1;
		send_answer(boot);
		return 0;
	}
	return nsx_err_set(err, -EPROTO, "receive", "message of another stage", NSX_HINT_NONE);
}

static int serve(struct nsx_boot *boot, struct nsx_err *err)
{
	struct pollfd fds[2] = { { .fd = boot->run.status_fd, .events = POLLIN },
				 { .fd = boot->init_fd, .events = 0 } };

	for (;;) {
		struct nsx_boot_datagram question = { .ask = 0 };
		ssize_t n;
		int r;

		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return nsx_err_sys(err, "poll", "other stages");
		}
		if (fds[0].revents == 0)
			return nsx_err_set(err, -ECANCELED, "wait", "the runtime, which is gone",
					   NSX_HINT_NONE);
		n = recv(boot->run.status_fd, &question, sizeof(question), MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return who_died(boot, err);
		if (n != (ssize_t)sizeof(question))
			return nsx_err_set(err, -EPROTO, "receive", "message of another stage",
					   NSX_HINT_NONE);
		r = answer(boot, &question, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
}

int nsx_boot_serve(struct nsx_run *run, struct nsx_err *err)
{
	struct nsx_boot *boot = nsx_boot_of(run);
	int r = 0;

	/* what stage 2 would ask for first is answered before: it need not sleep until we have woken up */
	if (nsx_boot_tells_first(boot)) {
		boot->asked[NSX_BOOT_PIDS] = true;
		r = send_pids(boot, err);
		if (r >= 0)
			send_answer(boot);
	}
	if (r >= 0)
		r = serve(boot, err);
	if (r < 0) {
		/* they are the runtime's children: it reaps them */
		for (int i = 1; i <= 2; i++)
			if (boot->stage_fd[i] >= 0)
				(void)nsx_sys_pidfd_send_signal(boot->stage_fd[i], SIGKILL);
		if (boot->stage_fd[2] < 0 && boot->page->final_pid > 0)
			(void)kill(boot->page->final_pid, SIGKILL);
	}
	return r;
}
