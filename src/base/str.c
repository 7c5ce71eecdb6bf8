/* SPDX-License-Identifier: Apache-2.0 */
/* str.c owns text in fixed buffers. */
#include "base/str.h"

#include <string.h>

void nsx_str_add(struct nsx_str *str, const char *text)
{
	size_t len = strlen(text);

	if (str->size == 0)
		return;

	if (len > str->size - 1 - str->used) {
		len = str->size - 1 - str->used;
		str->cut = true;
	}
	memcpy(str->buf + str->used, text, len);
	str->used += len;
	str->buf[str->used] = '\0';
}

void nsx_str_add_u64(struct nsx_str *str, uint64_t value)
{
	char digits[24];
	char *p = digits + sizeof(digits);

	*--p = '\0';
	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	nsx_str_add(str, p);
}

void nsx_str_add_i64(struct nsx_str *str, int64_t value)
{
	if (value < 0) {
		nsx_str_add(str, "-");
		nsx_str_add_u64(str, 0 - (uint64_t)value);
		return;
	}
	nsx_str_add_u64(str, (uint64_t)value);
}

bool nsx_str_copy(char *buf, size_t size, const char *text)
{
	struct nsx_str out = NSX_STR(buf, size);

	buf[0] = '\0';
	nsx_str_add(&out, text);
	return !out.cut;
}

const char *nsx_str_starts(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}
