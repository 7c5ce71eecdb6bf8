/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of numbers and sizes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	const char *p = text;
	uint64_t value = 7;
	uint64_t limited = 7;
	uint64_t bytes_value = 7;
	uint32_t id = 7;
	int fd = 7;
	char shown[32];

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, bytes, size);
	text[size] = '\0';

	/* what was read is what stands there, but for leading zeroes; nothing changes on failure */
	if (nsx_num_parse_u64(text, UINT64_MAX, &value) == 0) {
		(void)snprintf(shown, sizeof(shown), "%llu", (unsigned long long)value);
		while (*p == '0' && p[1] != '\0')
			p++;
		if (strcmp(p, shown) != 0)
			abort();
	} else if (value != 7) {
		abort();
	}
	if (nsx_num_parse_u64(text, 1000, &limited) == 0 ? limited > 1000 || limited != value :
							   limited != 7)
		abort();
	if (nsx_num_parse_id(text, &id) == 0 ? id != value || id == UINT32_MAX : id != 7)
		abort();
	if (nsx_num_parse_fd(text, &fd) == 0 ? fd < 0 || (uint64_t)fd != value : fd != 7)
		abort();
	if (nsx_num_parse_size(text, &bytes_value) < 0 && bytes_value != 7)
		abort();

	p = text;
	value = 7;
	if (nsx_num_scan_u64(&p, &value) == 0 ? p == text || p > text + size :
						p != text || value != 7)
		abort();
	free(text);
	return 0;
}
