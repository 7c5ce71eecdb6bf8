/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of /proc/PID/cgroup: a key, a line feed, the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cgroup_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *key = malloc(size + 1);
	char path[64];
	char *text;
	const char *found;

	if (!key)
		return 0;
	if (size > 0)
		memcpy(key, bytes, size);
	key[size] = '\0';
	text = strchr(key, '\n');
	if (text != NULL) {
		*text++ = '\0';
		found = nsx_cgroup_line(text, key, path, sizeof(path));
		if (found != NULL &&
		    (found != path || strlen(path) >= sizeof(path) || strchr(path, '\n') != NULL))
			abort();
	}
	free(key);
	return 0;
}
