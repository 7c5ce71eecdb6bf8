/* SPDX-License-Identifier: Apache-2.0 */
/* num.c owns the reading of numbers. */
#include "base/num.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

int nsx_num_scan_u64(const char **text, uint64_t *ret_value)
{
	const char *p = *text;
	uint64_t value = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;

	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		value = value * 10 + digit;
	}

	*text = p;
	*ret_value = value;
	return 0;
}

int nsx_num_parse_u64(const char *text, uint64_t max, uint64_t *ret_value)
{
	uint64_t value;
	int r;

	r = nsx_num_scan_u64(&text, &value);
	if (r < 0)
		return r;

	if (*text != '\0')
		return -EINVAL;
	if (value > max)
		return -ERANGE;

	*ret_value = value;
	return 0;
}

int nsx_num_parse_id(const char *text, uint32_t *ret_id)
{
	uint64_t value;
	int r;

	r = nsx_num_parse_u64(text, UINT32_MAX - 1, &value);
	if (r < 0)
		return r;

	*ret_id = (uint32_t)value;
	return 0;
}

int nsx_num_parse_fd(const char *text, int *ret_fd)
{
	uint64_t value;
	int r;

	r = nsx_num_parse_u64(text, INT_MAX, &value);
	if (r < 0)
		return r;

	*ret_fd = (int)value;
	return 0;
}

int nsx_num_parse_size(const char *text, uint64_t *ret_bytes)
{
	static const char suffixes[] = "KMGT";
	uint64_t value;
	int r;

	r = nsx_num_scan_u64(&text, &value);
	if (r < 0)
		return r;

	if (*text != '\0') {
		const char *suffix = strchr(suffixes, *text);

		if (suffix == NULL || text[1] != '\0')
			return -EINVAL;
		for (ptrdiff_t i = 0; i <= suffix - suffixes; i++) {
			if (value > UINT64_MAX / 1024)
				return -ERANGE;
			value *= 1024;
		}
	}

	*ret_bytes = value;
	return 0;
}
