/* SPDX-License-Identifier: Apache-2.0 */
/* Ownership: what is held is released at the end of the scope, unless it is taken. */
#ifndef NSX_BASE_OWN_H
#define NSX_BASE_OWN_H

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void nsx_close_fd(int *fd)
{
	if (*fd < 0)
		return;

	int saved = errno;

	(void)close(
		*fd); /* nothing can be done about a failing close of a descriptor we only held */
	*fd = -EBADF;
	errno = saved;
}

static inline void nsx_free_ptr(void *ptr)
{
	free(*(void **)ptr);
}

static inline void nsx_close_dir(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir);
}

#define auto_close __attribute__((cleanup(nsx_close_fd)))
#define auto_free __attribute__((cleanup(nsx_free_ptr)))
#define auto_dir __attribute__((cleanup(nsx_close_dir)))

static inline int nsx_take_fd(int *fd)
{
	int taken = *fd;

	*fd = -EBADF;
	return taken;
}

static inline void *nsx_take(void **ptr)
{
	void *taken = *ptr;

	*ptr = NULL;
	return taken;
}

#define nsx_take_ptr(ptr) ((__typeof__(*(ptr)))nsx_take((void **)(ptr)))

#define NSX_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
