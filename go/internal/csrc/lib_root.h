/* SPDX-License-Identifier: Apache-2.0 */
/* The root of a new container. Steps of the process that lives in the new mount namespace. */
#ifndef NSX_LIB_ROOT_H
#define NSX_LIB_ROOT_H

#include "lib_run.h"

/**
 * nsx_root_resolve() - Open the directory that will be the root (a step of the starter)
 * @run: the run
 * @err: detail on failure
 *
 * Return: 0, -ENOENT, -ENOTDIR, -EACCES.
 */
int nsx_root_resolve(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_root_room() - Make room for the descriptors of nsx_root_sources() (a step of the starter)
 * @run: the run
 * @err: detail on failure
 *
 * Return: 0, -ENOMEM.
 */
int nsx_root_room(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_root_private() - Keep mounts from being propagated in or out
 * @run: the run
 * @err: detail on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, or -errno.
 */
int nsx_root_private(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_root_sources() - Clone the directory of the root and what will be bound into it
 * @run: the run
 * @err: detail on failure
 *
 * While the process still has the caller's ids: inside the new user namespace it may not be able to look them up.
 * fork-safe: yes.
 *
 * Return: 0, or -errno.
 */
int nsx_root_sources(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_root_attach() - Attach the new root above the old one; run->root_fd is the new one then
 * @run: the run
 * @err: detail on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, or -errno.
 */
int nsx_root_attach(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_root_default() - Put the embedded default root together in run->root_fd
 * @run: the run
 * @err: detail on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, or -errno.
 */
int nsx_root_default(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_root_mounts() - Make the mounts of the plan, in their order
 * @run: the run
 * @err: detail on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, or -errno.
 */
int nsx_root_mounts(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_root_dev() - Make the minimal /dev
 * @run:    the run
 * @target: descriptor of the mount point
 * @err:    detail on failure
 *
 * fork-safe: yes.
 *
 * Return: the descriptor of the mount, or -errno.
 */
int nsx_root_dev(struct nsx_run *run, int target, struct nsx_err *err);

/**
 * nsx_root_hide() - Cover the masked paths, protect the read-only ones
 * @run: the run
 * @err: detail on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, or -errno.
 */
int nsx_root_hide(struct nsx_run *run, struct nsx_err *err);

/* What covers files and directories, once there was the first of each; to be cloned. */
struct nsx_covers {
	int directory;
	int null;
};

#define NSX_NO_COVERS                               \
	{                                           \
		.directory = -EBADF, .null = -EBADF \
	}

/**
 * nsx_root_mask() - Cover one path: a file by /dev/null, a directory by an empty read-only one
 * @run:    the run, with its root and its own mounts
 * @path:   the path; a missing one is no error
 * @covers: in and out
 * @err:    detail on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, or -errno.
 */
int nsx_root_mask(const struct nsx_run *run, const char *path, struct nsx_covers *covers,
		  struct nsx_err *err);

/**
 * nsx_root_drop_covers() - Make no more of them
 * @run:    the run
 * @covers: what to forget
 *
 * fork-safe: yes.
 */
void nsx_root_drop_covers(const struct nsx_run *run, struct nsx_covers *covers);

/* Where we mount file systems of our own: by place in own_mounts of the run. */
extern const char nsx_own_places[3][6] __attribute__((visibility("hidden")));

/**
 * nsx_root_base() - Where to look a path of the new root up
 * @run:  the run
 * @path: the path
 * @rest: what is left of it, relative to what is returned
 *
 * What lies below a file system that we have mounted is looked up from its own descriptor: the directory that it was
 * mounted on may be renamed meanwhile by somebody who shares the root (CVE-2023-27561).
 *
 * Return: a descriptor, borrowed.
 */
int nsx_root_base(const struct nsx_run *run, const char *path, const char **rest);

/**
 * nsx_root_pivot() - Make it the root, and get rid of the old one
 * @run: the run
 * @err: detail on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, or -errno.
 */
int nsx_root_pivot(struct nsx_run *run, struct nsx_err *err);

#endif
