/* SPDX-License-Identifier: Apache-2.0 */
/* era.c owns the table of the eras: runc's bootstrap protocol as it was at different times. */
#include "bootstrap/era.h"

#include <stddef.h>
#include <string.h>

#include "base/own.h"

#define LINE "{\"level\":\"$level\", \"msg\": \"$tag[$pid]: $text\"}\n"
#define OLD_LINE "{\"level\":\"$level\", \"msg\": \"$tag nsenter: $text\"}\n"
#define STAGES "{\"stage1_pid\":$1,\"stage2_pid\":$2}\n"

/* clang-format off */
static const struct nsx_boot_era eras[] = {
	{ .name = "current", .last = NSX_BOOT_LAST_OFFSETS, .numeric_level = true, .pids = STAGES, .line = LINE },
	{ .name = "1.1", .last = NSX_BOOT_LAST_MOUNTS, .protects_self = true, .says_hello = true, .late_cgroup = true,
	  .numeric_level = true, .pids = STAGES, .line = LINE },
	{ .name = "1.0", .protects_self = true, .says_hello = true, .late_cgroup = true, .awaits_cgroup = true,
	  .pids = STAGES, .line = LINE },
	{ .name = "2019", .protects_self = true, .late_cgroup = true, .awaits_cgroup = true,
	  .pids = "{\"pid\": $2, \"pid_first\": $1}\n", .line = OLD_LINE },
	{ .name = "2015", .by_environment = true, .pids = "{ \"pid\" : $2 }\n", .line = OLD_LINE },
};
/* clang-format on */

const struct nsx_boot_era *nsx_boot_era_find(const char *name)
{
	for (size_t i = 0; i < NSX_ARRAY_SIZE(eras); i++)
		if (strcmp(eras[i].name, name) == 0)
			return &eras[i];
	return NULL;
}
