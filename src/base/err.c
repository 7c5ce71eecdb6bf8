/* SPDX-License-Identifier: Apache-2.0 */
/* err.c owns the error record and its texts. */
#include "base/err.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* clang-format off */
static const char *const hint_texts[NSX_HINT_COUNT] = {
	[NSX_HINT_PRIVILEGE_USERNS]    = "the caller has no CAP_SYS_ADMIN in the user namespace that owns it; run as root, or as the user who made the container",
	[NSX_HINT_PTRACE_ACCESS]       = "the caller may not inspect this process (ptrace(2), access mode checks); run as root, or as the user who made the container",
	[NSX_HINT_NS_OWNER]            = "this namespace is not owned by the target's user namespace; leave it out with --except",
	[NSX_HINT_TARGET_GONE]         = "the target has exited; its namespaces may be gone with it",
	[NSX_HINT_PID_REUSED]          = "the process number now belongs to another process; look the target up again",
	[NSX_HINT_NS_LIMIT]            = "a limit in /proc/sys/user/max_*_namespaces is reached, or user or pid namespaces are nested more than 32 deep",
	[NSX_HINT_USERNS_DISABLED]     = "unprivileged user namespaces are switched off: see sysctl kernel.unprivileged_userns_clone and user.max_user_namespaces; or run as root",
	[NSX_HINT_USERNS_APPARMOR]     = "AppArmor restricts unprivileged user namespaces: see sysctl kernel.apparmor_restrict_unprivileged_userns, or install a profile that allows userns for this program",
	[NSX_HINT_SUBID]               = "an unprivileged caller may map its own id, and the ranges that /etc/subuid and /etc/subgid give it",
	[NSX_HINT_NEWIDMAP]            = "maps of more than one id need newuidmap(1) and newgidmap(1): install the package uidmap",
	[NSX_HINT_UNMAPPED_ID]         = "this id has no mapping in the user namespace; see --user, --uid-map and --gid-map",
	[NSX_HINT_SETGROUPS_DENIED]    = "the user namespace forbids setgroups(2); see /proc/PID/setgroups",
	[NSX_HINT_NO_SECCOMP]          = "--no-seccomp goes on without the target's filter",
	[NSX_HINT_NO_LSM]              = "--no-lsm goes on without the target's label",
	[NSX_HINT_NO_CGROUP]           = "--no-cgroup goes on in the caller's own cgroup",
	[NSX_HINT_KEEP_CAPS]           = "--keep-caps goes on with the caller's own capabilities",
	[NSX_HINT_FROZEN]              = "the container is paused: unpause it first, or use --no-cgroup",
	[NSX_HINT_CGROUP_BUSY]         = "controllers are enabled for the children of this cgroup, so it may not hold processes itself; use --no-cgroup",
	[NSX_HINT_CONTROLLER_V1]       = "this controller is held by a cgroup v1 hierarchy on this machine; limits need cgroup v2",
	[NSX_HINT_CONTROLLER_DELEGATE] = "this controller is not enabled for children here; run below a cgroup that delegates it (systemd: Delegate=yes), or as root",
	[NSX_HINT_WORKDIR]             = "choose another directory with --workdir",
	[NSX_HINT_NO_COMMAND]          = "the program is looked up inside the container, in its PATH",
	[NSX_HINT_INTERPRETER]         = "the file exists, but the interpreter or dynamic loader that it names does not exist in the container",
	[NSX_HINT_NOEXEC]              = "the file is not executable for this user, or lies on a file system mounted noexec",
	[NSX_HINT_INITRAMFS]           = "pivot_root(2) does not work from an initramfs: switch to a real root (switch_root) first",
	[NSX_HINT_PROC_MASKED]         = "the outer container hides parts of /proc, so the kernel refuses a new one here; use --ns pid=host, or run where /proc is not masked",
	[NSX_HINT_SYMLINK]             = "a path of the container does not resolve to the kind of file that is needed here",
	[NSX_HINT_READ_ONLY_ROOT]      = "make the directory in the root file system first, or leave --read-only away",
	[NSX_HINT_NAME_TAKEN]          = "choose another --name, or end the container that has it (nsexec ls shows it)",
	[NSX_HINT_NO_SUCH_NAME]        = "`nsexec ls` lists the names",
	[NSX_HINT_CLEAR_ENV]           = "--clear-env goes on without the target's environment",
	[NSX_HINT_MEMFD_NOEXEC]        = "sysctl vm.memfd_noexec=2 forbids the sealed helper program; set it to 1 or less",
	[NSX_HINT_IMAGE_LSM]           = "a security module forbids the sealed helper program; an AppArmor profile of the caller needs flags=(attach_disconnected)",
	[NSX_HINT_HARD_RLIMIT]         = "raising a hard limit needs CAP_SYS_RESOURCE",
	[NSX_HINT_PIDNS_DEAD]          = "the first process of the pid namespace has ended; nothing can be started in it any more",
	[NSX_HINT_KERNEL_TOO_OLD]      = "this needs a newer kernel",
	[NSX_HINT_HELP]                = "--help lists the options and their grammar",
	[NSX_HINT_SETUID_CAP]          = "the caller may not take on these ids in this user namespace",
	[NSX_HINT_NO_DEVPTS]           = "the container has no /dev/pts to make a terminal in; use --no-tty",
	[NSX_HINT_CHROOT]              = "the root directory is no mount point, as in a chroot; bind it to itself before (mount --bind DIR DIR; chroot DIR)",
};
/* clang-format on */

int nsx_err_set(struct nsx_err *err, int code, const char *operation, const char *object,
		enum nsx_hint hint)
{
	if (err == NULL || err->code != 0)
		return code;

	err->code = code;
	err->hint = hint;
	nsx_str_copy(err->operation, sizeof(err->operation), operation);
	nsx_str_copy(err->object, sizeof(err->object), object != NULL ? object : "");
	return code;
}

int nsx_err_sys(struct nsx_err *err, const char *operation, const char *object)
{
	return nsx_err_set(err, -errno, operation, object, NSX_HINT_NONE);
}

void nsx_err_hint(struct nsx_err *err, enum nsx_hint hint)
{
	if (err != NULL && err->hint == NSX_HINT_NONE)
		err->hint = hint;
}

static void clean_text(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			*p = '?';
}

void nsx_err_sanitize(struct nsx_err *err)
{
	clean_text(err->step, sizeof(err->step));
	clean_text(err->operation, sizeof(err->operation));
	clean_text(err->object, sizeof(err->object));
	if (err->code >= 0 || err->code < -4095)
		err->code = -EPROTO;
	if (err->hint >= NSX_HINT_COUNT)
		err->hint = NSX_HINT_NONE;
}

const char *nsexec_err_hint(const struct nsexec_err *err)
{
	return err->hint < NSX_HINT_COUNT ? hint_texts[err->hint] : NULL;
}

size_t nsexec_err_format(const struct nsexec_err *err, char *buf, size_t len)
{
	struct nsexec_err shown = *err;
	struct nsx_str out = NSX_STR(buf, len);

	clean_text(shown.step, sizeof(shown.step));
	clean_text(shown.operation, sizeof(shown.operation));
	clean_text(shown.object, sizeof(shown.object));

	if (shown.step[0] != '\0') {
		nsx_str_add(&out, shown.step);
		nsx_str_add(&out, ": ");
	}
	nsx_str_add(&out, shown.operation);
	if (shown.object[0] != '\0') {
		nsx_str_add(&out, " of ");
		nsx_str_add(&out, shown.object);
	}
	nsx_str_add(&out, ": ");
	nsx_str_add(&out, strerror(-shown.code));
	return out.used;
}
