/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions by name that act in other namespaces: what an agent does on behalf of a container, for instance one that
 * answers the notifications of a seccomp filter (seccomp_unotify(2)).
 *
 * Each run is an nsexec_call() in a forked child. What the child inherits is memory: none of the caller's descriptors
 * but 0, 1 and 2, and no descriptor to answer on. The parameters are neither in its environment nor in its arguments.
 */
#ifndef NSEXEC_MODULE_H
#define NSEXEC_MODULE_H

#include <nsexec/call.h>
#include <nsexec/error.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

struct nsexec_modules;

/**
 * struct nsexec_module_params - What a module finds behind its argument `data`
 * @bytes: the parameters, or NULL
 * @size:  how many bytes
 */
struct nsexec_module_params {
	const void *bytes;
	uint64_t size;
};

/**
 * struct nsexec_module_args - Where a module runs, and its parameters; zero is the default for every member
 * @size:       sizeof(struct nsexec_module_args) in the caller
 * @flags:      must be 0
 * @root_fd:    directory to be the root, plus 1; 0: stays (or the mount namespace's root when @mnt_fd is joined)
 * @cwd_fd:     directory to work in, plus 1; 0: stays, or the root
 * @mnt_fd:     mount namespace to join, plus 1; 0: stays
 * @net_fd:     network namespace to join, plus 1; 0: stays
 * @pid_fd:     pid namespace to join, plus 1; 0: stays
 * @timeout_ms: deadline, after which the child is killed; 0: none
 * @params:     handed to the module
 * @params_size: bytes of @params
 *
 * All are plus 1, so that -1 for "not opened" becomes 0.
 */
struct nsexec_module_args {
	uint64_t size;
	uint64_t flags;
	int32_t root_fd;
	int32_t cwd_fd;
	int32_t mnt_fd;
	int32_t net_fd;
	int32_t pid_fd;
	uint32_t timeout_ms;
	const void *params;
	uint64_t params_size;
};

/**
 * nsexec_modules_new() - Make an empty register of modules
 *
 * fork-safe: no.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: the register, or NULL (no memory).
 */
struct nsexec_modules *nsexec_modules_new(void);

/**
 * nsexec_modules_free() - Give a register back
 * @modules: the register, or NULL
 *
 * fork-safe: no.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: NULL.
 */
struct nsexec_modules *nsexec_modules_free(struct nsexec_modules *modules);

/**
 * nsexec_module_register() - Give a function a name
 * @modules:  the register
 * @name:     the name, which is copied
 * @function: what to run; its argument `data` is a `const struct nsexec_module_params *`
 * @err:      detail on failure, or NULL
 *
 * fork-safe: no.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL (no register, name or function, or an empty name), -EEXIST (the name is taken), -ENOMEM.
 */
int nsexec_module_register(struct nsexec_modules *modules, const char *name,
			   nsexec_call_fn *function, struct nsexec_err *err);

/**
 * nsexec_module_run() - Run a module in other namespaces, and get its reply
 * @modules:  the register; not changed
 * @name:     which module
 * @args:     where, and with what parameters; NULL: here, without any
 * @buf:      where the reply goes
 * @buf_size: bytes of @buf; the reply can not be larger
 * @err:      detail on failure, or NULL
 *
 * The child joins mnt, pid and net, then changes root and directory; a step that fails ends it before the module runs.
 * Ids, capabilities and all else stay the caller's. The module may do what it likes in its child, but for what would
 * wait for another thread of the caller, which is not there: with threads it keeps to async-signal-safe functions. In a
 * pid namespace it is visible to the container; see nsexec_call() for when that is safe.
 *
 * fork-safe: no.  threads: any, if nobody registers meanwhile.  capabilities: CAP_SYS_ADMIN in the user namespaces that
 * own what is joined, and CAP_SYS_CHROOT for @mnt_fd and @root_fd of @args.  Since: 0.1.0.
 *
 * Return: bytes in @buf; -ENOENT (operation "find-module": no such name); -ETIMEDOUT; -EINVAL (arguments, or a
 * descriptor of another kind); -EBADF; -E2BIG (longer arguments than this library knows, or a reply that does not fit);
 * -ECANCELED (the child was killed, or crashed); what the module or the step that failed returned.
 */
int64_t nsexec_module_run(const struct nsexec_modules *modules, const char *name,
			  const struct nsexec_module_args *args, void *buf, size_t buf_size,
			  struct nsexec_err *err);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
