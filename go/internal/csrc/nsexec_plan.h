/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: what the new process shall be like. Setters copy what they are given; descriptors are borrowed and must
 * stay open until nsexec_spawn() has returned. What is not set keeps its default, which stands at each setter. A plan
 * can be spawned any number of times.
 */
#ifndef NSEXEC_PLAN_H
#define NSEXEC_PLAN_H

#include "nsexec_error.h"
#include "nsexec_ns.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

struct nsexec_plan;
struct sock_filter;

/* How a namespace is chosen. */
#define NSEXEC_NS_MODE_INHERIT 0u /* the caller's (default) */
#define NSEXEC_NS_MODE_NEW 1u     /* a new one */
#define NSEXEC_NS_MODE_TARGET \
	2u /* the target's; where it is the caller's own already, nothing is done */

/* What to take over from the target. */
#define NSEXEC_CONTEXT_ROOT 0x0001u    /* root directory */
#define NSEXEC_CONTEXT_CWD 0x0002u     /* working directory */
#define NSEXEC_CONTEXT_IDS 0x0004u     /* user and group id */
#define NSEXEC_CONTEXT_GROUPS 0x0008u  /* supplementary groups */
#define NSEXEC_CONTEXT_CAPS 0x0010u    /* the five capability sets */
#define NSEXEC_CONTEXT_NNP 0x0020u     /* no_new_privs */
#define NSEXEC_CONTEXT_LSM 0x0040u     /* AppArmor or SELinux label */
#define NSEXEC_CONTEXT_SECCOMP 0x0080u /* seccomp filters */
#define NSEXEC_CONTEXT_OOM 0x0100u     /* oom_score_adj */
#define NSEXEC_CONTEXT_UMASK 0x0200u   /* file mode creation mask */
#define NSEXEC_CONTEXT_ENV 0x0400u     /* environment */
#define NSEXEC_CONTEXT_CGROUP 0x0800u  /* cgroup, in every hierarchy */
#define NSEXEC_CONTEXT_ALL 0x0fffu

/* The five capability sets (capabilities(7)). */
#define NSEXEC_CAPS_EFFECTIVE 0u
#define NSEXEC_CAPS_PERMITTED 1u
#define NSEXEC_CAPS_INHERITABLE 2u
#define NSEXEC_CAPS_BOUNDING 3u
#define NSEXEC_CAPS_AMBIENT 4u

/*
 * What container engines leave to a container (Docker's 14): CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID,
 * SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD, AUDIT_WRITE, SETFCAP.
 */
#define NSEXEC_CAPS_STANDARD 0xa80425fbULL

/* Attributes of a mount. */
#define NSEXEC_MOUNT_RDONLY 0x01u
#define NSEXEC_MOUNT_NOSUID 0x02u
#define NSEXEC_MOUNT_NODEV 0x04u
#define NSEXEC_MOUNT_NOEXEC 0x08u
#define NSEXEC_MOUNT_NOATIME 0x10u
#define NSEXEC_MOUNT_RECURSIVE \
	0x100u /* bind: with everything mounted below; attributes hold for all of it */

/* Flags of nsexec_plan_add_standard_mounts(). */
#define NSEXEC_STANDARD_OPEN 0x01u /* nothing masked, nothing read-only */

/* setgroups(2) in a new user namespace. */
#define NSEXEC_SETGROUPS_AUTO 0u /* denied where the kernel demands it (default) */
#define NSEXEC_SETGROUPS_ALLOW 1u
#define NSEXEC_SETGROUPS_DENY 2u

/* Resources of nsexec_plan_set_limit(). */
#define NSEXEC_LIMIT_MEMORY 0u    /* bytes (memory.max, and memory.swap.max 0) */
#define NSEXEC_LIMIT_PIDS 1u      /* processes and threads (pids.max) */
#define NSEXEC_LIMIT_CPU_MILLI 2u /* thousandths of a processor (cpu.max) */

/* Flags of a plan. */
#define NSEXEC_PLAN_STRICT 0x01u /* what would be a warning is an error */
#define NSEXEC_PLAN_INIT \
	0x02u /* a reaping pid 1 of ours above the program; needs a new pid namespace */
#define NSEXEC_PLAN_TRACE 0x04u     /* report each step as an event */
#define NSEXEC_PLAN_KEEP_CAPS 0x08u /* leave the caller's capabilities as they are */
#define NSEXEC_PLAN_NO_FORK \
	0x10u /* a pid namespace that is joined is that of the program's children only */

/**
 * nsexec_plan_new() - Make an empty plan
 *
 * fork-safe: no.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: the plan, to be given back with nsexec_plan_free(); NULL if there is no memory.
 */
struct nsexec_plan *nsexec_plan_new(void);

/**
 * nsexec_plan_free() - Give a plan back
 * @plan: the plan, or NULL
 *
 * fork-safe: no.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: NULL.
 */
struct nsexec_plan *nsexec_plan_free(struct nsexec_plan *plan);

/**
 * nsexec_helper_open() - Get the program that plays the helper processes, as a descriptor
 * @err: detail on failure, or NULL
 *
 * nsexec_spawn() makes it for each plan anew, which takes longer than anything else that it does in the calling process.
 * Who starts programs often makes it once and hands it to each plan with nsexec_plan_set_helper(). It is a sealed memfd
 * of about 100 KiB, close-on-exec: memfd_create(2).
 * fork-safe: no.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: the descriptor, owned by the caller; -EACCES (vm.memfd_noexec), -EMFILE, -ENOMEM, -ENOENT (a build without).
 */
int nsexec_helper_open(struct nsexec_err *err);

/**
 * nsexec_plan_set_helper() - Say where the helper program is
 * @plan: the plan
 * @fd:   from nsexec_helper_open(); it is duplicated, and stays the caller's
 * @err:  detail on failure, or NULL
 *
 * Default: nsexec_spawn() makes it, and keeps it with the plan.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EBADF, -EINVAL (no memfd that is sealed against every change), -EMFILE.
 */
int nsexec_plan_set_helper(struct nsexec_plan *plan, int fd, struct nsexec_err *err);

/**
 * nsexec_plan_set_flags() - Set NSEXEC_PLAN_* flags
 * @plan:  the plan
 * @flags: all flags that shall hold
 * @err:   detail on failure, or NULL
 *
 * Replaces the flags set before. Default: none.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL (unknown bit).
 */
int nsexec_plan_set_flags(struct nsexec_plan *plan, uint64_t flags, struct nsexec_err *err);

/**
 * nsexec_plan_set_target_pid() - Choose the process to enter, by number
 * @plan:       the plan
 * @pid:        process id, in the caller's pid namespace
 * @start_time: field 22 of /proc/PID/stat, 0: not checked
 * @err:        detail on failure, or NULL
 *
 * The process is resolved once, when the plan is spawned, and held by a pidfd from then on. Default: no target.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL.
 */
int nsexec_plan_set_target_pid(struct nsexec_plan *plan, pid_t pid, uint64_t start_time,
			       struct nsexec_err *err);

/**
 * nsexec_plan_set_target_pidfd() - Choose the process to enter, by pidfd
 * @plan:  the plan
 * @pidfd: borrowed
 * @err:   detail on failure, or NULL
 *
 * See pidfd_open(2). Default: no target.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EBADF.
 */
int nsexec_plan_set_target_pidfd(struct nsexec_plan *plan, int pidfd, struct nsexec_err *err);

/**
 * nsexec_plan_set_context() - Choose what is taken over from the target
 * @plan:    the plan
 * @context: NSEXEC_CONTEXT_* bits
 * @err:     detail on failure, or NULL
 *
 * What an own setter sets wins over the target's. Default: nothing.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL (unknown bit).
 */
int nsexec_plan_set_context(struct nsexec_plan *plan, uint32_t context, struct nsexec_err *err);

/**
 * nsexec_plan_set_ns() - Choose namespaces by mode
 * @plan: the plan
 * @ns:   set of NSEXEC_NS_* bits
 * @mode: NSEXEC_NS_MODE_*
 * @err:  detail on failure, or NULL
 *
 * A new user namespace needs no privilege; the others need CAP_SYS_ADMIN in the user namespace that will own them,
 * or a new user namespace beside them. Default: NSEXEC_NS_MODE_INHERIT for all.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL.
 */
int nsexec_plan_set_ns(struct nsexec_plan *plan, uint32_t ns, uint32_t mode,
		       struct nsexec_err *err);

/**
 * nsexec_plan_set_ns_fd() - Choose one namespace by descriptor
 * @plan: the plan
 * @ns:   one NSEXEC_NS_* bit
 * @fd:   of /proc/PID/ns/KIND or a bind mount of it; borrowed
 * @err:  detail on failure, or NULL
 *
 * See setns(2).
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -EBADF.
 */
int nsexec_plan_set_ns_fd(struct nsexec_plan *plan, uint32_t ns, int fd, struct nsexec_err *err);

/**
 * nsexec_plan_set_ns_path() - Choose one namespace by path
 * @plan: the plan
 * @ns:   one NSEXEC_NS_* bit
 * @path: of /proc/PID/ns/KIND or a bind mount of it; opened when spawned
 * @err:  detail on failure, or NULL
 *
 * The path is resolved in the caller's root.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int nsexec_plan_set_ns_path(struct nsexec_plan *plan, uint32_t ns, const char *path,
			    struct nsexec_err *err);

/**
 * nsexec_plan_add_uid_map() - Add a line to the user id map of the new user namespace
 * @plan: the plan
 * @map:  the line
 * @err:  detail on failure, or NULL
 *
 * At most 340 lines (Linux 4.15). Written directly where the kernel allows it, else by newuidmap(1). Default: id 0
 * inside is the caller's effective user id.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM, -E2BIG.
 */
int nsexec_plan_add_uid_map(struct nsexec_plan *plan, const struct nsexec_idmap *map,
			    struct nsexec_err *err);

/**
 * nsexec_plan_add_gid_map() - Add a line to the group id map of the new user namespace
 * @plan: the plan
 * @map:  the line
 * @err:  detail on failure, or NULL
 *
 * As nsexec_plan_add_uid_map(), with newgidmap(1). Default: id 0 inside is the caller's effective group id.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM, -E2BIG.
 */
int nsexec_plan_add_gid_map(struct nsexec_plan *plan, const struct nsexec_idmap *map,
			    struct nsexec_err *err);

/**
 * nsexec_plan_set_setgroups() - Choose whether the new user namespace allows setgroups(2)
 * @plan:   the plan
 * @policy: NSEXEC_SETGROUPS_*
 * @err:    detail on failure, or NULL
 *
 * See user_namespaces(7), /proc/PID/setgroups. Default: NSEXEC_SETGROUPS_AUTO.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL.
 */
int nsexec_plan_set_setgroups(struct nsexec_plan *plan, uint32_t policy, struct nsexec_err *err);

/**
 * nsexec_plan_set_time_offset() - Shift a clock in the new time namespace
 * @plan:        the plan
 * @clock:       CLOCK_MONOTONIC or CLOCK_BOOTTIME
 * @seconds:     may be negative
 * @nanoseconds: 0 to 999999999
 * @err:         detail on failure, or NULL
 *
 * See time_namespaces(7). Default: no shift.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL.
 */
int nsexec_plan_set_time_offset(struct nsexec_plan *plan, int clock, int64_t seconds,
				uint32_t nanoseconds, struct nsexec_err *err);

/**
 * nsexec_plan_set_root_path() - Make a directory the root of the new mount namespace
 * @plan: the plan
 * @path: opened when spawned, in the caller's root
 * @err:  detail on failure, or NULL
 *
 * Needs a new mount namespace. Default: the root stays.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int nsexec_plan_set_root_path(struct nsexec_plan *plan, const char *path, struct nsexec_err *err);

/**
 * nsexec_plan_set_root_fd() - Make a directory the root of the new mount namespace, by descriptor
 * @plan: the plan
 * @fd:   of a directory (O_PATH is enough) or of a detached mount; borrowed
 * @err:  detail on failure, or NULL
 *
 * As nsexec_plan_set_root_path().
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EBADF.
 */
int nsexec_plan_set_root_fd(struct nsexec_plan *plan, int fd, struct nsexec_err *err);

/**
 * nsexec_plan_set_root_default() - Make the embedded default root
 * @plan: the plan
 * @err:  detail on failure, or NULL
 *
 * The host's system directories appear through throw-away overlays, everything else is new and empty.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0.
 */
int nsexec_plan_set_root_default(struct nsexec_plan *plan, struct nsexec_err *err);

/**
 * nsexec_plan_set_root_readonly() - Make the root read-only
 * @plan:     the plan
 * @readonly: yes or no
 * @err:      detail on failure, or NULL
 *
 * What is mounted below it is not concerned. Default: no.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0.
 */
int nsexec_plan_set_root_readonly(struct nsexec_plan *plan, bool readonly, struct nsexec_err *err);

/**
 * nsexec_plan_add_standard_mounts() - Add what every container has
 * @plan:  the plan
 * @flags: NSEXEC_STANDARD_OPEN: hide and protect nothing
 * @err:   detail on failure, or NULL
 *
 * proc, sysfs, a minimal /dev with pts, shm and mqueue, cgroup2 if a new cgroup namespace was chosen before, and
 * the masked and read-only paths of container engines. Default: none.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -ENOMEM.
 */
int nsexec_plan_add_standard_mounts(struct nsexec_plan *plan, uint32_t flags,
				    struct nsexec_err *err);

/**
 * nsexec_plan_add_bind() - Add a bind mount
 * @plan:   the plan
 * @source: path in the caller's root, opened when spawned
 * @target: path in the new root; made if missing
 * @flags:  NSEXEC_MOUNT_*
 * @err:    detail on failure, or NULL
 *
 * Mounts are made in the order they were added. Attributes hold before the mount is visible.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int nsexec_plan_add_bind(struct nsexec_plan *plan, const char *source, const char *target,
			 uint32_t flags, struct nsexec_err *err);

/**
 * nsexec_plan_add_mount() - Add a mount of a new file system
 * @plan:    the plan
 * @type:    tmpfs, proc, sysfs, devpts, mqueue, cgroup2 or overlay
 * @target:  path in the new root; made if missing
 * @options: of the file system, separated by commas, or NULL
 * @flags:   NSEXEC_MOUNT_*
 * @err:     detail on failure, or NULL
 *
 * Mounts are made in the order they were added.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int nsexec_plan_add_mount(struct nsexec_plan *plan, const char *type, const char *target,
			  const char *options, uint32_t flags, struct nsexec_err *err);

/**
 * nsexec_plan_add_masked_path() - Hide a path of the new root
 * @plan: the plan
 * @path: a file or directory; a missing one is no error
 * @err:  detail on failure, or NULL
 *
 * A file is covered by /dev/null, a directory by an empty read-only one.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL (not absolute), -ENOMEM.
 */
int nsexec_plan_add_masked_path(struct nsexec_plan *plan, const char *path, struct nsexec_err *err);

/**
 * nsexec_plan_add_readonly_path() - Make a path of the new root read-only
 * @plan: the plan
 * @path: a file or directory; a missing one is no error
 * @err:  detail on failure, or NULL
 *
 * With everything mounted below.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL (not absolute), -ENOMEM.
 */
int nsexec_plan_add_readonly_path(struct nsexec_plan *plan, const char *path,
				  struct nsexec_err *err);

/**
 * nsexec_plan_set_hostname() - Set the host name of the new UTS namespace
 * @plan: the plan
 * @name: at most 64 bytes
 * @err:  detail on failure, or NULL
 *
 * See sethostname(2). Default: the caller's.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int nsexec_plan_set_hostname(struct nsexec_plan *plan, const char *name, struct nsexec_err *err);

/**
 * nsexec_plan_set_loopback() - Bring lo up in the new network namespace
 * @plan: the plan
 * @up:   yes or no
 * @err:  detail on failure, or NULL
 *
 * See netdevice(7), SIOCSIFFLAGS. Default: no.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0.
 */
int nsexec_plan_set_loopback(struct nsexec_plan *plan, bool up, struct nsexec_err *err);

/**
 * nsexec_plan_set_ids() - Set user and group id (real, effective, saved)
 * @plan: the plan
 * @uid:  inside the user namespace of the process
 * @gid:  inside the user namespace of the process
 * @err:  detail on failure, or NULL
 *
 * Leaving id 0 clears the effective, permitted and ambient sets unless they are set too. Default: 0 in a new user
 * namespace; else the target's; else the caller's.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL (4294967295).
 */
int nsexec_plan_set_ids(struct nsexec_plan *plan, uint32_t uid, uint32_t gid,
			struct nsexec_err *err);

/**
 * nsexec_plan_set_uid() - Set the user id (real, effective, saved) and leave the group id
 * @plan: the plan
 * @uid:  inside the user namespace of the process
 * @err:  detail on failure, or NULL
 *
 * As nsexec_plan_set_ids().
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL (4294967295).
 */
int nsexec_plan_set_uid(struct nsexec_plan *plan, uint32_t uid, struct nsexec_err *err);

/**
 * nsexec_plan_set_gid() - Set the group id (real, effective, saved) and leave the user id
 * @plan: the plan
 * @gid:  inside the user namespace of the process
 * @err:  detail on failure, or NULL
 *
 * As nsexec_plan_set_ids().
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL (4294967295).
 */
int nsexec_plan_set_gid(struct nsexec_plan *plan, uint32_t gid, struct nsexec_err *err);

/**
 * nsexec_plan_set_groups() - Set the supplementary groups
 * @plan:   the plan
 * @groups: group ids, inside
 * @count:  how many, 0: none
 * @err:    detail on failure, or NULL
 *
 * See setgroups(2). Default: the target's; none when only nsexec_plan_set_ids() was called; else the caller's.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int nsexec_plan_set_groups(struct nsexec_plan *plan, const uint32_t *groups, size_t count,
			   struct nsexec_err *err);

/**
 * nsexec_plan_set_umask() - Set the file mode creation mask
 * @plan: the plan
 * @mask: 0 to 0777
 * @err:  detail on failure, or NULL
 *
 * See umask(2). Default: the target's, else the caller's.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL.
 */
int nsexec_plan_set_umask(struct nsexec_plan *plan, uint32_t mask, struct nsexec_err *err);

/**
 * nsexec_plan_set_caps() - Set one capability set
 * @plan: the plan
 * @set:  NSEXEC_CAPS_*
 * @caps: bit N is capability N
 * @err:  detail on failure, or NULL
 *
 * The bounding set is only ever lowered. Default: the target's, else the caller's; ambient and inheritable empty
 * in a new container.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL.
 */
int nsexec_plan_set_caps(struct nsexec_plan *plan, uint32_t set, uint64_t caps,
			 struct nsexec_err *err);

/**
 * nsexec_plan_set_launch_caps() - Set all capability sets as container engines do for a new container
 * @plan: the plan; nsexec_plan_set_ids() comes before
 * @caps: bit N is capability N; NSEXEC_CAPS_STANDARD is what engines give
 * @err:  detail on failure, or NULL
 *
 * The bounding set is @caps; so are the permitted and the effective set of user 0, those of another user are empty; the
 * inheritable and the ambient set are empty for everybody: capabilities(7).
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0.
 */
int nsexec_plan_set_launch_caps(struct nsexec_plan *plan, uint64_t caps, struct nsexec_err *err);

/**
 * nsexec_plan_add_caps() - Add capabilities to what the sets would be
 * @plan: the plan
 * @caps: bit N is capability N
 * @err:  detail on failure, or NULL
 *
 * After nsexec_plan_drop_caps(): to effective, permitted and bounding; for a user other than 0 also to inheritable
 * and ambient, without which they would not survive execve(2). Default: none.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0.
 */
int nsexec_plan_add_caps(struct nsexec_plan *plan, uint64_t caps, struct nsexec_err *err);

/**
 * nsexec_plan_drop_caps() - Remove capabilities from all five sets
 * @plan: the plan
 * @caps: bit N is capability N
 * @err:  detail on failure, or NULL
 *
 * Before nsexec_plan_add_caps(): dropping all and adding one leaves that one. Default: none.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0.
 */
int nsexec_plan_drop_caps(struct nsexec_plan *plan, uint64_t caps, struct nsexec_err *err);

/**
 * nsexec_plan_set_securebits() - Set the secure bits
 * @plan: the plan
 * @bits: SECBIT_*, prctl(2) PR_SET_SECUREBITS
 * @err:  detail on failure, or NULL
 *
 * Needs CAP_SETPCAP. Default: as they are.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0.
 */
int nsexec_plan_set_securebits(struct nsexec_plan *plan, uint32_t bits, struct nsexec_err *err);

/**
 * nsexec_plan_set_no_new_privs() - Set no_new_privs
 * @plan: the plan
 * @on:   yes or no; what the caller has already stays
 * @err:  detail on failure, or NULL
 *
 * See prctl(2) PR_SET_NO_NEW_PRIVS. Default: the target's, else no.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0.
 */
int nsexec_plan_set_no_new_privs(struct nsexec_plan *plan, bool on, struct nsexec_err *err);

/**
 * nsexec_plan_set_lsm_label() - Set the AppArmor profile or SELinux context of the program
 * @plan:  the plan
 * @label: as in /proc/PID/attr/exec
 * @err:   detail on failure, or NULL
 *
 * Takes effect at execve(2). Default: the target's, else the caller's.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int nsexec_plan_set_lsm_label(struct nsexec_plan *plan, const char *label, struct nsexec_err *err);

/**
 * nsexec_plan_add_seccomp() - Add a seccomp filter
 * @plan:   the plan
 * @filter: classic BPF, as seccomp_export_bpf(3) writes it
 * @count:  instructions, 1 to 4096
 * @err:    detail on failure, or NULL
 *
 * Filters are installed in the order they were added. Replaces the target's filters. With no filter added by the
 * time of the spawn and NSEXEC_CONTEXT_SECCOMP, the target's are copied.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int nsexec_plan_add_seccomp(struct nsexec_plan *plan, const struct sock_filter *filter,
			    size_t count, struct nsexec_err *err);

/**
 * nsexec_plan_set_seccomp_default() - Use the default seccomp profile
 * @plan: the plan
 * @err:  detail on failure, or NULL
 *
 * That of the container engines, for the capabilities the program will have. Default: no filter.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0.
 */
int nsexec_plan_set_seccomp_default(struct nsexec_plan *plan, struct nsexec_err *err);

/**
 * nsexec_plan_set_keyring() - Choose the session keyring
 * @plan: the plan
 * @own:  a new one; else the caller's
 * @err:  detail on failure, or NULL
 *
 * See session-keyring(7). Default: a new one.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0.
 */
int nsexec_plan_set_keyring(struct nsexec_plan *plan, bool own, struct nsexec_err *err);

/**
 * nsexec_plan_set_rlimit() - Set a resource limit
 * @plan:     the plan
 * @resource: RLIMIT_*
 * @soft:     RLIM_INFINITY: none
 * @hard:     at least @soft
 * @err:      detail on failure, or NULL
 *
 * See setrlimit(2). Raising a hard limit needs CAP_SYS_RESOURCE. Default: the caller's.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL.
 */
int nsexec_plan_set_rlimit(struct nsexec_plan *plan, int resource, uint64_t soft, uint64_t hard,
			   struct nsexec_err *err);

/**
 * nsexec_plan_set_oom_score_adj() - Set oom_score_adj
 * @plan:  the plan
 * @value: -1000 to 1000
 * @err:   detail on failure, or NULL
 *
 * See proc(5). Lowering needs CAP_SYS_RESOURCE. Default: the target's, else the caller's.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL.
 */
int nsexec_plan_set_oom_score_adj(struct nsexec_plan *plan, int value, struct nsexec_err *err);

/**
 * nsexec_plan_set_cgroup_fd() - Choose the cgroup v2 directory to be born in
 * @plan: the plan
 * @fd:   of the directory; borrowed
 * @err:  detail on failure, or NULL
 *
 * See clone(2), CLONE_INTO_CGROUP. Default: the target's, else the caller's.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EBADF.
 */
int nsexec_plan_set_cgroup_fd(struct nsexec_plan *plan, int fd, struct nsexec_err *err);

/**
 * nsexec_plan_set_limit() - Limit a resource of the whole container
 * @plan:  the plan
 * @limit: NSEXEC_LIMIT_*
 * @value: in the unit of the limit, not 0
 * @err:   detail on failure, or NULL
 *
 * The process is born in a cgroup v2 of its own, made below the caller's and removed when the process has ended.
 * Default: no limit, no own cgroup.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL.
 */
int nsexec_plan_set_limit(struct nsexec_plan *plan, uint32_t limit, uint64_t value,
			  struct nsexec_err *err);

/**
 * nsexec_plan_add_cleanup() - Remove a file or an empty directory when the process has ended
 * @plan: the plan
 * @path: absolute
 * @err:  detail on failure, or NULL
 *
 * Also when the caller was killed meanwhile: a small process waits for it. Default: nothing.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int nsexec_plan_add_cleanup(struct nsexec_plan *plan, const char *path, struct nsexec_err *err);

/**
 * nsexec_plan_set_argv() - Set the program and its arguments
 * @plan: the plan
 * @argv: NULL-terminated, at least one; argv[0] without a slash is looked up in the PATH of the program's environment, inside
 * @err:  detail on failure, or NULL
 *
 * See execve(2).
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM, -E2BIG.
 */
int nsexec_plan_set_argv(struct nsexec_plan *plan, char *const argv[], struct nsexec_err *err);

/**
 * nsexec_plan_set_env() - Set the whole environment
 * @plan: the plan
 * @envp: NULL-terminated list of NAME=VALUE
 * @err:  detail on failure, or NULL
 *
 * Replaces the target's. Default: the target's, else empty.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM, -E2BIG.
 */
int nsexec_plan_set_env(struct nsexec_plan *plan, char *const envp[], struct nsexec_err *err);

/**
 * nsexec_plan_add_env() - Add or replace one variable of the environment
 * @plan:       the plan
 * @assignment: NAME=VALUE
 * @err:        detail on failure, or NULL
 *
 * Applies to what the environment would be otherwise.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM, -E2BIG.
 */
int nsexec_plan_add_env(struct nsexec_plan *plan, const char *assignment, struct nsexec_err *err);

/**
 * nsexec_plan_set_cwd() - Set the working directory
 * @plan: the plan
 * @path: inside the new root, absolute
 * @err:  detail on failure, or NULL
 *
 * Must be reachable. Default: the target's; / in a new root; else the caller's.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int nsexec_plan_set_cwd(struct nsexec_plan *plan, const char *path, struct nsexec_err *err);

/**
 * nsexec_plan_set_root_dir() - Make a directory of the caller the root directory of the program
 * @plan: the plan
 * @path: in the caller's root; opened when spawned
 * @err:  detail on failure, or NULL
 *
 * By chroot(2), after joining; not together with a new root. Default: the target's, else that of the mount
 * namespace.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int nsexec_plan_set_root_dir(struct nsexec_plan *plan, const char *path, struct nsexec_err *err);

/**
 * nsexec_plan_set_cwd_outside() - Make a directory of the caller the working directory of the program
 * @plan: the plan
 * @path: in the caller's root; opened when spawned
 * @err:  detail on failure, or NULL
 *
 * It must be reachable from the root of the program.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int nsexec_plan_set_cwd_outside(struct nsexec_plan *plan, const char *path, struct nsexec_err *err);

/**
 * nsexec_plan_add_fd() - Pass a descriptor on
 * @plan: the plan
 * @from: the caller's; borrowed
 * @to:   its number in the program
 * @err:  detail on failure, or NULL
 *
 * 0, 1 and 2 are passed on unless mapped otherwise; everything else is closed.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EBADF, -EINVAL (number mapped twice), -E2BIG.
 */
int nsexec_plan_add_fd(struct nsexec_plan *plan, int from, int to, struct nsexec_err *err);

/**
 * nsexec_plan_set_tty() - Give the program a terminal of its own
 * @plan:    the plan
 * @on:      yes or no
 * @rows:    0: unknown
 * @columns: 0: unknown
 * @err:     detail on failure, or NULL
 *
 * Made inside, from the container's devpts; the master comes with the process handle. Default: no.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0.
 */
int nsexec_plan_set_tty(struct nsexec_plan *plan, bool on, uint16_t rows, uint16_t columns,
			struct nsexec_err *err);

/**
 * nsexec_plan_set_pdeathsig() - Set the signal that the program gets when the calling thread ends
 * @plan: the plan
 * @sig:  0: none
 * @err:  detail on failure, or NULL
 *
 * Set after the last change of credentials, without a race. The thread that calls nsexec_spawn() must live on.
 * Default: none.
 * fork-safe: no.  threads: one at a time for a plan.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL.
 */
int nsexec_plan_set_pdeathsig(struct nsexec_plan *plan, int sig, struct nsexec_err *err);

/**
 * nsexec_cap_name() - The name of a capability
 * @cap: its number (capabilities(7))
 *
 * fork-safe: yes.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: "CAP_SYS_ADMIN" and so on; "CAP_?" for a number without name.
 */
const char *nsexec_cap_name(unsigned cap);

/**
 * nsexec_cap_parse() - The number of a capability
 * @name:    with or without "CAP_", in any case
 * @ret_cap: its number; untouched on failure
 * @err:     detail on failure, or NULL
 *
 * fork-safe: yes.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL (no such capability).
 */
int nsexec_cap_parse(const char *name, unsigned *ret_cap, struct nsexec_err *err);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
