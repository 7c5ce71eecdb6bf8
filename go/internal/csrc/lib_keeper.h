/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper: a small process that outlives the supervisor and removes what only that could have removed. */
#ifndef NSX_LIB_KEEPER_H
#define NSX_LIB_KEEPER_H

#include <stdbool.h>

#include "lib_spec.h"

/**
 * nsx_keeper_list() - Put together what has to be removed in the end
 * @spec:     the plan, with its list
 * @cgroup:   a cgroup that was made, or ""
 * @ret_list: paths, each NUL-terminated, one empty at the end; NULL if there is nothing; the caller frees it
 * @err:      detail on failure
 *
 * Return: 0, -ENOMEM.
 */
int nsx_keeper_list(const struct nsx_spec *spec, const char *cgroup, char **ret_list,
		    struct nsx_err *err);

/**
 * nsx_keeper_start() - Start the keeper
 * @list:  from nsx_keeper_list()
 * @pidfd: the process whose end it waits for
 * @cache: see nsx_image_open()
 * @err:   detail on failure
 *
 * It is nobody's child, has a session of its own and no descriptor of the caller but the pidfd.
 *
 * Return: a descriptor for nsx_keeper_finish(), which the caller closes; or -errno.
 */
int nsx_keeper_start(const char *list, int pidfd, int *cache, struct nsx_err *err);

/**
 * nsx_keeper_finish() - Wait until the keeper has done its work, or do it if it was killed
 * @list: from nsx_keeper_list()
 * @fd:   from nsx_keeper_start()
 *
 * Only one of the two removes: a name that is free again may be taken by somebody else at once.
 */
void nsx_keeper_finish(const char *list, int fd);

/**
 * nsx_keeper_remove() - Remove a file or an empty directory, trying for a second while it is in use
 * @path: absolute; one that is gone already is fine, and so is a directory that others use, too
 *
 * Return: whether nothing is left to do.
 */
bool nsx_keeper_remove(const char *path);

#endif
