/* SPDX-License-Identifier: Apache-2.0 */
/* join.c owns the way of a child into namespaces: the join and build tables without the root file system. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "base/sys.h"
#include "lib/child.h"
#include "lib/child_steps.h"
#include "lib/fds.h"
#include "lib/ns.h"
#include "lib/root.h"

int nsx_step_signals(struct nsx_run *run, struct nsx_err *err)
{
	struct sigaction normal = { .sa_handler = SIG_DFL };
	sigset_t none;

	/*
	 * CLONE_CLEAR_SIGHAND resets handlers only; what the caller ignores would stay ignored in the program. A program
	 * that forks itself has looked after that (see nsexec_self_protect()); a library's caller has not been asked.
	 */
	for (int sig = 1; run->as_sibling && sig <= 64; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && sig != 32 && sig != 33)
			(void)sigaction(sig, &normal, NULL);
	(void)sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return nsx_err_sys(err, "sigprocmask", NULL);
	return 0;
}

int nsx_step_oom(struct nsx_run *run, struct nsx_err *err)
{
	char text[16];
	struct nsx_str out = NSX_STR(text, sizeof(text));
	struct nsx_err detail = { 0 };
	int r;

	nsx_str_add_i64(&out, run->oom_score_adj);
	r = nsx_file_write(AT_FDCWD, "/proc/self/oom_score_adj", text, &detail);
	if (r == -EACCES && (run->spec->set & NSX_SET_OOM) == 0)
		return nsx_note(
			run, NSX_MSG_WARNING,
			"the target's oom_score_adj is lower than the caller may set, and is left out",
			err);
	if (r < 0)
		*err = detail;
	return r;
}

int nsx_step_cgroup_v1(struct nsx_run *run, struct nsx_err *err)
{
	for (size_t i = 0; i < run->tasks_count; i++)
		if (write(run->tasks_fd[i], "0", 1) < 0)
			return nsx_err_set(err, -errno, "write", "cgroup v1 tasks",
					   NSX_HINT_NO_CGROUP);
	return 0;
}

int nsx_step_open_own(struct nsx_run *run, struct nsx_err *err)
{
	if (nsx_run_verifies(run)) {
		run->self_ns_fd =
			openat(AT_FDCWD, "/proc/thread-self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (run->self_ns_fd < 0)
			return nsx_err_sys(err, "open", "/proc/thread-self/ns");
	}
	if (run->label != NULL) {
		run->label_fd =
			openat(AT_FDCWD, "/proc/thread-self/attr/exec", O_WRONLY | O_CLOEXEC);
		if (run->label_fd < 0)
			return nsx_err_set(err, -errno, "open", "/proc/thread-self/attr/exec",
					   NSX_HINT_NO_LSM);
	}
	/* a terminal of the caller's devpts, for containers that have none */
	if ((run->spec->set & NSX_SET_TTY) != 0 && (run->fresh & NSEXEC_NS_MNT) == 0)
		run->ptmx_fd = openat(AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	return 0;
}

int nsx_step_fds(struct nsx_run *run, struct nsx_err *err)
{
	return nsx_fds_arrange(run, err);
}

int nsx_step_undumpable(struct nsx_run *run, struct nsx_err *err)
{
	(void)run;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return nsx_err_sys(err, "prctl(PR_SET_DUMPABLE)", NULL);
	return 0;
}

static enum nsx_hint join_hint(int code, uint32_t kinds)
{
	if (code == EPERM || code == EACCES)
		return (kinds & NSEXEC_NS_USER) != 0 ? NSX_HINT_PRIVILEGE_USERNS :
						       NSX_HINT_NS_OWNER;
	return code == ESRCH ? NSX_HINT_TARGET_GONE : NSX_HINT_NONE;
}

static int join_failed(uint32_t kinds, struct nsx_err *err)
{
	char text[64];
	struct nsx_str out = NSX_STR(text, sizeof(text));
	int code = errno;

	nsx_ns_list_names(kinds, &out);
	return nsx_err_set(err, -code, "setns", text, join_hint(code, kinds));
}

/* What is joined is closed; with `later`, what the caller has no power over now is left for another try. */
static int join_fds(struct nsx_run *run, uint32_t kinds, bool later, struct nsx_err *err)
{
	for (unsigned i = 0; i < NSX_NS_COUNT; i++) {
		uint32_t bit = 1u << i;

		if ((kinds & run->join_by_fd & bit) == 0 || run->ns_fd[i] < 0)
			continue;
		if (nsx_sys_setns(run->ns_fd[i], (int)nsx_ns_clone_flags(bit)) < 0) {
			if (later && errno == EPERM)
				continue;
			return join_failed(bit, err);
		}
		nsx_close_fd(&run->ns_fd[i]);
	}
	return 0;
}

static int join_pidfd(struct nsx_run *run, uint32_t kinds)
{
	int r = nsx_sys_setns(run->target.pidfd, (int)nsx_ns_clone_flags(kinds));

	/* a kernel without time namespaces does not know the flag: then there is only one, and everybody is in it */
	if (r < 0 && errno == EINVAL && (kinds & NSEXEC_NS_TIME) != 0 && run->ns_ino[7] == 0 &&
	    access("/proc/self/ns/time", F_OK) < 0)
		return nsx_sys_setns(run->target.pidfd,
				     (int)nsx_ns_clone_flags(kinds & ~NSEXEC_NS_TIME));
	return r;
}

int nsx_step_join(struct nsx_run *run, struct nsx_err *err)
{
	uint32_t by_pidfd = run->join & ~run->join_by_fd;
	int r;

	bool has_user = (run->join_by_fd & NSEXEC_NS_USER) != 0;

	/*
	 * What the caller is privileged for now comes first: a user namespace joined before would take the power away that
	 * the others need (setns(2), EPERM). Those that belong to the user namespace itself are joined after it, with the
	 * power that it gives. With a pidfd the kernel sorts that out itself, in one call.
	 */
	r = join_fds(run, NSEXEC_NS_ALL & ~NSEXEC_NS_USER, has_user, err);
	if (r < 0)
		return r;
	if (by_pidfd != 0 && join_pidfd(run, by_pidfd) < 0)
		return join_failed(by_pidfd, err);
	if (!has_user)
		return 0;
	r = join_fds(run, NSEXEC_NS_USER, false, err);
	return r < 0 ? r : join_fds(run, NSEXEC_NS_ALL, false, err);
}

int nsx_step_verify(struct nsx_run *run, struct nsx_err *err)
{
	for (unsigned i = 0; i < NSX_NS_COUNT; i++) {
		uint32_t bit = 1u << i;
		const char *name = bit == NSEXEC_NS_PID ? "pid_for_children" : nsexec_ns_name(bit);
		struct stat st;

		if ((run->join & bit) == 0 || run->ns_ino[i] == 0)
			continue;
		if (fstatat(run->self_ns_fd, name, &st, 0) < 0)
			return nsx_err_sys(err, "stat", name);
		if (st.st_ino != run->ns_ino[i])
			return nsx_err_set(err, -ESTALE, "verify-join", name, NSX_HINT_NONE);
	}
	nsx_close_fd(&run->self_ns_fd);
	return 0;
}

static int write_offset(int fd, const char *clock, const struct nsx_time_offset *offset,
			struct nsx_err *err)
{
	char text[80];
	struct nsx_str out = NSX_STR(text, sizeof(text));

	nsx_str_add(&out, clock);
	nsx_str_add(&out, " ");
	nsx_str_add_i64(&out, offset->seconds);
	nsx_str_add(&out, " ");
	nsx_str_add_u64(&out, offset->nanoseconds);
	nsx_str_add(&out, "\n");
	if (write(fd, text, out.used) < 0)
		return nsx_err_sys(err, "write", "timens_offsets");
	return 0;
}

int nsx_time_write(const struct nsx_spec *spec, const char *path, struct nsx_err *err)
{
	int r = 0;

	if ((spec->set & (NSX_SET_TIME0 | NSX_SET_TIME0 << 1)) == 0)
		return 0;

	auto_close int fd = openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return nsx_err_sys(err, "open", path);
	if ((spec->set & NSX_SET_TIME0) != 0)
		r = write_offset(fd, "monotonic", &spec->time[0], err);
	if (r >= 0 && (spec->set & NSX_SET_TIME0 << 1) != 0)
		r = write_offset(fd, "boottime", &spec->time[1], err);
	return r;
}

int nsx_step_time(struct nsx_run *run, struct nsx_err *err)
{
	if (unshare(NSX_CLONE_NEWTIME) < 0)
		return nsx_err_sys(err, "unshare", "time");
	return nsx_time_write(run->spec, "/proc/self/timens_offsets", err);
}

int nsx_step_own_time(struct nsx_run *run, struct nsx_err *err)
{
	int r = nsx_step_time(run, err);

	if (r < 0)
		return r;

	auto_close int fd =
		openat(AT_FDCWD, "/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return nsx_err_sys(err, "open", "/proc/self/ns/time_for_children");
	return nsx_sys_setns(fd, NSX_CLONE_NEWTIME) < 0 ? nsx_err_sys(err, "setns", "time") : 0;
}

int nsx_step_clone_inner(struct nsx_run *run, struct nsx_err *err)
{
	uint32_t kinds = run->fresh & ~NSEXEC_NS_TIME;
	struct nsx_clone_args args = {
		.flags = nsx_ns_clone_flags(kinds) | NSX_CLONE_PARENT | NSX_CLONE_PARENT_SETTID,
		.parent_tid = (uint64_t)(uintptr_t)&run->page->inner_pid,
	};
	pid_t pid;
	int r = run->label != NULL ? nsx_step_label(run, err) : 0;

	/* attr/exec is open for this process only, and what is written there is passed on to the child */
	if (r < 0)
		return r;
	pid = nsx_sys_clone3(&args);
	if (pid < 0 && (errno == ENOSYS || errno == EPERM))
		pid = nsx_sys_clone((unsigned long)args.flags, &run->page->inner_pid);
	if (pid < 0)
		return nsx_err_set(err, -errno, "clone", "new namespaces",
				   errno == ENOSPC ? NSX_HINT_NS_LIMIT : NSX_HINT_NONE);
	if (pid > 0) {
		(void)nsx_sys_close_range(0, ~0U);
		_exit(0);
	}
	run->role = "init";
	return 0;
}

int nsx_step_unshare(struct nsx_run *run, struct nsx_err *err)
{
	char text[64];
	struct nsx_str out = NSX_STR(text, sizeof(text));

	uint32_t kinds = run->fresh &
			 ~NSEXEC_NS_TIME; /* that one has been made, and its clocks set */

	nsx_ns_list_names(kinds, &out);
	if (kinds != 0 && unshare((int)nsx_ns_clone_flags(kinds)) < 0)
		return nsx_err_set(err, -errno, "unshare", text,
				   errno == ENOSPC ? NSX_HINT_NS_LIMIT : NSX_HINT_NONE);
	return 0;
}

int nsx_step_maps(struct nsx_run *run, struct nsx_err *err)
{
	int32_t answer = 1;
	ssize_t n;

	while (send(run->ask_fd, &answer, sizeof(answer), MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
	while ((n = recv(run->ask_fd, &answer, sizeof(answer), 0)) < 0 && errno == EINTR)
		;
	nsx_close_fd(&run->ask_fd);
	if (n != sizeof(answer) || answer != 0) /* the starter reports why, or is gone */
		return nsx_err_set(err, -ECANCELED, "wait-for-maps", NULL, NSX_HINT_NONE);

	/* the ids outside are not those inside: be root here before anything is made, where there is one */
	if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
		if (errno != EINVAL)
			return nsx_err_sys(err, "setresuid", "0");
	return 0;
}

int nsx_step_unshare_cgroup(struct nsx_run *run, struct nsx_err *err)
{
	(void)run;
	/* not in the clone: a new cgroup namespace has the cgroup of the parent as its root then, not that of the child */
	if (unshare(NSX_CLONE_NEWCGROUP) < 0)
		return nsx_err_sys(err, "unshare", "cgroup");
	return 0;
}

int nsx_step_hostname(struct nsx_run *run, struct nsx_err *err)
{
	const char *name = nsx_spec_text(run->spec, run->spec->hostname);

	if (sethostname(name, strlen(name)) < 0)
		return nsx_err_sys(err, "sethostname", name);
	return 0;
}

int nsx_step_loopback(struct nsx_run *run, struct nsx_err *err)
{
	struct ifreq request = { .ifr_flags = IFF_UP | IFF_RUNNING };
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)run;
	if (fd < 0)
		return nsx_err_sys(err, "socket", "AF_INET");
	memcpy(request.ifr_name, "lo", 3);
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return nsx_err_sys(err, "ioctl(SIOCSIFFLAGS)", "lo");
	return 0;
}
