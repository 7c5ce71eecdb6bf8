/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers from text: decimal, whole text, no sign or space, nothing changed on failure. */
#ifndef NSX_BASE_NUM_H
#define NSX_BASE_NUM_H

#include <stdint.h>

/**
 * nsx_num_parse_u64() - Parse an unsigned decimal number
 * @text:      the number, NUL-terminated, nothing else around it
 * @max:       largest value allowed
 * @ret_value: the number; untouched on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, -EINVAL (not a number), -ERANGE (above @max).
 */
int nsx_num_parse_u64(const char *text, uint64_t max, uint64_t *ret_value);

/**
 * nsx_num_parse_id() - Parse a user or group id
 * @text:   the id, decimal
 * @ret_id: the id; untouched on failure
 *
 * 4294967295 is no id: the kernel reads it as "leave as it is".
 * fork-safe: yes.
 *
 * Return: 0, -EINVAL, -ERANGE.
 */
int nsx_num_parse_id(const char *text, uint32_t *ret_id);

/**
 * nsx_num_parse_fd() - Parse a descriptor number
 * @text:   the number, decimal
 * @ret_fd: the number; untouched on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, -EINVAL, -ERANGE.
 */
int nsx_num_parse_fd(const char *text, int *ret_fd);

/**
 * nsx_num_parse_size() - Parse a number of bytes, with an optional suffix K, M, G or T (powers of 1024)
 * @text:      the size
 * @ret_bytes: the size in bytes; untouched on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, -EINVAL, -ERANGE.
 */
int nsx_num_parse_size(const char *text, uint64_t *ret_bytes);

/**
 * nsx_num_scan_u64() - Read the decimal number at a position and move behind it
 * @text:      position; moved behind the last digit on success
 * @ret_value: the number; untouched on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, -EINVAL, -ERANGE.
 */
int nsx_num_scan_u64(const char **text, uint64_t *ret_value);

#endif
