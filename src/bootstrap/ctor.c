/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctor.c owns nsexec(), which a runtime calls from a constructor: before its main(), before Go. Without a trigger in the
 * environment it returns at once. Otherwise three processes come of it: two end here, and the third returns to its
 * caller, inside of the namespaces, as the same program with the same memory and descriptors. That is why this file alone
 * of all code of ours lets a clone return: it is a fork without a stack of its own, and the way back is the ordinary one.
 */
#include "bootstrap/ctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/num.h"
#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"
#include "bootstrap/boot.h"
#include "lib/ns.h"
#include "lib/plan_internal.h"

__attribute__((weak, visibility("default"))) const char nsexec_bootstrap_era[] = "current";

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static _Noreturn void end(struct nsx_boot *boot, int status)
{
	/* one that has joined shall not be a source of descriptors while it ends (CVE-2026-46333) */
	if (boot->stage == 1 || (boot->direct && boot->run.join != 0))
		(void)nsx_sys_close_range(0, ~0U);
	_exit(status);
}

/* Stage 0 speaks for the others; who is left alone speaks for himself. */
static _Noreturn void fail(struct nsx_boot *boot, const struct nsx_err *err)
{
	struct nsx_boot_datagram last = { .ask = NSX_BOOT_FAILED,
					  .stage = (uint32_t)boot->stage,
					  .err = *err };

	if (boot->stage == 0 ||
	    send(boot->run.ask_fd, &last, sizeof(last), MSG_NOSIGNAL) != (ssize_t)sizeof(last)) {
		/* what another stage reported has its name in the tag, with our pid: the line is ours */
		const char *stage = strcmp(boot->log.tag, "nsexec-1") == 0 ? "stage-1" :
				    strcmp(boot->log.tag, "nsexec-2") == 0 ? "stage-2" :
									     "";

		boot->log.tag = boot->stage == 0 ? "nsexec-0" : boot->log.tag;
		nsx_log_error(&boot->log, stage, err);
	}
	end(boot, 1);
}

/* A whole decimal number, or the program ends: what a runtime means by half of one nobody knows. */
static int number_of(struct nsx_boot *boot, const char *name, const char *value)
{
	int number = -1;
	char text[160];
	struct nsx_str out = NSX_STR(text, sizeof(text));

	if (nsx_num_parse_fd(value, &number) == 0)
		return number;
	nsx_str_add(&out, "unable to parse ");
	nsx_str_add(&out, name);
	nsx_str_add(&out, "=");
	nsx_str_add(&out, value);
	nsx_str_add(&out, ": ");
	nsx_str_add(&out, strerror(EINVAL));
	nsx_log(&boot->log, NSX_LOG_FATAL, text);
	end(boot, 1);
}

static void open_log(struct nsx_boot *boot)
{
	const char *pipe = variable("_LIBCONTAINER_LOGPIPE");
	const char *level = variable("_LIBCONTAINER_LOGLEVEL");

	boot->log.level = NSX_LOG_DEBUG;
	if (boot->era->by_environment || pipe == NULL)
		return;

	int fd = number_of(boot, "_LIBCONTAINER_LOGPIPE", pipe);

	if (boot->era->numeric_level && level != NULL)
		boot->log.level = number_of(boot, "_LIBCONTAINER_LOGLEVEL", level);
	boot->log.fd = fd;
}

static int read_all(int fd, char *bytes, size_t count, struct nsx_err *err)
{
	while (count > 0) {
		ssize_t n = read(fd, bytes, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return nsx_err_sys(err, "read", "message of the runtime");
		if (n == 0)
			return nsx_err_set(err, -EPROTO, "read",
					   "message of the runtime, which ends too early",
					   NSX_HINT_NONE);
		bytes += n;
		count -= (size_t)n;
	}
	return 0;
}

static int read_message(struct nsx_boot *boot, struct nsx_err *err)
{
	char header[NSX_BOOT_HEADER_BYTES];
	size_t length = 0;
	int r = read_all(boot->init_fd, header, sizeof(header), err);

	if (r >= 0)
		r = nsx_boot_length(header, &length, err);
	if (r < 0)
		return r;
	boot->bytes = malloc(length);
	if (boot->bytes == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", "message", NSX_HINT_NONE);
	memcpy(boot->bytes, header, sizeof(header));
	r = read_all(boot->init_fd, boot->bytes + sizeof(header), length - sizeof(header), err);
	if (r < 0)
		return r;
	r = nsx_boot_parse(boot->bytes, length, boot->era, &boot->message, err);
	return r < 0 ? r : nsx_boot_plan(&boot->message, boot->plan, err);
}

/* 2015: a process to join, and a terminal, are in the environment; kinds that it has in common with us are left out. */
static int read_environment(struct nsx_boot *boot, struct nsx_err *err)
{
	static const uint32_t kinds[] = { NSEXEC_NS_USER, NSEXEC_NS_IPC, NSEXEC_NS_UTS,
					  NSEXEC_NS_NET,  NSEXEC_NS_PID, NSEXEC_NS_MNT };
	const char *console = variable("_LIBCONTAINER_CONSOLE_PATH");
	const char *target = variable("_LIBCONTAINER_INITPID");
	int pid = number_of(boot, "_LIBCONTAINER_INITPID", target);

	boot->plan->spec.end = NSX_END_RETURN;
	if (console != NULL) {
		boot->console_fd = openat(AT_FDCWD, console, O_RDWR | O_CLOEXEC);
		if (boot->console_fd < 0)
			return nsx_err_sys(err, "open", console);
	}
	for (size_t i = 0; i < NSX_ARRAY_SIZE(kinds); i++) {
		char path[48];
		struct nsx_str out = NSX_STR(path, sizeof(path));
		int r;

		nsx_str_add(&out, "/proc/");
		nsx_str_add_i64(&out, pid);
		nsx_str_add(&out, "/ns/");
		nsx_str_add(&out, nsexec_ns_name(kinds[i]));
		r = nsexec_plan_set_ns_path(boot->plan, kinds[i], path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What is needed until the program goes on; nothing of it is static, nothing outlives the call. */
static struct nsx_boot *make_boot(void)
{
	struct nsx_boot *boot = malloc(sizeof(*boot));

	if (boot == NULL)
		return NULL;
	memset(boot, 0, offsetof(struct nsx_boot, room));
	nsx_run_init(&boot->run, NULL, &boot->room);
	boot->log = (struct nsx_log){ .tag = "nsexec", .fd = -EBADF };
	boot->init_fd = -EBADF;
	boot->console_fd = -EBADF;
	for (size_t i = 0; i < NSX_ARRAY_SIZE(boot->stage_fd); i++)
		boot->stage_fd[i] = -EBADF;
	boot->plan = nsexec_plan_new();
	boot->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	nsx_thread_look(&boot->thread);
	boot->page = &boot->own;
	boot->note = nsx_boot_share(boot);
	return boot->plan == NULL || boot->note == NULL ? NULL : boot;
}

static void free_boot(struct nsx_boot *boot)
{
	nsx_run_done(&boot->run);
	nsx_close_fd(&boot->run.status_fd);
	nsx_close_fd(&boot->console_fd);
	for (size_t i = 0; i < NSX_ARRAY_SIZE(boot->stage_fd); i++)
		nsx_close_fd(&boot->stage_fd[i]);
	/* the page with the pids is not here, or is part of boot */
	(void)munmap(boot->note, boot->page_bytes);
	boot->plan = nsexec_plan_free(boot->plan);
	free(boot->spec);
	free(boot->bytes);
	free(boot);
}

static int prepare(struct nsx_boot *boot, struct nsx_err *err)
{
	int r = 0;

	if (boot->era->protects_self) {
		(void)nsx_str_copy(err->step, sizeof(err->step), "protect-self");
		r = nsx_boot_protect_self(err);
	}
	/* before the message: the runtime mostly has something else to do until it sends it */
	if (r >= 0) {
		(void)nsx_str_copy(err->step, sizeof(err->step), "channel");
		r = nsx_boot_pair_up(boot, err);
	}
	if (r >= 0)
		(void)nsx_str_copy(err->step, sizeof(err->step), "message");
	if (r >= 0 && boot->era->says_hello) {
		r = nsx_boot_write(boot->init_fd, "", 1);
		if (r < 0)
			return nsx_err_set(err, r, "write", "runtime", NSX_HINT_NONE);
	}
	if (r >= 0)
		r = boot->era->by_environment ? read_environment(boot, err) :
						read_message(boot, err);
	if (r >= 0)
		r = nsx_plan_pack(boot->plan, &boot->spec, err);
	if (r < 0)
		return r;
	err->step[0] = '\0';
	boot->run.spec = boot->spec;
	boot->run.page = boot->page;
	return 0;
}

/* Returns in stage 2 alone. */
static void run_stages(struct nsx_boot *boot)
{
	static const struct nsx_step serve_steps[] = {
		{ "serve", NULL, nsx_boot_serve,
		  "maps, clocks and mount sources, until stage 2 is done" },
		{ NULL, NULL, NULL, NULL },
	};
	struct nsx_err err = { 0 };
	int r = prepare(boot, &err);

	if (r >= 0) {
		boot->log.tag = "nsexec-0";
		nsx_log(&boot->log, NSX_LOG_DEBUG, "stage-0 begins");
		(void)prctl(PR_SET_NAME, "runc:[0:PARENT]", 0, 0, 0);
		boot->run.role = "stage-0";
		r = nsx_steps_run(nsx_boot_stage0_steps, &boot->run, &err);
	}
	if (r >= 0 && boot->stage == 1) {
		nsx_log(&boot->log, NSX_LOG_DEBUG, "stage-1 begins");
		r = nsx_steps_run(nsx_boot_stage1_steps, &boot->run, &err);
		if (r >= 0 && boot->stage == 1)
			end(boot, 0);
	}
	if (r >= 0 && boot->stage == 2) {
		nsx_log(&boot->log, NSX_LOG_DEBUG, "stage-2 begins");
		r = nsx_steps_run(nsx_boot_stage2_steps, &boot->run, &err);
	}
	if (r >= 0 && boot->stage == 0) {
		boot->run.page = NULL; /* stage 1 writes there what it is at */
		nsx_close_fd(
			&boot->run.ask_fd); /* 2015: else we would be the one who keeps it open */
		r = nsx_steps_run(serve_steps, &boot->run, &err);
		if (r >= 0)
			end(boot, 0);
	}
	if (r < 0)
		fail(boot, &err);
	nsx_log(&boot->log, NSX_LOG_DEBUG, "stage-2 returns to the program");
}

void nsexec(void)
{
	const char *pipe = variable("_LIBCONTAINER_INITPIPE");
	const char *target = variable("_LIBCONTAINER_INITPID");
	const struct nsx_boot_era *era;
	struct nsx_boot *boot;

	if (pipe == NULL && target == NULL)
		return;

	era = nsx_boot_era_find(nsexec_bootstrap_era);
	if (era != NULL && (era->by_environment ? target : pipe) == NULL)
		return;

	boot = make_boot();
	if (boot == NULL) {
		(void)!write(STDERR_FILENO, "FATAL: nsexec: out of memory\n", 29);
		_exit(1);
	}
	boot->era = era;
	boot->log.era = era;
	if (era == NULL) {
		char text[160];
		struct nsx_str out = NSX_STR(text, sizeof(text));

		nsx_str_add(&out, "nsexec_bootstrap_era is '");
		nsx_str_add(&out, nsexec_bootstrap_era);
		nsx_str_add(&out, "': one of " NSX_BOOT_ERA_NAMES " is needed");
		nsx_log(&boot->log, NSX_LOG_FATAL, text);
		end(boot, 1);
	}
	if (pipe == NULL) {
		nsx_log(&boot->log, NSX_LOG_FATAL, "_LIBCONTAINER_INITPIPE is not set");
		end(boot, 1);
	}
	boot->init_fd = number_of(boot, "_LIBCONTAINER_INITPIPE", pipe);
	open_log(boot);
	run_stages(boot);
	free_boot(boot);
}
