/* SPDX-License-Identifier: Apache-2.0 */
/* Where cgroups are: shared by finding and making them. */
#ifndef NSX_LIB_CGROUP_PATH_H
#define NSX_LIB_CGROUP_PATH_H

#include <stddef.h>

/* Where cgroup hierarchies are looked for. */
#define NSX_CGROUP_PLACE "/sys/fs/cgroup"

/**
 * nsx_cgroup_mount() - Where the cgroup v2 hierarchy is mounted
 *
 * Return: "/sys/fs/cgroup", "/sys/fs/cgroup/unified", or NULL.
 */
const char *nsx_cgroup_mount(void);

/**
 * nsx_cgroup_line() - The path of one hierarchy in the text of /proc/PID/cgroup
 * @text: the text
 * @key:  the controllers as written there; "" for cgroup v2
 * @path: where to put it
 * @size: bytes of @path
 *
 * Return: @path, or NULL if there is no such hierarchy.
 */
const char *nsx_cgroup_line(const char *text, const char *key, char *path, size_t size);

#endif
