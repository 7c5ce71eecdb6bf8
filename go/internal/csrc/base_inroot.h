/* SPDX-License-Identifier: Apache-2.0 */
/* Paths below a root that is not trusted. */
#ifndef NSX_BASE_INROOT_H
#define NSX_BASE_INROOT_H

#include <sys/types.h>

#include "base_err.h"

/**
 * nsx_inroot_open() - Open a path as if a directory were "/"
 * @root:  descriptor of the directory (O_PATH is enough)
 * @path:  the path; symbolic links and ".." stay below @root
 * @flags: of open(2); O_CLOEXEC and O_NOCTTY are added
 * @mode:  for O_CREAT
 * @err:   detail on failure, or NULL
 *
 * openat2(RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS); where a filter forbids it, component by component with O_PATH
 * descriptors, which is as safe but for a directory that is moved out of the root meanwhile: that is detected by
 * refusing ".." on this way.
 * fork-safe: yes.
 *
 * Return: a descriptor, or -errno.
 */
int nsx_inroot_open(int root, const char *path, int flags, mode_t mode, struct nsx_err *err);

/**
 * nsx_inroot_mkdir() - Make a directory, and the missing ones above it, below a root
 * @root: descriptor of the root
 * @path: the path
 * @mode: permissions of what is made
 * @err:  detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: an O_PATH descriptor of the directory, or -errno; -ENOTDIR if something else is there.
 */
int nsx_inroot_mkdir(int root, const char *path, mode_t mode, struct nsx_err *err);

/**
 * nsx_inroot_mkfile() - Make an empty regular file, and the missing directories above it, unless something is there
 * @root: descriptor of the root
 * @path: the path
 * @err:  detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: an O_PATH descriptor of the file, or -errno; -EISDIR if a directory is there.
 */
int nsx_inroot_mkfile(int root, const char *path, struct nsx_err *err);

#endif
