/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's interfaces that the C library does not wrap, or wraps with state of its own. musl and glibc of the
 * oldest system we build on lack some of the numbers and flags, so they are written here.
 */
#ifndef NSX_BASE_SYS_H
#define NSX_BASE_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/types.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_lsm_list_modules
#define SYS_lsm_list_modules 461
#endif
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif
#ifndef SYS_lsm_set_self_attr
#define SYS_lsm_set_self_attr 460
#endif

/* clone(2), clone3(2) */
#define NSX_CLONE_CLEAR_SIGHAND 0x100000000ULL
#define NSX_CLONE_INTO_CGROUP 0x200000000ULL
#define NSX_CLONE_VM 0x00000100
#define NSX_CLONE_FILES 0x00000400
#define NSX_CLONE_SIGHAND 0x00000800
#define NSX_CLONE_PIDFD 0x00001000
#define NSX_CLONE_VFORK 0x00004000
#define NSX_CLONE_PARENT 0x00008000
#define NSX_CLONE_PARENT_SETTID 0x00100000
#define NSX_CLONE_NEWTIME 0x00000080
#define NSX_CLONE_NEWNS 0x00020000
#define NSX_CLONE_NEWCGROUP 0x02000000
#define NSX_CLONE_NEWUTS 0x04000000
#define NSX_CLONE_NEWIPC 0x08000000
#define NSX_CLONE_NEWUSER 0x10000000
#define NSX_CLONE_NEWPID 0x20000000
#define NSX_CLONE_NEWNET 0x40000000

struct nsx_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
	uint64_t stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* openat2(2) */
struct nsx_open_how {
	uint64_t flags, mode, resolve;
};
#define NSX_RESOLVE_NO_MAGICLINKS 0x02
#define NSX_RESOLVE_NO_SYMLINKS 0x04
#define NSX_RESOLVE_IN_ROOT 0x10

/* open_tree(2), move_mount(2), fsopen(2), mount_setattr(2) */
#define NSX_OPEN_TREE_CLONE 1
#define NSX_OPEN_TREE_CLOEXEC O_CLOEXEC
#define NSX_AT_RECURSIVE 0x8000
#define NSX_MOVE_MOUNT_F_EMPTY_PATH 0x04
#define NSX_MOVE_MOUNT_T_EMPTY_PATH 0x40
#define NSX_FSOPEN_CLOEXEC 1
#define NSX_FSMOUNT_CLOEXEC 1
#define NSX_FSCONFIG_SET_FLAG 0
#define NSX_FSCONFIG_SET_STRING 1
#define NSX_FSCONFIG_SET_FD 5
#define NSX_FSCONFIG_CMD_CREATE 6
#define NSX_MOUNT_ATTR_RDONLY 0x01
#define NSX_MOUNT_ATTR_NOSUID 0x02
#define NSX_MOUNT_ATTR_NODEV 0x04
#define NSX_MOUNT_ATTR_NOEXEC 0x08
#define NSX_MOUNT_ATTR_ATIME 0x70
#define NSX_MOUNT_ATTR_NOATIME 0x10
#define NSX_MOUNT_ATTR_STRICTATIME 0x20
#define NSX_MOUNT_ATTR_NODIRATIME 0x80
#define NSX_MOUNT_ATTR_NOSYMFOLLOW 0x200000
struct nsx_mount_attr {
	uint64_t attr_set, attr_clr, propagation, userns_fd;
};

/* pidfd_open(2), ioctl_pidfd(2): Linux 6.13 */
struct nsx_pidfd_info {
	uint64_t mask, cgroupid;
	uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};
#define NSX_PIDFD_INFO_CGROUPID 0x4
#define NSX_PIDFD_GET_INFO _IOWR(0xff, 11, struct nsx_pidfd_info)

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef __WALL
#define __WALL 0x40000000
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#define NSX_FIRST_USER_NS 0xeffffffdULL /* linux/nsfs.h: USER_NS_INIT_INO */
#define NSX_NS_GET_USERNS 0xb701
#define NSX_NS_GET_NSTYPE 0xb703

/* fork-safe: all of them, they are nothing but the system call. They return -1 and set errno like the C library's. */

static inline int nsx_sys_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static inline int nsx_sys_pidfd_send_signal(int pidfd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

static inline int nsx_sys_setns(int fd, int type)
{
	return (int)syscall(SYS_setns, fd, type);
}

static inline int nsx_sys_close_range(unsigned first, unsigned last)
{
	return (int)syscall(SYS_close_range, first, last, 0);
}

static inline int nsx_sys_openat2(int dir, const char *path, const struct nsx_open_how *how)
{
	return (int)syscall(SYS_openat2, dir, path, how, sizeof(*how));
}

static inline int nsx_sys_open_tree(int dir, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dir, path, flags);
}

static inline int nsx_sys_move_mount(int from, const char *from_path, int to, const char *to_path,
				     unsigned flags)
{
	return (int)syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}

static inline int nsx_sys_fsopen(const char *type)
{
	return (int)syscall(SYS_fsopen, type, NSX_FSOPEN_CLOEXEC);
}

static inline int nsx_sys_fsconfig(int fs, unsigned command, const char *key, const void *value,
				   int aux)
{
	return (int)syscall(SYS_fsconfig, fs, command, key, value, aux);
}

static inline int nsx_sys_fsmount(int fs, unsigned attr)
{
	return (int)syscall(SYS_fsmount, fs, NSX_FSMOUNT_CLOEXEC, attr);
}

static inline int nsx_sys_mount_setattr(int dir, const char *path, unsigned flags,
					const struct nsx_mount_attr *attr)
{
	return (int)syscall(SYS_mount_setattr, dir, path, flags, attr, sizeof(*attr));
}

static inline int nsx_sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

static inline int nsx_sys_execveat(int dir, const char *path, char *const argv[],
				   char *const envp[], int flags)
{
	return (int)syscall(SYS_execveat, dir, path, argv, envp, flags);
}

static inline int nsx_sys_capget(struct __user_cap_header_struct *header,
				 struct __user_cap_data_struct *data)
{
	return (int)syscall(SYS_capget, header, data);
}

static inline int nsx_sys_capset(struct __user_cap_header_struct *header,
				 const struct __user_cap_data_struct *data)
{
	return (int)syscall(SYS_capset, header, data);
}

static inline pid_t nsx_sys_getpid(void)
{
	return (pid_t)syscall(
		SYS_getpid); /* the library's may be cached, or stale after a raw clone */
}

/**
 * nsx_sys_clone3() - clone3(2) in its fork-like form: the child returns 0 on a copy of this stack
 * @args: arguments; no CLONE_VM, no stack
 *
 * fork-safe: yes.
 *
 * Return: pid, 0 in the child, -1 with errno.
 */
pid_t nsx_sys_clone3(const struct nsx_clone_args *args);

/**
 * nsx_sys_clone() - The legacy clone(2) in its fork-like form
 * @flags:      CLONE_* and the exit signal
 * @parent_tid: where CLONE_PARENT_SETTID stores the pid, or NULL
 *
 * Engine seccomp profiles answer ENOSYS to clone3, so what follows a filter uses this one.
 * fork-safe: yes.
 *
 * Return: pid, 0 in the child, -1 with errno.
 */
pid_t nsx_sys_clone(unsigned long flags, int32_t *parent_tid);

/**
 * nsx_sys_clone_vm() - Run a function in a child that shares our memory while we wait (vfork-like)
 * @exit_signal: of the child; with 0 wait with __WALL
 * @function: what the child runs; async-signal-safe, returns its exit status
 * @data:     argument for @function
 * @stack:    lowest address of a stack for the child
 * @bytes:    its size
 *
 * Block signals before, so that no handler runs in shared memory.
 *
 * Return: pid, or -1 with errno.
 */
pid_t nsx_sys_clone_vm(int exit_signal, int (*function)(void *data), void *data, void *stack,
		       size_t bytes);

/**
 * nsx_sys_raw() - A system call that touches no memory of the C library, so not errno either
 * @number: the call
 * @a: first argument
 * @b: second argument
 * @c: third argument
 * @d: fourth argument
 * @e: fifth argument
 *
 * fork-safe: yes; also while another process uses the same memory, and the same thread area.
 *
 * Return: as the kernel returns it: -errno on failure.
 */
long nsx_sys_raw(long number, long a, long b, long c, long d, long e);

/**
 * nsx_sys_clone3_vm() - The same with the flags of clone3(2)
 * @args:     arguments, with or without CLONE_VFORK; CLONE_VM and the stack are filled in
 * @function: what the child runs, returns its exit status
 * @data:     argument for @function
 * @stack:    lowest address of a stack for the child
 * @bytes:    its size, a multiple of 16
 *
 * Without CLONE_VFORK the caller may use nothing but nsx_sys_raw() until the child has ended or executed something.
 *
 * Return: pid, or -1 with errno.
 */
pid_t nsx_sys_clone3_vm(struct nsx_clone_args *args, int (*function)(void *data), void *data,
			void *stack, size_t bytes);

#endif
