/* SPDX-License-Identifier: Apache-2.0 */
/* start.c owns the tables of the starter, and the making of the first process. */
#include "lib/start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "base/stack.h"
#include "base/sys.h"
#include "lib/cgroup.h"
#include "lib/child.h"
#include "lib/context.h"
#include "lib/maps.h"
#include "lib/ns.h"
#include "lib/root.h"
#include "lib/seccomp.h"
#include "lib/target.h"

static bool has_target(const struct nsx_run *run)
{
	return run->spec->target_pid > 0 || run->spec->target_pidfd >= 0;
}

static bool needs_status(const struct nsx_run *run)
{
	return nsx_run_takes(run, NSEXEC_CONTEXT_IDS | NSEXEC_CONTEXT_GROUPS | NSEXEC_CONTEXT_CAPS |
					  NSEXEC_CONTEXT_NNP | NSEXEC_CONTEXT_UMASK |
					  NSEXEC_CONTEXT_SECCOMP) ||
	       ((run->join & NSEXEC_NS_USER) != 0 && has_target(run));
}

/* Reading /proc/PID/status after pidfd_open(2) proves the same: the number could not be given away while it worked. */
static bool unread(const struct nsx_run *run)
{
	return has_target(run) && !needs_status(run);
}

static bool needs_oom(const struct nsx_run *run)
{
	return nsx_run_takes(run, NSEXEC_CONTEXT_OOM) || (run->spec->set & NSX_SET_OOM) != 0;
}

static bool needs_label(const struct nsx_run *run)
{
	return nsx_run_takes(run, NSEXEC_CONTEXT_LSM) || run->spec->label != 0;
}

static bool needs_cgroup(const struct nsx_run *run)
{
	return run->spec->cgroup_fd >= 0 || nsx_run_takes(run, NSEXEC_CONTEXT_CGROUP);
}

static bool has_limits(const struct nsx_run *run)
{
	return run->spec->limits[0] != 0 || run->spec->limits[1] != 0 || run->spec->limits[2] != 0;
}

static bool has_root_dir(const struct nsx_run *run)
{
	return run->spec->root == NSX_ROOT_PATH || run->spec->root == NSX_ROOT_FD;
}

static bool has_root(const struct nsx_run *run)
{
	return run->spec->root != NSX_ROOT_KEEP;
}

static bool needs_maps(const struct nsx_run *run)
{
	return (run->fresh & NSEXEC_NS_USER) != 0;
}

static int find_cgroup(struct nsx_run *run, struct nsx_err *err)
{
	if (run->spec->cgroup_fd < 0)
		return nsx_cgroup_find(run, err);

	run->cgroup_fd = fcntl(run->spec->cgroup_fd, F_DUPFD_CLOEXEC, 3);
	return run->cgroup_fd < 0 ? nsx_err_sys(err, "fcntl", "cgroup") : 0;
}

static bool switch_is(const char *path, char value)
{
	char text[8];

	return nsx_file_read(AT_FDCWD, path, text, sizeof(text), NULL) > 0 && text[0] == value;
}

/* Which knob was it? Only looked at after the failure. */
static enum nsx_hint clone_hint(const struct nsx_run *run, int code)
{
	if (code == ENOSPC || code == EUSERS)
		return NSX_HINT_NS_LIMIT;
	if (code == EBUSY)
		return NSX_HINT_CGROUP_BUSY;
	if (code == EACCES || code == ENOENT)
		return NSX_HINT_NO_CGROUP;
	if (code != EPERM)
		return NSX_HINT_NONE;
	if (switch_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1'))
		return NSX_HINT_USERNS_APPARMOR;
	return (run->fresh & NSEXEC_NS_USER) != 0 ? NSX_HINT_USERNS_DISABLED :
						    NSX_HINT_PRIVILEGE_USERNS;
}

/*
 * The child may use our memory instead of a copy, which saves a third of the way: the page tables, the faults that copy
 * what is written, and taking it all down again. What it does to itself (descriptors, credentials, namespaces, root) is its
 * own. We touch nothing meanwhile: errno is one for both, and so is the heap. Not so:
 *  - with a user namespace: those who have power in it may read the memory of whoever joins it;
 *  - with a time namespace to join, which the kernel refuses then;
 *  - where somebody has to answer the child, or to hear it at once;
 *  - with limits of memory, which may kill the child, and all who share its memory.
 * Nobody else is in danger if the child is killed for want of memory in its cgroup, which kills all who share it: the
 * starter is the helper image, or a command that does nothing else.
 */
static bool shares_memory(const struct nsx_run *run)
{
	bool alone = !run->own_cgroup && run->tasks_count == 0 &&
		     (run->spec->flags & NSEXEC_PLAN_TRACE) == 0;

	return run->stack != NULL && run->powerful &&
	       ((run->join | run->fresh) & NSEXEC_NS_USER) == 0 &&
	       (run->join & NSEXEC_NS_TIME) == 0 && (run->as_sibling || alone);
}

/* What the children with a memory of their own write into the page is to be seen by us. */
static int share_page(struct nsx_run *run, struct nsx_err *err)
{
	struct nsx_page *shared;

	if (!run->page_is_ours)
		return 0;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return nsx_err_sys(err, "mmap", "page");
	*shared = *run->page;
	run->page = shared;
	run->page_is_ours = false;
	return 0;
}

static int become_child(void *data)
{
	struct nsx_run *run = data;
	uint32_t fresh = run->inner || run->final ? 0 : run->fresh;

	run->role = fresh != 0 || run->join == 0 ? "init" : "helper";
	nsx_child_main(run);
}

/* It ends with us: a helper may hang, since its root and working directory are the container's. (It executes nothing.) */
static int become_sharing_child(void *data)
{
	struct nsx_run *run = data;

	if (run->final && !run->as_sibling)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return become_child(run);
}

/* Is it that our child was born in a frozen cgroup, where it never runs? (Version 2, whose file has this line.) */
static bool is_frozen(int cgroup_fd)
{
	static const char name[] = "cgroup.events";
	char text[128];
	long fd = nsx_sys_raw(SYS_openat, cgroup_fd, (long)name, O_RDONLY | O_CLOEXEC, 0, 0);
	long n = fd < 0 ? -1 : nsx_sys_raw(SYS_read, fd, (long)text, sizeof(text) - 1, 0, 0);

	if (fd >= 0)
		(void)nsx_sys_raw(SYS_close, fd, 0, 0, 0, 0);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, "frozen 1") != NULL;
}

static long poll_raw(struct pollfd *fds, size_t count, long ms)
{
	struct {
		int64_t seconds, nanoseconds;
	} timeout = { ms / 1000, ms % 1000 * 1000000 };

	return nsx_sys_raw(SYS_ppoll, (long)fds, (long)count, (long)&timeout, 0, 8);
}

/*
 * Until the child has left our memory: a helper by its end, an init by execve, which closes the last of the children's
 * ends of the socket. As nsx_listen() does, we notice when the caller changes his mind, and when nothing happens.
 */
static bool wait_raw(int pidfd, int parent_fd, int cancel_fd, int cgroup_fd)
{
	enum { LOOK_MS = 200, DEATH_MS = 1000 };
	struct pollfd fds[3] = { { .fd = pidfd, .events = POLLIN },
				 { .fd = parent_fd, .events = 0 },
				 { .fd = cancel_fd, .events = POLLIN } };
	bool frozen = false;

	for (;;) {
		long r = poll_raw(fds, NSX_ARRAY_SIZE(fds), LOOK_MS);

		if (r > 0 && (fds[0].revents != 0 || fds[1].revents != 0))
			return false;
		if (r == 0 && cgroup_fd >= 0)
			frozen = is_frozen(cgroup_fd);
		if (r > 0 || frozen)
			break;
	}
	/* it does not come back to our memory after that, even if it takes a while to die */
	(void)nsx_sys_raw(SYS_pidfd_send_signal, pidfd, SIGKILL, 0, 0, 0);
	(void)poll_raw(fds, 1, DEATH_MS);
	return frozen;
}

static pid_t clone_sharing(struct nsx_run *run, const struct nsx_clone_args *wanted,
			   bool *ret_frozen)
{
	struct nsx_clone_args args = *wanted;
	const struct nsx_run before = *run;
	int pidfd = -EBADF;
	pid_t pid;

	if (run->as_sibling) { /* the helper image has nothing else to do; its parent looks after both */
		args.flags |= NSX_CLONE_VFORK;
	} else {
		args.flags |= NSX_CLONE_PIDFD;
		args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	}
	pid = nsx_sys_clone3_vm(&args, become_sharing_child, run, run->stack, run->stack_bytes);
	if (pid < 0 || pidfd < 0)
		return pid;
	(void)nsx_sys_raw(SYS_close, before.status_fd, 0, 0, 0, 0);
	*ret_frozen = wait_raw(pidfd, before.parent_fd, before.cancel_fd, before.cgroup_fd);
	*run = before; /* the numbers in it were those of its descriptors, not of ours */
	run->status_fd = -EBADF;
	nsx_run_close_later(run, &pidfd);
	return pid;
}

static pid_t clone_as(struct nsx_run *run, const struct nsx_clone_args *args, bool shared,
		      bool *ret_frozen)
{
	return shared ? clone_sharing(run, args, ret_frozen) : nsx_sys_clone3(args);
}

/* Without clone3 there is no birth in a cgroup: the child moves there by itself, which is slow but the same in the end. */
static int clone_legacy(struct nsx_run *run, uint64_t flags, struct nsx_err *err)
{
	if (run->cgroup_fd >= 0) {
		int fd = openat(run->cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);

		if (fd < 0)
			return nsx_err_set(err, -errno, "openat", "cgroup.procs",
					   NSX_HINT_NO_CGROUP);
		run->tasks_fd[run->tasks_count++] = fd;

		int r = nsx_note(
			run, NSX_MSG_INFO,
			"clone3(2) is not to be had here: the cgroup is entered by migration", err);

		if (r < 0)
			return r;
	}
	if (share_page(run, err) < 0)
		return -1;
	return nsx_sys_clone((unsigned long)flags, &run->page->helper_pid);
}

static int clone_child(struct nsx_run *run, struct nsx_err *err)
{
	uint32_t kinds = run->inner || run->final ? 0 : run->fresh;
	struct nsx_clone_args args = { 0 };
	uint64_t flags = NSX_CLONE_PARENT_SETTID | (run->as_sibling ? NSX_CLONE_PARENT : 0);
	bool shared = shares_memory(run);
	bool frozen = false;
	pid_t pid;

	if (!shared && share_page(run, err) < 0)
		return err->code;
	args.parent_tid = (uint64_t)(uintptr_t)&run->page->helper_pid;

	if (run->own_cgroup)
		kinds &= ~NSEXEC_NS_CGROUP; /* see nsx_step_unshare_cgroup() */
	flags |= nsx_ns_clone_flags(kinds);
	/* the helper image has nothing else to do: waiting leaves the processor to the child, ending would use it first */
	if (run->as_sibling && !needs_maps(run))
		flags |= NSX_CLONE_VFORK;
	args.flags = flags | NSX_CLONE_CLEAR_SIGHAND;
	if (run->cgroup_fd >= 0) {
		args.flags |= NSX_CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)run->cgroup_fd;
	}

	pid = clone_as(run, &args, shared, &frozen);
	if (pid < 0 && errno == EACCES && run->cgroup_fd >= 0 && !run->own_cgroup &&
	    geteuid() != 0) {
		int r = nsx_note(
			run, NSX_MSG_WARNING,
			"the target's cgroup is not delegated to the caller, and is left out", err);

		if (r < 0)
			return r;
		args.flags &= ~NSX_CLONE_INTO_CGROUP;
		pid = clone_as(run, &args, shared, &frozen);
	}
	if (pid < 0 && (errno == ENOSYS || errno == EPERM))
		pid = clone_legacy(run, flags, err);
	if (pid < 0) {
		int code = errno; /* the search for a hint changes it */

		return nsx_err_set(err, -code, "clone3", "new process", clone_hint(run, code));
	}
	return frozen ? nsx_cgroup_say_frozen("the target's cgroup", err) : pid;
}

static int start_child(struct nsx_run *run, struct nsx_err *err)
{
	int pair[2] = { -EBADF, -EBADF };
	pid_t pid;

	if (needs_maps(run) && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return nsx_err_sys(err, "socketpair", NULL);

	auto_close int child_end = pair[1];

	run->ask_fd = pair[0];
	pid = clone_child(run, err);
	if (pid == 0) {
		nsx_close_fd(&run->ask_fd);
		run->ask_fd = nsx_take_fd(&child_end);
		(void)become_child(run);
	}
	return pid < 0 ? pid : 0;
}

static bool has_ended(pid_t pid)
{
	auto_close int pidfd = nsx_sys_pidfd_open(pid);
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	/* it has lost its memory, which is how we noticed, a moment before it is a zombie */
	return pidfd < 0 || poll(&end, 1, 100) > 0;
}

static int answer_maps(struct nsx_run *run, struct nsx_err *err)
{
	int32_t message = 0;
	ssize_t n;
	pid_t pid;
	int r;

	while ((n = recv(run->ask_fd, &message, sizeof(message), 0)) < 0 && errno == EINTR)
		;
	if (n <= 0)
		return 0; /* the child has ended before, and has said why */
	if (n != sizeof(message) || message != 1)
		return nsx_err_set(err, -EPROTO, "receive", "request for id maps", NSX_HINT_NONE);

	pid = run->inner ? run->page->inner_pid : run->page->helper_pid;
	r = nsx_maps_write(run, pid, err);
	if (r < 0 && has_ended(pid)) {
		*err = (struct nsx_err){ .step = "maps" }; /* that is where the process was */
		r = nsx_err_set(err, -ECANCELED, "wait", "new process, which was killed",
				NSX_HINT_NONE);
	}
	message = r < 0 ? r : 0;
	(void)send(run->ask_fd, &message, sizeof(message),
		   MSG_NOSIGNAL); /* one that is gone needs no answer */
	nsx_close_fd(&run->ask_fd);
	return r;
}

/* clang-format off */

const struct nsx_step nsx_resolve_steps[] = {
	{ "target",      has_target,   nsx_target_resolve,   "once; everything after uses the pidfd" },
	{ "namespaces",  NULL,         nsx_target_compare,   "only what differs is joined: setns(2) to one's own user namespace fails" },
	{ "status",      needs_status, nsx_context_status,   "credentials, masks and modes of the target" },
	{ "oom",         needs_oom,    nsx_context_oom,      "written later only if it differs" },
	{ "lsm",         needs_label,  nsx_context_label,    "the label, if the target has another than the caller" },
	{ "identity",    NULL,         nsx_context_identity, "what the program may do: the options over the target's state" },
	{ "filters",     NULL,         nsx_seccomp_resolve,  "the seccomp filters, and whether they let us finish" },
	{ "cgroup",      needs_cgroup, find_cgroup,          "to be born in, where it differs" },
	{ "root",        has_root_dir, nsx_root_resolve,     "before anything is made" },
	{ "mounts",      has_root,     nsx_root_room,        "memory for what the child opens" },
	{ "program",     NULL,         nsx_context_program,  "arguments and environment" },
	{ "still-there", unread,       nsx_target_check,     "the pidfd and /proc name the same process: one that was alive while both were open" },
	{ NULL, NULL, NULL, NULL },
};

const struct nsx_step nsx_start_steps[] = {
	{ "limits",      has_limits,   nsx_cgroup_make,      "a cgroup of its own, since limits are asked for" },
	{ "clone",       NULL,         start_child,          "born in its cgroup: a migration would take 10 ms" },
	{ "write-maps",  needs_maps,   answer_maps,          "the ids of the new user namespace, written from outside" },
	{ NULL, NULL, NULL, NULL },
};

/* clang-format on */

int nsx_start(struct nsx_run *run, struct nsx_err *err)
{
	int r = nsx_steps_run(nsx_resolve_steps, run, err);

	return r < 0 ? r : nsx_steps_run(nsx_start_steps, run, err);
}
