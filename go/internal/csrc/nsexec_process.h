/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a plan, and the process that comes of it. */
#ifndef NSEXEC_PROCESS_H
#define NSEXEC_PROCESS_H

#include "nsexec_error.h"
#include "nsexec_plan.h"
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

struct nsexec_process;

/* What an event tells. */
#define NSEXEC_EVENT_STEP 1u    /* a step begins; only with NSEXEC_PLAN_TRACE */
#define NSEXEC_EVENT_INFO 2u    /* something was done otherwise than usual */
#define NSEXEC_EVENT_WARNING 3u /* something asked for was left out */
#define NSEXEC_EVENT_CHILD 4u   /* the final process exists; pid is set */
#define NSEXEC_EVENT_READY \
	6u /* everything is applied: the next thing is the execution of the program */
#define NSEXEC_EVENT_DEBUG 5u /* for who looks for a fault */

/**
 * struct nsexec_event - Something worth telling during a spawn
 * @type: NSEXEC_EVENT_*
 * @pid:  the process, or 0
 * @role: "starter", "helper", "init", "final", "parent"
 * @text: step name, or the note in words; valid during the call only
 */
struct nsexec_event {
	uint32_t type;
	int32_t pid;
	const char *role;
	const char *text;
};

/* The helper processes are copies of the calling process, if nsexec_self_protect() has made that safe; else nothing. */
#define NSEXEC_SPAWN_FORK_SELF 0x01u

/*
 * With NSEXEC_SPAWN_FORK_SELF: the first of them may use the memory of the caller, who only waits until it has ended or has
 * executed the program. Faster; for a program with one thread that does nothing else, and has no signal handlers.
 * Afterwards the caller can not be traced or dump core, and its environment may be empty. Not done with a user namespace,
 * limits, or where something has to be reported in between.
 */
#define NSEXEC_SPAWN_SHARE_SELF 0x02u

/* With NSEXEC_SPAWN_FORK_SELF: the program file is known to lie on a read-only mount, and is not looked at again. */
#define NSEXEC_SPAWN_PROTECTED 0x04u

/**
 * struct nsexec_spawn_args - Options of nsexec_spawn()
 * @size:  sizeof(struct nsexec_spawn_args) in the caller
 * @flags: NSEXEC_SPAWN_*; unknown bits are refused
 * @event: called in the calling thread for each event, or NULL
 * @data:  handed to @event
 * @cancel_fd: a descriptor plus 1; when it becomes readable before the new process is ready, everything is ended, and
 *         nsexec_spawn() returns -EINTR; 0: none. What comes later is for whoever waits for the process
 * @reserved: must be 0
 */
struct nsexec_spawn_args {
	uint64_t size;
	uint64_t flags;
	void (*event)(void *data, const struct nsexec_event *event);
	void *data;
	int32_t cancel_fd;
	uint32_t reserved;
};

/**
 * nsexec_spawn() - Start the program of a plan
 * @plan:        the plan; not changed
 * @args:        options, or NULL
 * @ret_process: the process, to be given back with nsexec_process_free()
 * @err:         detail on failure, or NULL
 *
 * Returns when the program has been executed, or nothing is left of the attempt. The helper processes are a small
 * program of the library's own (in a sealed memfd), so that the cost does not depend on the size of the caller and no
 * code of the caller runs between clone and exec. The process is a child of the calling process: a waitpid(-1) of
 * somebody else, or SIGCHLD set to SIG_IGN, takes its exit status away (nsexec_process_wait() then says so).
 *
 * fork-safe: no.  threads: any; nsexec_plan_set_pdeathsig() counts from the calling thread.  capabilities: what the
 * plan needs: CAP_SYS_ADMIN for namespaces unless a user namespace is new or the caller's own.  Since: 0.1.0.
 *
 * Return: 0, or a negative errno of the step that failed: -EINVAL (contradiction in the plan), -ESRCH (target gone),
 * -EPERM, -EACCES, -ENOENT, -ENOSPC (namespace limit), -ENOMEM and what the system calls of the step return.
 */
int nsexec_spawn(struct nsexec_plan *plan, const struct nsexec_spawn_args *args,
		 struct nsexec_process **ret_process, struct nsexec_err *err);

/**
 * nsexec_sweep() - Remove what supervisors left that were killed together with their keepers
 *
 * Empty cgroups next to where nsexec_spawn() would make one, whose maker is gone.
 * fork-safe: no.  threads: any.  capabilities: none.  Since: 0.1.0.
 */
void nsexec_sweep(void);

/**
 * nsexec_explain() - Tell the steps that a plan would take, without running it
 * @plan:    the plan
 * @explain: called for each step, with the role, the name, and the reason why it is taken
 * @data:    handed to @explain
 * @err:     detail on failure, or NULL
 *
 * The target is read, nothing is started or changed.
 * fork-safe: no.  threads: any.  capabilities: as needed to read the target.  Since: 0.1.0.
 *
 * Return: 0, or as nsexec_spawn() for what can be found out beforehand.
 */
int nsexec_explain(struct nsexec_plan *plan,
		   void (*explain)(void *data, const char *role, const char *step,
				   const char *reason),
		   void *data, struct nsexec_err *err);

/**
 * nsexec_self_protect() - Make the calling program safe to be forked into a container
 * @argv: arguments to execute the calling program with again
 * @envp: environment for it
 * @err:  detail on failure, or NULL
 *
 * Executes the calling program again from a read-only clone of its mount, whose descriptor does not survive: a
 * container that gets hold of /proc/PID/exe can not change the file (the class of CVE-2019-5736). Call it first thing
 * in main(), in a small program with one thread; afterwards NSEXEC_SPAWN_FORK_SELF is allowed.
 *
 * fork-safe: no.  threads: only one.  capabilities: CAP_SYS_ADMIN.  Since: 0.1.0.
 *
 * Return: 0 if this has been done already (the program was executed by descriptor; nsexec_spawn() checks the mount
 * itself); does not return if it was executed again; -EPERM, -ENOSYS and others if that is not possible.
 */
int nsexec_self_protect(char *const argv[], char *const envp[], struct nsexec_err *err);

/**
 * nsexec_process_free() - Give a process handle back
 * @process: the handle, or NULL
 *
 * The process itself lives on; one that has ended and was not waited for is reaped.
 * fork-safe: no.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: NULL.
 */
struct nsexec_process *nsexec_process_free(struct nsexec_process *process);

/**
 * nsexec_process_pid() - The process number, as information
 * @process: the handle
 *
 * fork-safe: yes.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: the pid in the caller's pid namespace.
 */
pid_t nsexec_process_pid(const struct nsexec_process *process);

/**
 * nsexec_process_pidfd() - The pidfd that is the identity of the process
 * @process: the handle; it keeps the descriptor
 *
 * Readable when the process has ended (pidfd_open(2)).
 * fork-safe: yes.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: the descriptor.
 */
int nsexec_process_pidfd(const struct nsexec_process *process);

/**
 * nsexec_process_tty() - The master of the terminal that the plan asked for
 * @process: the handle; it keeps the descriptor
 *
 * fork-safe: yes.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: the descriptor, or -EBADF.
 */
int nsexec_process_tty(const struct nsexec_process *process);

/**
 * struct nsexec_status - How a process ended
 * @exited: 1: it called exit(); 0: a signal killed it
 * @code:   exit status (0 to 255), or signal number
 * @core:   1: it left a core dump
 */
struct nsexec_status {
	int32_t exited;
	int32_t code;
	int32_t core;
};

/**
 * nsexec_process_wait() - Wait until the process has ended
 * @process:    the handle
 * @timeout_ms: milliseconds; negative: without end
 * @ret_status: how it ended; may be asked for again
 * @err:        detail on failure, or NULL
 *
 * fork-safe: no.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -ETIMEDOUT (it still runs), -ECHILD (somebody else took its status).
 */
int nsexec_process_wait(struct nsexec_process *process, int timeout_ms,
			struct nsexec_status *ret_status, struct nsexec_err *err);

/**
 * nsexec_process_try_wait() - Has the process ended?
 * @process:    the handle
 * @ret_status: how it ended; may be asked for again
 * @err:        detail on failure, or NULL
 *
 * Does not wait. fork-safe: no.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -ETIMEDOUT (it still runs), -ECHILD (somebody else took its status).
 */
int nsexec_process_try_wait(struct nsexec_process *process, struct nsexec_status *ret_status,
			    struct nsexec_err *err);

/**
 * nsexec_process_kill() - Send a signal
 * @process: the handle
 * @sig:     signal number; 0 only checks
 * @err:     detail on failure, or NULL
 *
 * By pidfd: never hits another process.
 * fork-safe: yes.  threads: any.  capabilities: CAP_KILL, or the same user.  Since: 0.1.0.
 *
 * Return: 0, -ESRCH (it has ended), -EPERM, -EINVAL.
 */
int nsexec_process_kill(struct nsexec_process *process, int sig, struct nsexec_err *err);

/**
 * nsexec_process_resize() - Tell the terminal its size
 * @process: the handle
 * @rows:    rows
 * @columns: columns
 * @err:     detail on failure, or NULL
 *
 * fork-safe: yes.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -ENOTTY (it has no terminal of ours), -EIO.
 */
int nsexec_process_resize(struct nsexec_process *process, uint16_t rows, uint16_t columns,
			  struct nsexec_err *err);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
