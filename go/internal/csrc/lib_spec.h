/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packed plan: a fixed structure and, behind it, lists in one piece of memory without pointers. It is what the engine
 * works on, and what the helper program gets; offsets are checked once, by nsx_spec_check().
 */
#ifndef NSX_LIB_SPEC_H
#define NSX_LIB_SPEC_H

#include <linux/filter.h>
#include "nsexec_nsexec.h"

#include "base_err.h"

#define NSX_SPEC_MAGIC 0x31304345584e5358ULL
#define NSX_NS_COUNT 8

/* Modes beyond the public NSEXEC_NS_MODE_*. */
#define NSX_NS_MODE_FD 3u
#define NSX_NS_MODE_PATH 4u

/* How it ends: the last process executes the program, or returns to whoever called (the bootstrap door). */
enum nsx_end { NSX_END_EXEC, NSX_END_RETURN };

enum nsx_root { NSX_ROOT_KEEP, NSX_ROOT_PATH, NSX_ROOT_FD, NSX_ROOT_DEFAULT };

/* Which optional members were set. */
enum nsx_set {
	NSX_SET_UID = 1 << 0,
	NSX_SET_GID = 1 << 19,
	NSX_SET_IDS = NSX_SET_UID | NSX_SET_GID,
	NSX_SET_GROUPS = 1 << 1,
	NSX_SET_UMASK = 1 << 2,
	NSX_SET_CAPS0 = 1 << 3, /* and the four bits above: one for each set */
	NSX_SET_SECUREBITS = 1 << 8,
	NSX_SET_NNP = 1 << 9,
	NSX_SET_OOM = 1 << 10,
	NSX_SET_ENV = 1 << 11,
	NSX_SET_SECCOMP_DEFAULT = 1 << 12,
	NSX_SET_OWN_KEYRING = 1 << 13,
	NSX_SET_LOOPBACK = 1 << 14,
	NSX_SET_ROOT_READONLY = 1 << 15,
	NSX_SET_TTY = 1 << 16,
	NSX_SET_TIME0 = 1 << 17, /* monotonic; the bit above: boottime */
};

enum nsx_list {
	NSX_LIST_TEXT,    /* single texts, addressed by offset; offset 0 is "" and means none */
	NSX_LIST_UID_MAP, /* struct nsexec_idmap */
	NSX_LIST_GID_MAP,
	NSX_LIST_MOUNTS, /* struct nsx_mount */
	NSX_LIST_MASKED, /* NUL-terminated texts, one behind the other; so are the other lists of texts */
	NSX_LIST_READONLY,
	NSX_LIST_GROUPS,      /* uint32_t */
	NSX_LIST_RLIMITS,     /* struct nsx_rlimit */
	NSX_LIST_FILTERS,     /* struct sock_filter, all filters one behind the other */
	NSX_LIST_FILTER_LENS, /* uint32_t: instructions of each filter */
	NSX_LIST_FDS,         /* struct nsx_fd_pair */
	NSX_LIST_CLEANUP,
	NSX_LIST_ARGV,
	NSX_LIST_ENV,     /* replaces the environment when NSX_SET_ENV, */
	NSX_LIST_ENV_ADD, /* then these are added or replaced */
	NSX_LIST_COUNT
};

enum nsx_mount_kind { NSX_MOUNT_BIND, NSX_MOUNT_FS, NSX_MOUNT_DEV };

struct nsx_mount {
	uint32_t kind;
	uint32_t flags;   /* NSEXEC_MOUNT_* */
	uint32_t source;  /* text: path of a bind, or type of a file system */
	uint32_t target;  /* text */
	uint32_t options; /* text */
};

struct nsx_rlimit {
	uint32_t resource;
	uint32_t reserved;
	uint64_t soft;
	uint64_t hard;
};

struct nsx_fd_pair {
	int32_t from;
	int32_t to;
};

struct nsx_ns_choice {
	uint32_t mode;
	int32_t fd;
	uint32_t path; /* text */
};

struct nsx_time_offset {
	int64_t seconds;
	uint32_t nanoseconds;
	uint32_t reserved;
};

struct nsx_list_ref {
	uint32_t offset; /* from the start of the spec */
	uint32_t bytes;
};

struct nsx_spec {
	uint64_t magic;
	uint64_t total; /* bytes with the lists */
	uint64_t flags; /* NSEXEC_PLAN_* */
	uint64_t set;   /* NSX_SET_* */
	uint64_t target_start;
	uint64_t caps[5];
	uint64_t caps_add;
	uint64_t caps_drop;
	uint64_t limits[3];
	struct nsx_time_offset time[2]; /* monotonic, boottime */
	int32_t target_pid;
	int32_t target_pidfd;
	uint32_t context; /* NSEXEC_CONTEXT_* */
	struct nsx_ns_choice ns[NSX_NS_COUNT];
	uint32_t end; /* enum nsx_end */
	uint32_t setgroups;
	uint32_t newuidmap; /* text: the program; none: "newuidmap", by PATH */
	uint32_t newgidmap;
	uint32_t root;
	int32_t root_fd;
	uint32_t root_path; /* text */
	uint32_t hostname;  /* text */
	uint32_t label;     /* text */
	uint32_t cwd;       /* text */
	uint32_t root_dir;  /* text: to chroot to, of the caller's root */
	uint32_t cwd_dir;   /* text: of the caller's root */
	uint32_t uid;
	uint32_t gid;
	uint32_t umask;
	uint32_t securebits;
	uint32_t no_new_privs;
	int32_t oom_score_adj;
	int32_t cgroup_fd;
	int32_t pdeathsig;
	uint16_t tty_rows;
	uint16_t tty_columns;
	struct nsx_list_ref lists[NSX_LIST_COUNT];
};

/**
 * nsx_spec_check() - Check the offsets and terminations of a packed plan
 * @spec:  the bytes
 * @bytes: how many
 * @err:   detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: 0, -EPROTO.
 */
int nsx_spec_check(const struct nsx_spec *spec, size_t bytes, struct nsx_err *err);

/**
 * nsx_spec_text() - A single text of a packed plan
 * @spec:   the plan
 * @offset: a member that is marked "text"
 *
 * fork-safe: yes.
 *
 * Return: the text; "" if it was not set.
 */
const char *nsx_spec_text(const struct nsx_spec *spec, uint32_t offset);

/**
 * nsx_spec_list() - A list of a packed plan
 * @spec:      the plan
 * @list:      which one
 * @item:      bytes of one item; 1 gives the bytes of the list
 * @ret_count: items
 *
 * fork-safe: yes.
 *
 * Return: the first item.
 */
const void *nsx_spec_list(const struct nsx_spec *spec, enum nsx_list list, size_t item,
			  size_t *ret_count);

/**
 * nsx_spec_next_text() - Walk over a list of texts
 * @spec: the plan
 * @list: which list
 * @text: the text before, NULL to begin
 *
 * fork-safe: yes.
 *
 * Return: the next text, or NULL at the end.
 */
const char *nsx_spec_next_text(const struct nsx_spec *spec, enum nsx_list list, const char *text);

#endif
