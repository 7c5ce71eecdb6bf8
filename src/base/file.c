/* SPDX-License-Identifier: Apache-2.0 */
/* file.c owns the reading and writing of small files. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"

enum { SURELY_LAST = 2048 };

static ssize_t read_some(int fd, char *buf, size_t len)
{
	for (;;) {
		ssize_t n = read(fd, buf, len);

		if (n >= 0 || errno != EINTR)
			return n < 0 ? -errno : n;
	}
}

int nsx_file_open(int dir, const char *path, struct nsx_err *err)
{
	int fd;

	do
		fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	while (fd < 0 && errno == EINTR);
	return fd >= 0 ? fd : nsx_err_sys(err, "openat", path);
}

ssize_t nsx_file_read(int dir, const char *path, char *buf, size_t size, struct nsx_err *err)
{
	auto_close int fd = nsx_file_open(dir, path, err);

	return fd < 0 ? fd : nsx_file_read_fd(fd, path, buf, size, err);
}

ssize_t nsx_file_read_fd(int fd, const char *path, char *buf, size_t size, struct nsx_err *err)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read_some(fd, buf + used, size - used);

		if (n < 0)
			return nsx_err_set(err, (int)n, "read", path, NSX_HINT_NONE);
		used += (size_t)n;
		if (n == 0 || (n < SURELY_LAST && used < size)) {
			buf[used] = '\0';
			return (ssize_t)used;
		}
	}
	return nsx_err_set(err, -EFBIG, "read", path, NSX_HINT_NONE);
}

ssize_t nsx_file_read_alloc(int dir, const char *path, size_t max, char **ret_buf,
			    struct nsx_err *err)
{
	size_t size = 4096;

	/* starting again with a larger buffer is simpler than growing, and /proc files are rendered anew anyhow */
	for (;;) {
		struct nsx_err detail = { 0 };
		auto_free char *buf = malloc(size);

		if (buf == NULL)
			return nsx_err_set(err, -ENOMEM, "malloc", path, NSX_HINT_NONE);

		ssize_t n = nsx_file_read(dir, path, buf, size, &detail);

		if (n == -EFBIG && size - 1 < max) {
			size = size > max / 4 ? max + 1 : size * 4;
			continue;
		}
		if (n < 0) {
			if (err != NULL && err->code == 0)
				*err = detail;
			return n;
		}
		*ret_buf = nsx_take_ptr(&buf);
		return n;
	}
}

int nsx_file_write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int nsx_file_write(int dir, const char *path, const char *text, struct nsx_err *err)
{
	auto_close int fd = openat(dir, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return nsx_err_sys(err, "openat", path);

	if (write(fd, text, strlen(text)) < 0)
		return nsx_err_sys(err, "write", path);
	return 0;
}
