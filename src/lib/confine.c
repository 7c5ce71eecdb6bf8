/* SPDX-License-Identifier: Apache-2.0 */
/* confine.c owns the steps that give the process the identity and the limits of the program. */
#include <errno.h>
#include <nsexec/plan.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/inroot.h"
#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/caps.h"
#include "lib/child_steps.h"
#include "lib/seccomp.h"
#include "lib/step.h"

int nsx_step_target_root(struct nsx_run *run, struct nsx_err *err)
{
	/* setns(2) gives the root of the mount namespace, which need not be the target's */
	if (fchdir(run->target.root_fd) < 0)
		return nsx_err_sys(err, "fchdir", "the target's root");
	if (chroot(".") < 0)
		return nsx_err_sys(err, "chroot", "the target's root");
	return 0;
}

int nsx_step_keyring(struct nsx_run *run, struct nsx_err *err)
{
	(void)run;
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return nsx_err_sys(err, "keyctl(KEYCTL_JOIN_SESSION_KEYRING)", NULL);
	return 0;
}

int nsx_step_rlimits(struct nsx_run *run, struct nsx_err *err)
{
	size_t count;
	const struct nsx_rlimit *limits =
		nsx_spec_list(run->spec, NSX_LIST_RLIMITS, sizeof(*limits), &count);

	for (size_t i = 0; i < count; i++) {
		struct rlimit limit = { .rlim_cur = limits[i].soft, .rlim_max = limits[i].hard };
		char text[24];
		struct nsx_str out = NSX_STR(text, sizeof(text));

		nsx_str_add(&out, "resource ");
		nsx_str_add_u64(&out, limits[i].resource);
		if (setrlimit((int)limits[i].resource, &limit) < 0)
			return nsx_err_set(err, -errno, "setrlimit", text,
					   errno == EPERM ? NSX_HINT_HARD_RLIMIT : NSX_HINT_NONE);
	}
	return 0;
}

int nsx_step_umask(struct nsx_run *run, struct nsx_err *err)
{
	(void)err;
	(void)umask((mode_t)run->identity.umask);
	return 0;
}

/* Nobody can leave groups in this user namespace, nor could the caller. Asked only where /proc is not a container's. */
static bool own_namespace_forbids(const struct nsx_run *run)
{
	char text[16];

	return run->join == 0 &&
	       nsx_file_read(AT_FDCWD, "/proc/self/setgroups", text, sizeof(text), NULL) > 0 &&
	       nsx_str_starts(text, "deny") != NULL;
}

int nsx_step_groups(struct nsx_run *run, struct nsx_err *err)
{
	const struct nsx_identity *id = &run->identity;
	bool by_name = (run->spec->set & NSX_SET_GROUPS) != 0;
	int code;

	if (syscall(SYS_setgroups, id->group_count, id->groups) == 0)
		return 0;
	code = errno;
	if (code == EPERM && !by_name && (run->fresh & NSEXEC_NS_USER) != 0)
		return 0; /* the map of an unprivileged caller forbids it; the kernel shows its groups as 65534 */
	if (code == EPERM && !by_name &&
	    (run->target.setgroups_denied || own_namespace_forbids(run)))
		return nsx_note(run, NSX_MSG_INFO,
				"the user namespace forbids setgroups(2): the caller's groups stay",
				err);
	return nsx_err_set(err, -code, "setgroups", "supplementary groups",
			   code == EPERM ? NSX_HINT_SETGROUPS_DENIED : NSX_HINT_UNMAPPED_ID);
}

int nsx_step_bounding(struct nsx_run *run, struct nsx_err *err)
{
	return nsx_caps_limit(run->identity.caps[NSEXEC_CAPS_BOUNDING], err);
}

int nsx_step_securebits(struct nsx_run *run, struct nsx_err *err)
{
	if (prctl(PR_SET_SECUREBITS, run->spec->securebits, 0, 0, 0) < 0)
		return nsx_err_sys(err, "prctl(PR_SET_SECUREBITS)", NULL);
	return 0;
}

static int id_failed(const char *call, uint32_t id, struct nsx_err *err)
{
	char text[16];
	struct nsx_str out = NSX_STR(text, sizeof(text));

	nsx_str_add_u64(&out, id);
	return nsx_err_set(err, -errno, call, text,
			   errno == EINVAL ? NSX_HINT_UNMAPPED_ID : NSX_HINT_SETUID_CAP);
}

int nsx_step_ids(struct nsx_run *run, struct nsx_err *err)
{
	const struct nsx_identity *id = &run->identity;

	/* what leaving id 0 takes away is decided by the step "capabilities"; execve(2) clears the flag */
	if (id->uid != 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return nsx_err_sys(err, "prctl(PR_SET_KEEPCAPS)", NULL);
	if (syscall(SYS_setresgid, id->gid, id->gid, id->gid) < 0)
		return id_failed("setresgid", id->gid, err);
	if (syscall(SYS_setresuid, id->uid, id->uid, id->uid) < 0)
		return id_failed("setresuid", id->uid, err);
	return nsx_step_undumpable(run, err); /* other ids make the process dumpable again */
}

/* CVE-2024-21626: a directory outside of the root can be a working directory, and the way out of the container. */
static int check_reachable(struct nsx_run *run, const char *path, struct nsx_err *err)
{
	char *text = run->room->scratch;

	if (syscall(SYS_getcwd, text, PATH_MAX) < 0)
		return nsx_err_set(err, -errno, "getcwd", path, NSX_HINT_WORKDIR);
	if (text[0] != '/')
		return nsx_err_set(err, -ENOENT, "check-cwd", path, NSX_HINT_WORKDIR);
	return 0;
}

int nsx_step_workdir(struct nsx_run *run, struct nsx_err *err)
{
	const char *path = nsx_spec_text(run->spec, run->spec->cwd);
	auto_close int root = -EBADF;
	auto_close int fd = -EBADF;

	if (path[0] != '\0') {
		root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		fd = nsx_inroot_open(root, path, O_PATH | O_DIRECTORY, 0, err);
		if (fd < 0) {
			nsx_err_hint(err, NSX_HINT_WORKDIR);
			return fd;
		}
	} else {
		path = run->spec->cwd_dir != 0 ? nsx_spec_text(run->spec, run->spec->cwd_dir) :
						 "the target's working directory";
	}
	if (fchdir(fd >= 0 ? fd : run->target.cwd_fd) < 0)
		return nsx_err_set(err, -errno, "fchdir", path, NSX_HINT_WORKDIR);
	return check_reachable(run, path, err);
}

static int set_ambient(uint64_t caps, struct nsx_err *err)
{
	for (unsigned cap = 0; cap < 63 && caps >> cap != 0; cap++)
		if ((caps & 1ULL << cap) != 0 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return nsx_err_set(err, -errno, "prctl(PR_CAP_AMBIENT_RAISE)",
					   nsexec_cap_name(cap), NSX_HINT_KEEP_CAPS);
	return 0;
}

/* A filter needs no_new_privs or CAP_SYS_ADMIN, which the program may not have: then it comes before they are dropped. */
static bool seccomp_needs_power(const struct nsx_run *run)
{
	return run->filters.count > 0 && !run->identity.no_new_privs;
}

int nsx_step_caps(struct nsx_run *run, struct nsx_err *err)
{
	const uint64_t *caps = run->identity.caps;
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
	int r;

	if (seccomp_needs_power(run)) {
		nsx_caps_get(&effective, &permitted, &inheritable);
		r = nsx_caps_set(permitted, permitted, inheritable, err);
		if (r >= 0)
			r = nsx_seccomp_install(run, err);
		if (r < 0)
			return r;
	}
	if (!run->identity.set_caps)
		return 0;

	/* an empty inheritable set leaves nothing in the ambient one */
	if (caps[NSEXEC_CAPS_INHERITABLE] != 0 &&
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return nsx_err_sys(err, "prctl(PR_CAP_AMBIENT_CLEAR_ALL)", NULL);
	permitted = caps[NSEXEC_CAPS_PERMITTED];
	r = nsx_caps_set(caps[NSEXEC_CAPS_EFFECTIVE], permitted, caps[NSEXEC_CAPS_INHERITABLE],
			 NULL);
	if (r < 0) {
		/* nobody can give what he has not; what was asked for by name was checked by the starter */
		nsx_caps_get(&effective, &permitted, &inheritable);
		permitted &= caps[NSEXEC_CAPS_PERMITTED];
		r = nsx_caps_set(caps[NSEXEC_CAPS_EFFECTIVE] & permitted, permitted,
				 caps[NSEXEC_CAPS_INHERITABLE] & (inheritable | permitted), err);
	}
	if (r < 0)
		return r;
	/* less power than before does not make the process dumpable again: no need for PR_SET_DUMPABLE here */
	return set_ambient(caps[NSEXEC_CAPS_AMBIENT] & permitted, err);
}

int nsx_step_no_new_privs(struct nsx_run *run, struct nsx_err *err)
{
	(void)run;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return nsx_err_sys(err, "prctl(PR_SET_NO_NEW_PRIVS)", NULL);
	return 0;
}

int nsx_step_label(struct nsx_run *run, struct nsx_err *err)
{
	/* the descriptor is of the caller's procfs, opened before the join (CVE-2015-1334, CVE-2019-16884) */
	if (run->label_fd < 0) /* see nsx_step_clone_inner() */
		return 0;
	if (write(run->label_fd, run->label, strlen(run->label)) < 0)
		return nsx_err_set(err, -errno, "write", "attr/exec", NSX_HINT_NO_LSM);
	nsx_close_fd(&run->label_fd);
	return 0;
}

int nsx_step_seccomp(struct nsx_run *run, struct nsx_err *err)
{
	return seccomp_needs_power(run) ? 0 : nsx_seccomp_install(run, err);
}
