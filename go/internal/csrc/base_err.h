/* SPDX-License-Identifier: Apache-2.0 */
/* The error record: whoever detects a failure fills it, whoever forwards it just returns. */
#ifndef NSX_BASE_ERR_H
#define NSX_BASE_ERR_H

#include "nsexec_error.h"

/* The public record is the internal one: nothing is converted at the edge. */
#define nsx_err nsexec_err

/* One actionable sentence each; the texts are in err.c. */
enum nsx_hint {
	NSX_HINT_NONE,
	NSX_HINT_PRIVILEGE_USERNS,
	NSX_HINT_PTRACE_ACCESS,
	NSX_HINT_NS_OWNER,
	NSX_HINT_TARGET_GONE,
	NSX_HINT_PID_REUSED,
	NSX_HINT_NS_LIMIT,
	NSX_HINT_USERNS_DISABLED,
	NSX_HINT_USERNS_APPARMOR,
	NSX_HINT_SUBID,
	NSX_HINT_NEWIDMAP,
	NSX_HINT_UNMAPPED_ID,
	NSX_HINT_SETGROUPS_DENIED,
	NSX_HINT_NO_SECCOMP,
	NSX_HINT_NO_LSM,
	NSX_HINT_NO_CGROUP,
	NSX_HINT_KEEP_CAPS,
	NSX_HINT_FROZEN,
	NSX_HINT_CGROUP_BUSY,
	NSX_HINT_CONTROLLER_V1,
	NSX_HINT_CONTROLLER_DELEGATE,
	NSX_HINT_WORKDIR,
	NSX_HINT_NO_COMMAND,
	NSX_HINT_INTERPRETER,
	NSX_HINT_NOEXEC,
	NSX_HINT_INITRAMFS,
	NSX_HINT_PROC_MASKED,
	NSX_HINT_SYMLINK,
	NSX_HINT_READ_ONLY_ROOT,
	NSX_HINT_NAME_TAKEN,
	NSX_HINT_NO_SUCH_NAME,
	NSX_HINT_CLEAR_ENV,
	NSX_HINT_MEMFD_NOEXEC,
	NSX_HINT_IMAGE_LSM,
	NSX_HINT_HARD_RLIMIT,
	NSX_HINT_PIDNS_DEAD,
	NSX_HINT_KERNEL_TOO_OLD,
	NSX_HINT_HELP,
	NSX_HINT_SETUID_CAP,
	NSX_HINT_NO_DEVPTS,
	NSX_HINT_CHROOT,
	NSX_HINT_COUNT
};

/**
 * nsx_err_set() - Record a failure, unless one is recorded already
 * @err:       the record, or NULL
 * @code:      negative errno
 * @operation: system call or short verb; cut if too long
 * @object:    what the user can recognise, or NULL
 * @hint:      enum nsx_hint
 *
 * fork-safe: yes.
 *
 * Return: @code.
 */
int nsx_err_set(struct nsx_err *err, int code, const char *operation, const char *object,
		enum nsx_hint hint);

/**
 * nsx_err_sys() - Record the failure of a system call from errno
 * @err:       the record, or NULL
 * @operation: name of the system call
 * @object:    what it was applied to, or NULL
 *
 * fork-safe: yes.
 *
 * Return: -errno.
 */
int nsx_err_sys(struct nsx_err *err, const char *operation, const char *object);

/**
 * nsx_err_hint() - Add a hint to a recorded failure that has none
 * @err:  the record, or NULL
 * @hint: enum nsx_hint
 *
 * fork-safe: yes.
 */
void nsx_err_hint(struct nsx_err *err, enum nsx_hint hint);

/**
 * nsx_err_sanitize() - Make a record that came from a hostile process safe to show
 * @err: the record, changed in place
 *
 * Terminates the texts, bounds code and hint, and replaces control characters.
 * fork-safe: yes.
 */
void nsx_err_sanitize(struct nsx_err *err);

#endif
