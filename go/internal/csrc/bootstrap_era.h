/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between the eras of the bootstrap protocol; everything else is one implementation. */
#ifndef NSX_BOOTSTRAP_ERA_H
#define NSX_BOOTSTRAP_ERA_H

#include <stdbool.h>
#include <stdint.h>

/* The meaning of attribute 27290. */
enum nsx_boot_last { NSX_BOOT_LAST_UNKNOWN, NSX_BOOT_LAST_MOUNTS, NSX_BOOT_LAST_OFFSETS };

struct nsx_boot_era {
	const char *name;
	enum nsx_boot_last last;
	bool by_environment; /* no message: target and terminal are in variables */
	bool protects_self;  /* the program is executed again from a file that nobody can write */
	bool says_hello;     /* one NUL byte before the message is read */
	bool awaits_cgroup; /* stage 2 makes the cgroup namespace when it is told to by the byte 0x80 */
	bool late_cgroup;   /* stage 2 makes the cgroup namespace, not stage 1 */
	bool numeric_level; /* _LIBCONTAINER_LOGLEVEL is a number; before it is a word for Go */
	const char *pids;   /* the pid message, with $1 and $2 for the stages */
	const char *line;   /* a log line, with $level, $tag, $pid and $text */
};

/**
 * nsx_boot_era_find() - The era of a name
 * @name: "current", "1.1", "1.0", "2019" or "2015"
 *
 * fork-safe: yes.
 *
 * Return: the era, or NULL.
 */
const struct nsx_boot_era *nsx_boot_era_find(const char *name);

/* All names, for the error about another one. */
#define NSX_BOOT_ERA_NAMES "current, 1.1, 1.0, 2019, 2015"

#endif
