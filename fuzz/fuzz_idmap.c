/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of id maps: "INSIDE:OUTSIDE:COUNT", and the text of /proc/PID/uid_map. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <nsexec/ns.h>

#include "lib/idmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	struct nsexec_idmap map = { .count = 0xdead };
	struct nsexec_err err = { 0 };
	uint32_t outside = 0;
	uint32_t inside = 0xdead;
	int r;

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, bytes, size);
	text[size] = '\0';

	r = nsexec_idmap_parse(text, &map, &err);
	if (r < 0 && (map.count != 0xdead || err.code != r))
		abort();
	if (r == 0 && (map.count == 0 || (uint64_t)map.inside + map.count > UINT32_MAX ||
		       (uint64_t)map.outside + map.count > UINT32_MAX))
		abort();

	if (size >= sizeof(outside))
		memcpy(&outside, bytes + size - sizeof(outside), sizeof(outside));
	r = nsx_idmap_to_inside(text, outside, &inside);
	if (r < 0 && inside != 0xdead)
		abort();
	free(text);
	return 0;
}
