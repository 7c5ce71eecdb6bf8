/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper image: a small static program of ours, linked into the library as bytes, executed from a sealed memfd. It
 * plays the starter for callers that must not be forked into a container, the pid 1 of --init, and the keeper.
 */
#ifndef NSX_LIB_IMAGE_H
#define NSX_LIB_IMAGE_H

#include <sys/types.h>

#include "lib_run.h"

/**
 * nsx_image_open() - Get the sealed memfd with the helper image
 * @cache: where a descriptor is kept; -EBADF: not made yet
 * @err:   detail on failure
 *
 * Return: the descriptor (it stays with @cache), or -errno.
 */
int nsx_image_open(int *cache, struct nsx_err *err);

/**
 * struct nsx_image_call - How to start the image
 * @image_fd: from nsx_image_open()
 * @argv:     argv[0] names the role: "nsexec-engine", "nsexec-keeper"
 * @keep:     descriptors it inherits, besides 0, 1 and 2
 * @count:    how many
 * @code:     out: errno if it could not be executed
 */
struct nsx_image_call {
	int image_fd;
	char *const *argv;
	const int *keep;
	size_t count;
	int code;
};

/**
 * nsx_image_spawn() - Execute the image in a child, with vfork semantics and an empty environment
 * @call: what to start
 * @err:  detail on failure
 *
 * All signals are blocked in the child. It dies with the calling thread.
 *
 * Return: pid (its exit signal is 0: wait with __WALL), or -errno.
 */
pid_t nsx_image_spawn(struct nsx_image_call *call, struct nsx_err *err);

#endif
