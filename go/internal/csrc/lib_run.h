/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One execution of a plan. The starter resolves everything that needs memory or files of the caller and stores it here;
 * the processes it makes get a copy by fork and change only their own. Roles are tables of steps; see step.h.
 */
#ifndef NSX_LIB_RUN_H
#define NSX_LIB_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib_spec.h"

enum {
	NSX_TASKS_MAX = 16,
	NSX_OPENED_MAX = 16,
	NSX_GROUPS_SHOWN_MAX = 1024,
	NSX_IDMAP_TEXT_MAX = 8192,
	NSX_CGROUP_BYTES = 4064
};

/*
 * Memory that the parent, the starter and the helper share, and the final process never has (MADV_DONTFORK): the kernel
 * writes the pids here before the new process runs its first instruction, so nothing is lost when somebody is killed.
 */
struct nsx_page {
	int32_t helper_pid; /* the first process that the starter made */
	int32_t inner_pid;  /* the second one, if joining has to come before creating */
	int32_t final_pid;  /* the one that executes the program */
	char step[16];      /* what the newest of them is at */
	_Alignas(16) char cgroup[NSX_CGROUP_BYTES]; /* a cgroup that was made for it, "" if none */
};

/* What the target is like, in ids of the namespaces that the new process will have. */
struct nsx_target {
	int pidfd;
	int proc_fd; /* /proc/PID */
	int root_fd;
	int cwd_fd;
	pid_t pid;
	uint32_t uid;
	uint32_t gid;
	uint32_t *groups; /* in the room of the run */
	uint32_t group_count;
	uint32_t umask;
	uint64_t caps[5];
	uint32_t filter_count;
	int32_t oom_score_adj;
	bool no_new_privs;
	bool has_seccomp;
	bool setgroups_denied;
};

/* What the program will be: the plan's wishes and the target's state put together by resolve.c. */
struct nsx_identity {
	bool set_ids;    /* uid and gid are known, */
	bool change_ids; /* and are not what we have anyhow */
	bool set_groups;
	bool set_caps;
	bool set_umask;
	bool no_new_privs;
	uint32_t uid;
	uint32_t gid;
	const uint32_t *groups;
	size_t group_count;
	uint32_t umask;
	uint64_t caps[5];
};

struct nsx_filters {
	const struct sock_filter *code; /* one behind the other */
	const uint32_t *lens;
	size_t count;
	void *owned; /* what to free */
};

/*
 * Room for what is read. The functions that read have it not on their stacks, so that few pages are touched: each costs
 * a fault, and another one in every child that writes to it.
 */
struct nsx_room {
	char env[2048]; /* fits most; with what /proc/PID/status says in one page of memory */
	_Alignas(8) char scratch[12288];
	char scratch2[12288];
	uint32_t groups[NSX_GROUPS_SHOWN_MAX];
};

struct nsx_run {
	const struct nsx_spec *spec;
	struct nsx_room *room;
	struct nsx_page *page;
	bool page_is_ours; /* not shared with children that have a memory of their own, yet */
	const char *role;
	int status_fd;     /* to the parent: notes, errors, the terminal; closed by exec */
	int ask_fd;        /* to the starter: for what only it may do */
	int image_fd;      /* sealed program of ours, for --init and the keeper; or -EBADF */
	bool only_explain; /* read, but change nothing */
	bool powerful;     /* may do everything in the first user namespace */
	bool as_sibling; /* the starter is a child itself: what it makes shall be a child of its parent */
	void *stack; /* for a first child that uses the starter's memory, who only waits; NULL: it must not */
	size_t stack_bytes;
	int parent_fd; /* the other end of status_fd, where the parent is this process */
	int cancel_fd; /* the parent's wish to give up, or negative */

	uint32_t fresh; /* kinds that are made */
	uint32_t join;  /* kinds that are joined */
	uint32_t join_by_fd;
	int ns_fd[NSX_NS_COUNT];
	int self_ns_fd; /* directory /proc/thread-self/ns of the helper, to verify the join */
	uint64_t ns_ino[NSX_NS_COUNT]; /* what it shall find there; 0: was not looked at before */
	bool inner;                    /* joining comes before creating: two processes */
	bool final; /* the program gets a process of its own, after all power is dropped */

	struct nsx_target target;
	struct nsx_identity identity;
	struct nsx_filters filters;
	char *label; /* what to write to attr/exec, or NULL */
	int label_fd;

	int cgroup_fd;
	bool own_cgroup;             /* it was made for this process; its path is in the page */
	int tasks_fd[NSX_TASKS_MAX]; /* cgroup v1: one file per hierarchy that differs */
	size_t tasks_count;
	bool set_oom;
	int32_t oom_score_adj;

	char **argv;
	char **envp;
	char *env_text; /* memory behind envp, if it is more than fits in the room */

	int root_fd;       /* the directory that becomes the root; then its clone; then the root */
	int own_mounts[3]; /* what we mounted on /proc, /sys and /dev: see nsx_root_base() */
	int *bind_fds;     /* clones of what is bound, by place in the list of mounts */
	int opened[NSX_OPENED_MAX]; /* no longer needed, and closed with the others: see nsx_run_read() */
	size_t opened_count;
	int ptmx_fd; /* the caller's, for containers without devpts */
};

/**
 * nsx_run_init() - Set everything to "not there"
 * @run:  to initialise
 * @spec: the packed plan, borrowed
 * @room: for what is read, borrowed, need not be initialised; or NULL if nothing will be read
 */
void nsx_run_init(struct nsx_run *run, const struct nsx_spec *spec, struct nsx_room *room);

/**
 * nsx_run_done() - Close and free what the starter opened
 * @run: the run; may be called twice
 */
void nsx_run_done(struct nsx_run *run);

/**
 * nsx_run_read() - nsx_file_read() for the starter
 * @run:  the run
 * @dir:  directory descriptor or AT_FDCWD
 * @path: the file
 * @buf:  destination
 * @size: its size
 * @err:  detail on failure, or NULL
 *
 * The descriptor is closed by nsx_run_done(), with all others in one call.
 *
 * Return: as nsx_file_read().
 */
ssize_t nsx_run_read(struct nsx_run *run, int dir, const char *path, char *buf, size_t size,
		     struct nsx_err *err);

/**
 * nsx_run_close_later() - Leave a descriptor to nsx_run_done()
 * @run: the run
 * @fd:  the descriptor; -EBADF afterwards
 */
void nsx_run_close_later(struct nsx_run *run, int *fd);

/* Are there namespaces whose identity was looked up before they are joined? */
static inline bool nsx_run_verifies(const struct nsx_run *run)
{
	for (unsigned i = 0; i < NSX_NS_COUNT; i++)
		if (run->ns_ino[i] != 0)
			return true;
	return false;
}

/* Does the process take this over from the target? */
static inline bool nsx_run_takes(const struct nsx_run *run, uint32_t context)
{
	return (run->spec->context & context) != 0;
}

#endif
