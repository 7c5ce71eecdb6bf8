/* SPDX-License-Identifier: Apache-2.0 */
/* Text in fixed buffers: always terminated, never allocated, usable between fork and exec. */
#ifndef NSX_BASE_STR_H
#define NSX_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text that is put together in a buffer of the caller. `cut` tells that something did not fit. */
struct nsx_str {
	char *buf;
	size_t size;
	size_t used;
	bool cut;
};

#define NSX_STR(buffer, bytes)                                            \
	{                                                                 \
		.buf = (buffer), .size = (bytes), .used = 0, .cut = false \
	}

/**
 * nsx_str_add() - Append a text
 * @str:  where to append
 * @text: NUL-terminated
 *
 * fork-safe: yes.
 */
void nsx_str_add(struct nsx_str *str, const char *text);

/**
 * nsx_str_add_u64() - Append a number in decimal
 * @str:   where to append
 * @value: the number
 *
 * fork-safe: yes.
 */
void nsx_str_add_u64(struct nsx_str *str, uint64_t value);

/**
 * nsx_str_add_i64() - Append a signed number in decimal
 * @str:   where to append
 * @value: the number
 *
 * fork-safe: yes.
 */
void nsx_str_add_i64(struct nsx_str *str, int64_t value);

/**
 * nsx_str_copy() - Copy a text into a buffer, cut if it does not fit
 * @buf:  destination
 * @size: bytes of @buf, at least 1
 * @text: NUL-terminated
 *
 * fork-safe: yes.
 *
 * Return: whether all of it fitted.
 */
bool nsx_str_copy(char *buf, size_t size, const char *text);

/**
 * nsx_str_starts() - Does a text begin with another?
 * @text:   the text
 * @prefix: what it may begin with
 *
 * fork-safe: yes.
 *
 * Return: the rest of @text behind @prefix, or NULL.
 */
const char *nsx_str_starts(const char *text, const char *prefix);

#endif
