/* SPDX-License-Identifier: Apache-2.0 */
/* call.c owns running a function in other namespaces. */
#include <nsexec/call.h>

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/own.h"
#include "base/stack.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/args.h"
#include "lib/caps.h"
#include "lib/ns.h"
#include "lib/target.h"

/* What a child that shares our memory must not join. */
enum { FORK_KINDS = NSEXEC_NS_USER | NSEXEC_NS_PID | NSEXEC_NS_TIME };

/* What the child needs, in memory that it shares with us or has a copy of. */
struct call {
	const struct nsexec_call_args *args;
	nsexec_call_fn *function;
	void *data;
	void *buf;
	size_t size;
	uint32_t join;    /* kinds to join by pidfd */
	uint32_t join_fd; /* kinds to join by descriptor */
	bool shared;
	int64_t result;
	struct nsx_err err;
};

/* What a forked child shares with us: the result, before the bytes. */
struct reply {
	int64_t result;
	struct nsx_err err;
	int32_t inner_pid;
	int32_t done;
};

static int differing(const struct nsexec_call_args *args, uint32_t *ret_join, struct nsx_err *err)
{
	char path[64];
	struct nsx_str out = NSX_STR(path, sizeof(path));
	struct stat theirs;
	struct stat ours;
	size_t stem;
	uint32_t look = args->ns_mask;

	*ret_join = 0;
	if (args->ns_mask == 0)
		return 0;
	/*
	 * Who has the power may join what is its own already, and need not look; but for a user namespace, which refuses it,
	 * and what decides on the execution class.
	 */
	if (nsx_caps_rule_all()) {
		*ret_join = args->ns_mask & ~(uint32_t)FORK_KINDS;
		look = args->ns_mask & FORK_KINDS;
	}
	if (look == 0)
		return 0;

	pid_t pid;
	int r = nsx_target_pid(args->pidfd, &pid, err);

	if (r < 0)
		return r;
	nsx_str_add(&out, "/proc/");
	nsx_str_add_i64(&out, pid);
	nsx_str_add(&out, "/ns/");
	stem = out.used;
	for (unsigned i = 0; i < NSX_NS_COUNT; i++) {
		char own[40];
		struct nsx_str own_out = NSX_STR(own, sizeof(own));

		if ((look & 1u << i) == 0)
			continue;
		out.used = stem;
		nsx_str_add(&out, nsexec_ns_name(1u << i));
		nsx_str_add(&own_out, "/proc/self/ns/");
		nsx_str_add(&own_out, nsexec_ns_name(1u << i));
		if (stat(path, &theirs) < 0)
			return nsx_err_set(err, -errno, "stat", path,
					   errno == EACCES ? NSX_HINT_PTRACE_ACCESS :
							     NSX_HINT_TARGET_GONE);
		if (stat(own, &ours) < 0)
			return nsx_err_sys(err, "stat", own);
		if (theirs.st_ino != ours.st_ino || theirs.st_dev != ours.st_dev)
			*ret_join |= 1u << i;
	}
	return 0;
}

/* Is the caller in this namespace already? If that can not be found out, setns(2) will tell. */
static bool is_own(int fd, uint32_t kind)
{
	char path[40];
	struct nsx_str out = NSX_STR(path, sizeof(path));
	struct stat theirs;
	struct stat ours;

	nsx_str_add(&out, "/proc/self/ns/");
	nsx_str_add(&out, nsexec_ns_name(kind));
	return fstat(fd, &theirs) == 0 && stat(path, &ours) == 0 && theirs.st_ino == ours.st_ino &&
	       theirs.st_dev == ours.st_dev;
}

static int check_ns_fds(const struct nsexec_call_args *args, uint32_t *ret_join,
			struct nsx_err *err)
{
	*ret_join = 0;
	for (unsigned i = 0; i < NSX_NS_COUNT; i++) {
		uint32_t kind = 1u << i;

		if (args->ns_fd[i] == 0)
			continue;
		if (args->ns_fd[i] < 0 || (args->ns_mask & kind) != 0)
			return nsx_err_set(err, -EINVAL, "check-args", "ns_fd", NSX_HINT_NONE);

		/* a pidfd would do for setns(2), but is not what was asked for */
		int type = ioctl(args->ns_fd[i] - 1, NSX_NS_GET_NSTYPE);

		if (type < 0 && errno == EBADF)
			return nsx_err_sys(err, "check-namespace", nsexec_ns_name(kind));
		if (type != (int)nsx_ns_clone_flags(kind))
			return nsx_err_set(err, -EINVAL, "check-namespace", nsexec_ns_name(kind),
					   NSX_HINT_NONE);
		if (!is_own(args->ns_fd[i] - 1, kind))
			*ret_join |= kind;
	}
	return 0;
}

/* What is not permitted is left for later, if there is a ret_later. Async-signal-safe. */
static int join_fds(struct call *call, uint32_t kinds, uint32_t *ret_later)
{
	for (unsigned i = 0; i < NSX_NS_COUNT; i++) {
		uint32_t kind = 1u << i;

		if ((kinds & kind) == 0 ||
		    nsx_sys_setns(call->args->ns_fd[i] - 1, (int)nsx_ns_clone_flags(kind)) == 0)
			continue;
		if (errno != EPERM || ret_later == NULL)
			return nsx_err_set(&call->err, -errno, "setns", nsexec_ns_name(kind),
					   errno == EPERM ? NSX_HINT_PRIVILEGE_USERNS :
							    NSX_HINT_NONE);
		*ret_later |= kind;
	}
	return 0;
}

/* Not being permitted is for later, if there is a ret_later. Async-signal-safe. */
static int join_pidfd(struct call *call, bool *ret_later)
{
	if (call->join == 0 ||
	    nsx_sys_setns(call->args->pidfd, (int)nsx_ns_clone_flags(call->join)) == 0)
		return 0;
	if (errno != EPERM || ret_later == NULL)
		return nsx_err_set(&call->err, -errno, "setns", "namespaces of the process",
				   errno == EPERM ? NSX_HINT_PRIVILEGE_USERNS : NSX_HINT_NONE);
	*ret_later = true;
	return 0;
}

/*
 * What we are privileged for now, then the user namespace, which takes that power away and may give another, then what
 * is left. With a pidfd the kernel does the same for its kinds, in one call. Async-signal-safe.
 */
static int join(struct call *call)
{
	uint32_t user_fd = call->join_fd & NSEXEC_NS_USER;
	bool user_comes = ((call->join | call->join_fd) & NSEXEC_NS_USER) != 0;
	uint32_t fds_later = 0;
	bool pidfd_later = false;
	int r = join_fds(call, call->join_fd & ~user_fd, user_comes ? &fds_later : NULL);

	if (r >= 0)
		r = join_pidfd(call, user_fd != 0 ? &pidfd_later : NULL);
	if (r >= 0)
		r = join_fds(call, user_fd, NULL);
	if (r >= 0 && pidfd_later)
		r = join_pidfd(call, NULL);
	return r < 0 ? r : join_fds(call, fds_later, NULL);
}

/* Go where the function shall run. Async-signal-safe. */
static int go_there(struct call *call)
{
	const struct nsexec_call_args *args = call->args;
	int r = join(call);

	if (r < 0)
		return r;
	if (args->root_fd != 0) {
		if (syscall(SYS_fchdir, args->root_fd - 1) < 0)
			return nsx_err_sys(&call->err, "fchdir", "root_fd");
		if (syscall(SYS_chroot, ".") < 0)
			return nsx_err_sys(&call->err, "chroot", "root_fd");
	}
	if (args->cwd_fd != 0 && syscall(SYS_fchdir, args->cwd_fd - 1) < 0)
		return nsx_err_sys(&call->err, "fchdir", "cwd_fd");
	return 0;
}

static int run_shared(void *data)
{
	struct call *call = data;
	int r = go_there(call);

	call->result = r < 0 ? r : call->function(call->data, call->buf, call->size);
	return 0;
}

/*
 * The child shares our memory, so it must not be killed or traced half-way: no cgroup, pid or user namespace of others,
 * no change of credentials, all signals blocked.
 */
static int64_t call_shared(struct call *call, struct nsx_err *err)
{
	void *stack = nsx_stack_map(0);
	sigset_t all;
	sigset_t before;
	int status = 0;
	pid_t pid;
	int code;

	if (stack == NULL)
		return nsx_err_sys(err, "mmap", "stack");
	call->result = -ECANCELED;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = nsx_sys_clone_vm(0, run_shared, call, stack, NSX_STACK_BYTES);
	code = errno;
	if (pid > 0)
		while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
			;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	nsx_stack_unmap(stack, 0);
	if (pid < 0)
		return nsx_err_set(err, -code, "clone", "shared child", NSX_HINT_NONE);
	if (!WIFEXITED(status))
		return nsx_err_set(err, -ECANCELED, "wait", "shared child, which was killed",
				   NSX_HINT_NONE);
	return call->result;
}

_Noreturn static void finish(struct call *call, struct reply *reply, int64_t result)
{
	reply->err = call->err;
	reply->result = result;
	reply->done = 1;
	_exit(0);
}

/* A pid namespace takes a second child: the first only changes that of its children. */
_Noreturn static void run_forked(struct call *call, struct reply *reply)
{
	int status;
	pid_t pid;
	int r;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	r = go_there(call);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0,
		    0); /* again: a user namespace brings new credentials */
	if (r < 0)
		finish(call, reply, r);
	/* before anybody in a joined pid namespace can see us; the reply needs none */
	if ((call->args->flags & NSEXEC_CALL_CLOSE_FDS) != 0 && nsx_sys_close_range(3, ~0U) < 0)
		finish(call, reply, nsx_err_sys(&call->err, "close_range", NULL));
	if (((call->join | call->join_fd) & (NSEXEC_NS_PID | NSEXEC_NS_TIME)) == 0)
		finish(call, reply, call->function(call->data, call->buf, call->size));

	pid = nsx_sys_clone(NSX_CLONE_PARENT_SETTID, &reply->inner_pid);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		finish(call, reply, call->function(call->data, call->buf, call->size));
	}
	if (pid < 0)
		finish(call, reply,
		       nsx_err_set(&call->err, -errno, "clone", "pid namespace",
				   errno == ENOMEM ? NSX_HINT_PIDNS_DEAD : NSX_HINT_NONE));
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	_exit(0);
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait for the end of a process; signals do not move the deadline (0: none). Returns whether it has ended. */
static bool wait_until(int pidfd, uint32_t timeout_ms)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };
	int64_t deadline = now_ms() + timeout_ms;

	for (;;) {
		int64_t left = timeout_ms == 0 ? -1 : deadline - now_ms();

		if (timeout_ms != 0 && left <= 0)
			return poll(&end, 1, 0) > 0;
		if (poll(&end, 1, (int)left) > 0)
			return true;
	}
}

/* Kill the first child, and the second one that it may have made in a pid namespace; wait until both are gone. */
static void kill_forked(pid_t pid, int pidfd, const struct reply *reply)
{
	enum { GONE_MS = 1000 };
	pid_t inner = *(const volatile int32_t *)&reply->inner_pid;
	auto_close int inner_fd = inner > 0 ? nsx_sys_pidfd_open(inner) : -EBADF;

	/* the first one reaps the second, and ends: nobody inherits a zombie */
	if (inner_fd >= 0 && nsx_sys_pidfd_send_signal(inner_fd, SIGKILL) == 0)
		(void)wait_until(pidfd, GONE_MS);
	(void)kill(pid, SIGKILL);
}

static int wait_forked(pid_t pid, uint32_t timeout_ms, const struct reply *reply,
		       struct nsx_err *err)
{
	auto_close int pidfd = nsx_sys_pidfd_open(pid);
	bool ended = pidfd < 0 || timeout_ms == 0 || wait_until(pidfd, timeout_ms);

	if (!ended)
		kill_forked(pid, pidfd, reply);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return ended ? 0 : nsx_err_set(err, -ETIMEDOUT, "wait", "function", NSX_HINT_NONE);
}

static int64_t call_forked(struct call *call, struct nsx_err *err)
{
	size_t bytes = sizeof(struct reply) + call->size;
	struct reply *reply =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	void *buf = call->buf;
	int64_t result;
	pid_t pid;
	int r;

	if (reply == MAP_FAILED)
		return nsx_err_sys(err, "mmap", "reply");
	call->buf = reply + 1;
	pid = nsx_sys_clone(0, NULL);
	if (pid == 0)
		run_forked(call, reply);
	if (pid < 0) {
		r = nsx_err_sys(err, "clone", "forked child");
		(void)munmap(reply, bytes);
		return r;
	}

	r = wait_forked(pid, call->args->timeout_ms, reply, err);
	if (r < 0) {
		(void)munmap(reply, bytes);
		return r;
	}
	/* it may have been taken over inside: what it wrote is looked at as a stranger's */
	struct reply seen = *(volatile struct reply *)reply;

	result = seen.result;
	if (seen.done == 0) {
		result = nsx_err_set(err, -ECANCELED, "wait", "forked child, which was killed",
				     NSX_HINT_NONE);
	} else if (result > (int64_t)call->size) {
		result = nsx_err_set(err, -E2BIG, "check-result", "function", NSX_HINT_NONE);
	} else if (result > 0) {
		memcpy(buf, reply + 1, (size_t)result);
	} else if (result < 0) {
		call->err = seen.err;
		if (call->err.code != 0)
			nsx_err_sanitize(&call->err);
	}
	(void)munmap(reply, bytes);
	return result;
}

static int check(const struct nsexec_call_args *given, struct nsexec_call_args *args,
		 struct nsx_err *err)
{
	int r = nsx_args_take(args, sizeof(*args), given, err);

	if (r < 0)
		return r;
	if ((args->flags &
	     ~(uint64_t)(NSEXEC_CALL_SIGNAL_SAFE | NSEXEC_CALL_FORK | NSEXEC_CALL_CLOSE_FDS)) != 0)
		return nsx_err_set(err, -EINVAL, "check-args", "flags", NSX_HINT_NONE);
	if ((args->ns_mask & ~NSEXEC_NS_ALL) != 0)
		return nsx_err_set(err, -EINVAL, "check-args", "ns_mask", NSX_HINT_NONE);
	if (args->root_fd < 0 || args->cwd_fd < 0 || args->reserved != 0)
		return nsx_err_set(err, -EINVAL, "check-args", "root_fd, cwd_fd, reserved",
				   NSX_HINT_NONE);
	if (args->timeout_ms > INT32_MAX)
		return nsx_err_set(err, -EINVAL, "check-args", "timeout_ms", NSX_HINT_NONE);
	return 0;
}

int64_t nsexec_call(const struct nsexec_call_args *args, nsexec_call_fn *function, void *data,
		    void *buf, size_t buf_size, uint32_t *ret_class, struct nsexec_err *err)
{
	struct nsexec_call_args own;
	struct call call = {
		.args = &own,
		.function = function,
		.data = data,
		.buf = buf,
		.size = buf_size,
	};
	struct nsx_err detail = { 0 };
	int64_t result = check(args, &own, &detail);

	if (result >= 0)
		result = check_ns_fds(&own, &call.join_fd, &detail);
	if (result >= 0)
		result = differing(&own, &call.join, &detail);
	if (result >= 0) {
		call.shared = (own.flags & (NSEXEC_CALL_SIGNAL_SAFE | NSEXEC_CALL_FORK |
					    NSEXEC_CALL_CLOSE_FDS)) == NSEXEC_CALL_SIGNAL_SAFE &&
			      own.timeout_ms == 0 && ((call.join | call.join_fd) & FORK_KINDS) == 0;
		result = call.shared ? call_shared(&call, &detail) : call_forked(&call, &detail);
		if (ret_class != NULL)
			*ret_class = call.shared ? NSEXEC_CALL_CLASS_SHARED :
						   NSEXEC_CALL_CLASS_FORK;
		if (result > (int64_t)buf_size)
			result = nsx_err_set(&detail, -E2BIG, "check-result", "function",
					     NSX_HINT_NONE);
	}
	if (result < 0 && detail.code == 0)
		detail = call.err;
	if (result < 0)
		(void)nsx_err_set(&detail, (int)result, "function", NULL, NSX_HINT_NONE);
	if (result < 0 && err != NULL)
		*err = detail;
	return result;
}
