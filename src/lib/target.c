/* SPDX-License-Identifier: Apache-2.0 */
/* target.c owns the target: who it is, and what its namespaces are. */
#include "lib/target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "base/own.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/caps.h"
#include "lib/ns.h"

int nsx_target_pid(int pidfd, pid_t *ret_pid, struct nsx_err *err)
{
	char path[40];
	char text[1024];
	struct nsx_str name = NSX_STR(path, sizeof(path));
	const char *line;
	uint64_t pid;

	nsx_str_add(&name, "/proc/self/fdinfo/");
	nsx_str_add_i64(&name, pidfd);
	if (nsx_file_read(AT_FDCWD, path, text, sizeof(text), err) < 0)
		return -EBADF;

	line = strstr(text, "\nPid:\t"); /* -1 means that it has been reaped */
	if (line == NULL)
		return nsx_err_set(err, -EBADF, "check-pidfd", path, NSX_HINT_NONE);
	line += strlen("\nPid:\t");
	if (nsx_num_scan_u64(&line, &pid) < 0 || pid == 0)
		return nsx_err_set(err, -ESRCH, "check-pidfd", path, NSX_HINT_TARGET_GONE);
	*ret_pid = (pid_t)pid;
	return 0;
}

static void name_process(pid_t pid, char *buf, size_t size, const char *file)
{
	struct nsx_str out = NSX_STR(buf, size);

	nsx_str_add(&out, "/proc/");
	nsx_str_add_i64(&out, pid);
	nsx_str_add(&out, file);
}

static int open_proc(struct nsx_target *target, char *path, size_t size, struct nsx_err *err)
{
	name_process(target->pid, path, size, "");
	target->proc_fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target->proc_fd < 0)
		return nsx_err_set(err, errno == ENOENT ? -ESRCH : -errno, "open", path,
				   errno == ENOENT ? NSX_HINT_TARGET_GONE : NSX_HINT_NONE);
	return 0;
}

static int check_start(const struct nsx_run *run, const char *path, struct nsx_err *err)
{
	uint64_t start = 0;
	int r = nsx_proc_start_time(run->target.proc_fd, &start, err);

	if (r < 0)
		return r;
	if (start != run->spec->target_start)
		return nsx_err_set(err, -ESRCH, "check-start-time", path, NSX_HINT_PID_REUSED);
	return 0;
}

/*
 * First the directory, then the pidfd. What is read through the directory after that proves that its process was alive
 * while the pidfd was opened by number: both are the same process then.
 */
int nsx_target_resolve(struct nsx_run *run, struct nsx_err *err)
{
	const struct nsx_spec *spec = run->spec;
	struct nsx_target *target = &run->target;
	char path[40];
	int r = 0;

	target->pid = spec->target_pid;
	if (spec->target_pidfd >= 0)
		r = nsx_target_pid(spec->target_pidfd, &target->pid, err);
	if (r >= 0)
		r = open_proc(target, path, sizeof(path), err);
	if (r < 0)
		return r;

	target->pidfd = spec->target_pidfd >= 0 ? fcntl(spec->target_pidfd, F_DUPFD_CLOEXEC, 3) :
						  nsx_sys_pidfd_open(target->pid);
	if (target->pidfd < 0)
		return nsx_err_set(err, -errno, "pidfd_open", path,
				   errno == ESRCH ? NSX_HINT_TARGET_GONE : NSX_HINT_NONE);
	return spec->target_start != 0 ? check_start(run, path, err) : 0;
}

int nsx_target_check(struct nsx_run *run, struct nsx_err *err)
{
	char path[40];

	/*
	 * The pidfd names the process for ever, /proc/PID only while it is not reaped. If it can still be signalled now,
	 * then everything read up to here was read of it.
	 */
	if (nsx_sys_pidfd_send_signal(run->target.pidfd, 0) == 0 || errno == EPERM)
		return 0;
	name_process(run->target.pid, path, sizeof(path), "");
	return nsx_err_set(err, -errno, "pidfd_send_signal", path, NSX_HINT_TARGET_GONE);
}

static int open_chosen(struct nsx_run *run, unsigned index, struct nsx_err *err)
{
	const struct nsx_ns_choice *choice = &run->spec->ns[index];
	const char *path = nsx_spec_text(run->spec, choice->path);

	if (choice->mode == NSX_NS_MODE_FD) {
		run->ns_fd[index] = fcntl(choice->fd, F_DUPFD_CLOEXEC, 3);
		path = nsexec_ns_name(1u << index);
	} else {
		run->ns_fd[index] =
			openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	}
	if (run->ns_fd[index] < 0)
		return nsx_err_sys(err, "open", path);

	long type = ioctl(run->ns_fd[index], NSX_NS_GET_NSTYPE);

	if (type < 0 || (uint64_t)type != nsx_ns_clone_flags(1u << index))
		return nsx_err_set(err, -EINVAL, "check-ns-kind", path, NSX_HINT_HELP);
	return 0;
}

static int stat_ns(int dir, const char *prefix, unsigned index, struct stat *ret)
{
	char path[40];
	struct nsx_str name = NSX_STR(path, sizeof(path));

	nsx_str_add(&name, prefix);
	nsx_str_add(&name, nsexec_ns_name(1u << index));
	return fstatat(dir, path, ret, 0);
}

/* Compare one kind, and remember what shall be found after joining. */
static int compare_kind(struct nsx_run *run, unsigned index, struct nsx_err *err)
{
	struct stat theirs;
	struct stat ours;
	uint32_t bit = 1u << index;
	bool by_fd = run->spec->ns[index].mode != NSEXEC_NS_MODE_TARGET;
	int r;

	if (by_fd) {
		r = open_chosen(run, index, err);
		if (r < 0)
			return r;
		/* a runtime lists what differs, and setns(2) joins just what the descriptor is: nothing to compare or verify */
		if (run->spec->end == NSX_END_RETURN && bit != NSEXEC_NS_USER) {
			run->join |= bit;
			run->join_by_fd |= bit;
			return 0;
		}
		if (fstat(run->ns_fd[index], &theirs) < 0)
			return nsx_err_sys(err, "fstat", nsexec_ns_name(bit));
	} else if (stat_ns(run->target.proc_fd, "ns/", index, &theirs) < 0) {
		char path[48];

		if (errno == ENOENT && stat_ns(AT_FDCWD, "/proc/self/ns/", index, &ours) < 0)
			return 0; /* a kind that this kernel does not have; else the target is a zombie */
		int code = errno == ENOENT ? ESRCH : errno;

		name_process(run->target.pid, path, sizeof(path), "/ns");
		return nsx_err_set(err, -code, "stat", path,
				   code == EACCES ? NSX_HINT_PTRACE_ACCESS : NSX_HINT_TARGET_GONE);
	}
	/*
	 * The first user namespace is ours if we may look at somebody in it, which takes a capability there or being a member.
	 * Only then its number is that one.
	 */
	if (!by_fd && bit == NSEXEC_NS_USER && theirs.st_ino == NSX_FIRST_USER_NS)
		return 0;
	if (stat_ns(AT_FDCWD, "/proc/self/ns/", index, &ours) < 0)
		return nsx_err_sys(err, "stat", "/proc/self/ns");

	if (theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev) {
		nsx_close_fd(&run->ns_fd[index]);
		return 0;
	}
	run->join |= bit;
	if (by_fd)
		run->join_by_fd |= bit;
	run->ns_ino[index] = theirs.st_ino;
	return 0;
}

int nsx_target_compare(struct nsx_run *run, struct nsx_err *err)
{
	/*
	 * With power over the first user namespace, joining what is ours already does no harm, but for a user namespace: one
	 * setns(2) for all of them costs less than 14 looks at /proc, and the kernel joins all or none. Everybody else must
	 * leave out what is the same: it may be owned by somebody else. The time namespace is looked at as well where memory
	 * might be shared, which it does not allow (EUSERS), not even for one that is ours.
	 */
	run->powerful = nsx_caps_rule_all();
	for (unsigned i = 0; i < NSX_NS_COUNT; i++) {
		uint32_t mode = run->spec->ns[i].mode;

		if (mode == NSEXEC_NS_MODE_NEW)
			run->fresh |= 1u << i;
		else if (mode == NSEXEC_NS_MODE_TARGET && i != 0 && run->powerful &&
			 !(run->stack != NULL && 1u << i == NSEXEC_NS_TIME))
			run->join |= 1u << i;
		else if (mode != NSEXEC_NS_MODE_INHERIT) {
			int r = compare_kind(run, i, err);

			if (r < 0)
				return r;
		}
	}

	/*
	 * What becomes visible in somebody's pid namespace must have dropped all power before (invariant 9): it gets a
	 * process of its own, and whatever is made is made before. Otherwise what is joined comes before what is made,
	 * and a clock must be set before anything lives in it: two processes.
	 */
	run->final =
		run->spec->end == NSX_END_RETURN ||
		((run->join & NSEXEC_NS_PID) != 0 && (run->spec->flags & NSEXEC_PLAN_NO_FORK) == 0);
	run->inner = !run->final && run->fresh != 0 &&
		     (run->join != 0 ||
		      (run->fresh & (NSEXEC_NS_TIME | NSEXEC_NS_USER)) == NSEXEC_NS_TIME);
	return 0;
}
