/* SPDX-License-Identifier: Apache-2.0 */
/* Small files read whole, and bytes written whole. */
#ifndef NSX_BASE_FILE_H
#define NSX_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base_err.h"

/**
 * nsx_file_read() - Read a file into a buffer, as far as it goes, and terminate it
 * @dir:  directory descriptor or AT_FDCWD
 * @path: the file
 * @buf:  destination
 * @size: its size; at most @size - 1 bytes are read
 * @err:  detail on failure, or NULL
 *
 * For /proc: the file is opened O_CLOEXEC|O_NOCTTY|O_NONBLOCK. A read that gives less than half a page, and less than
 * was asked for, is taken for the last one: procfs fills a page as far as whole lines fit, and no line is that long.
 * fork-safe: yes.
 *
 * Return: bytes read, -EFBIG if the file is larger, or the error of openat(2) or read(2).
 */
ssize_t nsx_file_read(int dir, const char *path, char *buf, size_t size, struct nsx_err *err);

/**
 * nsx_file_open() - The first half of nsx_file_read()
 * @dir:  directory descriptor or AT_FDCWD
 * @path: the file
 * @err:  detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: a descriptor, or -errno.
 */
int nsx_file_open(int dir, const char *path, struct nsx_err *err);

/**
 * nsx_file_read_fd() - The second half of nsx_file_read()
 * @fd:   from nsx_file_open()
 * @path: names it in errors
 * @buf:  destination
 * @size: its size; at most @size - 1 bytes are read
 * @err:  detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: as nsx_file_read().
 */
ssize_t nsx_file_read_fd(int fd, const char *path, char *buf, size_t size, struct nsx_err *err);

/**
 * nsx_file_read_alloc() - Read a whole file into fresh memory
 * @dir:     directory descriptor or AT_FDCWD
 * @path:    the file
 * @max:     refuse more bytes than this
 * @ret_buf: the bytes, followed by a NUL that is not counted; the caller frees it
 * @err:     detail on failure, or NULL
 *
 * Return: bytes read, -EFBIG, -ENOMEM, or the error of openat(2) or read(2).
 */
ssize_t nsx_file_read_alloc(int dir, const char *path, size_t max, char **ret_buf,
			    struct nsx_err *err);

/**
 * nsx_file_write() - Write a text to an existing file in one write(2)
 * @dir:  directory descriptor or AT_FDCWD
 * @path: the file
 * @text: what to write
 * @err:  detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: 0, or the error of openat(2) or write(2).
 */
int nsx_file_write(int dir, const char *path, const char *text, struct nsx_err *err);

/**
 * nsx_file_write_all() - Write bytes to a descriptor, going on after EINTR and partial writes
 * @fd:  the descriptor
 * @buf: the bytes
 * @len: how many
 *
 * fork-safe: yes.
 *
 * Return: 0 or -errno.
 */
int nsx_file_write_all(int fd, const void *buf, size_t len);

#endif
