/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp.c owns the filters of the program. */
#include "lib/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/bpf_sim.h"
#include "lib/seccomp_default.h"
#include "lib/step.h"

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER 0x420c
#endif
#ifdef __x86_64__
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#else
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#endif

enum { STOP_DEADLINE_MS = 2000 };

static int use_default(struct nsx_run *run, struct nsx_err *err)
{
	struct {
		uint32_t len;
		struct sock_filter code[NSX_SECCOMP_DEFAULT_MAX];
	} *memory = malloc(sizeof(*memory));
	uint64_t caps = run->identity.set_caps ? run->identity.caps[NSEXEC_CAPS_BOUNDING] : ~0ULL;

	if (memory == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", "filter", NSX_HINT_NONE);
	run->filters.owned = memory;

	int r = nsx_seccomp_default(caps, memory->code, NSX_SECCOMP_DEFAULT_MAX, err);

	if (r < 0)
		return r;
	memory->len = (uint32_t)r;
	run->filters.code = memory->code;
	run->filters.lens = &memory->len;
	run->filters.count = 1;
	return 0;
}

/* Wait until the tracee has stopped; it may be frozen, or in an uninterruptible call, and never do so. */
static int wait_for_stop(pid_t pid)
{
	struct timespec pause = { .tv_nsec = 20000 };

	for (int64_t waited_us = 0; waited_us < STOP_DEADLINE_MS * 1000;
	     waited_us += pause.tv_nsec / 1000) {
		int status;
		pid_t got = waitpid(pid, &status, WNOHANG | __WALL);

		if (got == pid)
			return WIFSTOPPED(status) ? 0 : -ESRCH;
		if (got < 0 && errno != EINTR)
			return -errno;
		(void)nanosleep(&pause, NULL);
		if (pause.tv_nsec < 5000000)
			pause.tv_nsec *= 2;
	}
	return -ETIMEDOUT;
}

/* Append one filter of a stopped tracee. Index 0 is the oldest. Returns its length, or -ENOENT behind the last. */
static int copy_one(pid_t pid, unsigned long index, struct sock_filter **code, size_t *used)
{
	long len = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)index, NULL);
	struct sock_filter *grown;

	if (len < 0)
		return -errno;
	if (len == 0 || len > BPF_MAXINSNS)
		return -EPROTO;
	grown = realloc(*code, (*used + (size_t)len) * sizeof(**code));
	if (grown == NULL)
		return -ENOMEM;
	*code = grown;
	if (ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)index, grown + *used) < 0)
		return -errno;
	*used += (size_t)len;
	return (int)len;
}

static int copy_stopped(struct nsx_run *run, struct nsx_err *err)
{
	enum { FILTERS_MAX = 64 };
	auto_free struct sock_filter *code = NULL;
	uint32_t lens[FILTERS_MAX] = { 0 };
	size_t used = 0;
	size_t count = 0;

	for (;; count++) {
		int r = count < FILTERS_MAX ? copy_one(run->target.pid, count, &code, &used) :
					      -E2BIG;

		if (r == -ENOENT)
			break;
		if (r < 0)
			return nsx_err_set(err, r, "ptrace(PTRACE_SECCOMP_GET_FILTER)", "target",
					   NSX_HINT_NO_SECCOMP);
		lens[count] = (uint32_t)r;
	}

	/* one block: the lengths, then the code */
	size_t lens_bytes = (count * sizeof(lens[0]) + 7) & ~(size_t)7;
	char *block = calloc(1, lens_bytes + used * sizeof(*code) + 1);

	if (block == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", "filter", NSX_HINT_NONE);
	if (count > 0 && code != NULL) {
		memcpy(block, lens, count * sizeof(lens[0]));
		memcpy(block + lens_bytes, code, used * sizeof(*code));
	}
	run->filters.owned = block;
	run->filters.lens = (const void *)block;
	run->filters.code = (const void *)(block + lens_bytes);
	run->filters.count = count;
	return 0;
}

/* The process that traces the target, 0 if none does now. */
static uint64_t tracer_of(struct nsx_run *run)
{
	static const char key[] = "\nTracerPid:\t";
	char text[4096];
	const char *at;
	uint64_t pid;

	if (nsx_file_read(run->target.proc_fd, "status", text, sizeof(text), NULL) <= 0)
		return 0;
	at = strstr(text, key);
	if (at == NULL)
		return 0;
	at += sizeof(key) - 1;
	return nsx_num_scan_u64(&at, &pid) == 0 ? pid : 0;
}

/*
 * One process has one tracer. If it is another of us, who copies the same filter, it lets go within microseconds, or when it
 * gets a processor; many of us make a queue. So as long as the tracer changes we wait, but not for ever: the container may
 * do that, too.
 */
static int seize(struct nsx_run *run)
{
	enum { LOOKS = 50, QUEUE_DEADLINE_MS = 15 * STOP_DEADLINE_MS };
	struct timespec pause = { .tv_nsec = 100000 };
	int64_t same_us = 0;
	int64_t all_us = 0;
	uint64_t last = 0;
	int untraced = 0;

	while (same_us < STOP_DEADLINE_MS * 1000 && all_us < QUEUE_DEADLINE_MS * 1000) {
		if (ptrace(PTRACE_SEIZE, run->target.pid, NULL, NULL) == 0)
			return 0;

		int code = errno;
		uint64_t tracer = code == EPERM ? tracer_of(run) : 0;

		if (code != EPERM)
			return -code;
		/* let go between the two looks? If it is never seen to be traced, that is not the reason */
		if (tracer == 0 && last == 0) {
			if (++untraced == LOOKS)
				return -code;
			continue;
		}
		if (tracer != 0 && tracer != last) {
			last = tracer;
			same_us = 0;
		}
		(void)nanosleep(&pause, NULL);
		same_us += pause.tv_nsec / 1000;
		all_us += pause.tv_nsec / 1000;
		if (pause.tv_nsec < 5000000)
			pause.tv_nsec *= 2;
	}
	return -EPERM;
}

static int copy_from_target(struct nsx_run *run, struct nsx_err *err)
{
	pid_t pid = run->target.pid;
	int r = seize(run);

	if (r < 0)
		return nsx_err_set(err, r, "ptrace(PTRACE_SEIZE)", "target", NSX_HINT_NO_SECCOMP);

	/* the pid was checked through the pidfd before, but could have been reused since: it may not have been now */
	if (nsx_sys_pidfd_send_signal(run->target.pidfd, 0) < 0 && errno == ESRCH)
		r = nsx_err_set(err, -ESRCH, "ptrace(PTRACE_SEIZE)", "target",
				NSX_HINT_TARGET_GONE);
	else if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
		r = nsx_err_set(err, -errno, "ptrace(PTRACE_INTERRUPT)", "target",
				NSX_HINT_NO_SECCOMP);
	else if ((r = wait_for_stop(pid)) < 0)
		(void)nsx_err_set(err, r, "ptrace-stop", "target", NSX_HINT_NO_SECCOMP);
	else
		r = copy_stopped(run, err);

	/* one that never stopped is let go by the kernel when we end */
	(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return r;
}

static uint32_t verdict(const struct nsx_filters *filters, int number)
{
	struct seccomp_data data = { .nr = number, .arch = NATIVE_ARCH };
	const struct sock_filter *code = filters->code;
	uint32_t worst = SECCOMP_RET_ALLOW;

	for (size_t i = 0; i < filters->count; code += filters->lens[i], i++) {
		uint32_t result = nsx_bpf_run(code, filters->lens[i], &data);

		/* the kernel takes the most restrictive one; as signed numbers the order of the actions is that */
		if ((int32_t)(result & SECCOMP_RET_ACTION_FULL) <
		    (int32_t)(worst & SECCOMP_RET_ACTION_FULL))
			worst = result;
	}
	return worst & SECCOMP_RET_ACTION_FULL;
}

/* What we still have to do after the installation. execveat is only needed for a program given by descriptor. */
static int check_remaining_calls(struct nsx_run *run, struct nsx_err *err)
{
	static const struct {
		int number;
		const char *name;
	} needed[] = {
		{ SYS_execve, "execve" }, { SYS_exit_group, "exit_group" }, { SYS_prctl, "prctl" },
		{ SYS_clone, "clone" },   { SYS_sendmsg, "sendmsg" },       { SYS_close, "close" },
	};

	for (size_t i = 0; i < NSX_ARRAY_SIZE(needed); i++) {
		uint32_t action = verdict(&run->filters, needed[i].number);

		if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG)
			return nsx_err_set(err, -ENOTSUP, "check-filter", needed[i].name,
					   NSX_HINT_NO_SECCOMP);
	}
	return 0;
}

int nsx_seccomp_resolve(struct nsx_run *run, struct nsx_err *err)
{
	const struct nsx_spec *spec = run->spec;
	struct nsx_filters *filters = &run->filters;
	int r = 0;

	filters->lens =
		nsx_spec_list(spec, NSX_LIST_FILTER_LENS, sizeof(uint32_t), &filters->count);
	if (filters->count > 0) {
		size_t total;

		filters->code =
			nsx_spec_list(spec, NSX_LIST_FILTERS, sizeof(*filters->code), &total);
	} else if ((spec->set & NSX_SET_SECCOMP_DEFAULT) != 0) {
		r = use_default(run, err);
	} else if (nsx_run_takes(run, NSEXEC_CONTEXT_SECCOMP) && run->target.has_seccomp) {
		if (run->only_explain) {
			filters->count = 1; /* stopping the target would be a change */
			return 0;
		}
		r = copy_from_target(run, err);
		if ((r == -EACCES || r == -EPERM) && geteuid() != 0) {
			*err = (struct nsx_err){ 0 };
			r = nsx_note(run, NSX_MSG_WARNING,
				     "the target's seccomp filter can not be read, and is left out",
				     err);
			if (r < 0)
				nsx_err_hint(err, NSX_HINT_NO_SECCOMP);
			return r;
		}
	}
	if (r < 0 || filters->count == 0)
		return r;

	const struct sock_filter *code = filters->code;

	for (size_t i = 0; i < filters->count; code += filters->lens[i], i++)
		if (nsx_bpf_uses_notify(code, filters->lens[i])) {
			r = nsx_note(
				run, NSX_MSG_WARNING,
				"the seccomp filter notifies a supervisor that can not be taken along: those calls will fail with ENOSYS",
				err);
			if (r < 0)
				return r;
			break;
		}
	return check_remaining_calls(run, err);
}

int nsx_seccomp_install(const struct nsx_run *run, struct nsx_err *err)
{
	const struct sock_filter *code = run->filters.code;

	for (size_t i = 0; i < run->filters.count; code += run->filters.lens[i], i++) {
		struct sock_fprog program = { .len = (unsigned short)run->filters.lens[i],
					      .filter = (struct sock_filter *)code };

		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
			return nsx_err_set(err, -errno, "seccomp", "filter", NSX_HINT_NO_SECCOMP);
	}
	return 0;
}
