/* SPDX-License-Identifier: Apache-2.0 */
/* The new mount API as small operations on descriptors, with the fall-backs for Linux 5.10. */
#ifndef NSX_LIB_MOUNT_H
#define NSX_LIB_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base_err.h"

/**
 * nsx_mount_clone() - Clone a mount, detached
 * @dir:       directory descriptor, AT_FDCWD
 * @path:      where, in the caller's mount namespace; "" for @dir itself
 * @recursive: with everything below
 * @err:       detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: a descriptor, or -errno.
 */
int nsx_mount_clone(int dir, const char *path, bool recursive, struct nsx_err *err);

/**
 * nsx_mount_clone_with() - Clone a mount on which attributes will be set
 * @path:  where, in the caller's mount namespace
 * @flags: NSEXEC_MOUNT_*
 * @err:   detail on failure, or NULL
 *
 * With everything below if NSEXEC_MOUNT_RECURSIVE says so; but where attributes could not be set on what is below
 * (before 5.12), that is left out: better missing than writable.
 * fork-safe: yes.
 *
 * Return: a descriptor, or -errno.
 */
int nsx_mount_clone_with(const char *path, uint32_t flags, struct nsx_err *err);

/**
 * nsx_mount_new() - Make a new file system, detached
 * @type:    tmpfs, proc, ...
 * @options: "key=value,flag", or NULL or ""
 * @flags:   NSEXEC_MOUNT_* attributes
 * @err:     detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: a descriptor, or -errno.
 */
int nsx_mount_new(const char *type, const char *options, uint32_t flags, struct nsx_err *err);

/**
 * nsx_mount_attach() - Set the attributes of a detached mount and attach it
 * @mount:  the detached mount
 * @target: descriptor of the mount point
 * @flags:  NSEXEC_MOUNT_* attributes; for all of it with NSEXEC_MOUNT_RECURSIVE
 * @what:   names it in errors
 * @err:    detail on failure, or NULL
 *
 * Where mount_setattr(2) does not exist (before 5.12) the attributes come right after the attachment, which nobody can
 * see yet, and hold for the top mount only.
 * fork-safe: yes.
 *
 * Return: 0, or -errno.
 */
int nsx_mount_attach(int mount, int target, uint32_t flags, const char *what, struct nsx_err *err);

/**
 * nsx_mount_attach_at() - The same by name
 * @mount: the detached mount
 * @dir:   directory, or AT_FDCWD
 * @name:  mount point in it, of which nobody can make something else meanwhile; not followed if it is a symbolic link
 * @flags: as there
 * @what:  names it in errors
 * @err:   detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: 0, or -errno.
 */
int nsx_mount_attach_at(int mount, int dir, const char *name, uint32_t flags, const char *what,
			struct nsx_err *err);

/**
 * nsx_mount_set() - Set attributes of an attached mount
 * @mount: its descriptor
 * @flags: NSEXEC_MOUNT_*
 * @what:  names it in errors
 * @err:   detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: 0, or -errno.
 */
int nsx_mount_set(int mount, uint32_t flags, const char *what, struct nsx_err *err);

#endif
