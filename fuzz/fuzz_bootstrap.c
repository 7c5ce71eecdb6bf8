/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the bootstrap message, and its translation into a plan, in the era that the first byte chooses. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bootstrap/message.h"
#include "lib/plan_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_text(const struct nsx_boot_text *value, const char *message, size_t size)
{
	if (value->text == NULL)
		return;
	if (value->text < message || value->text + value->len >= message + size ||
	    value->text[value->len] != '\0')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const names[] = { "current", "1.1", "1.0", "2019" };
	const struct nsx_boot_era *era;
	struct nsx_boot_message message = { .clone_flags = 0xdead };
	struct nsx_err err = { 0 };
	char *copy;
	int r;

	if (size == 0)
		return 0;
	era = nsx_boot_era_find(names[bytes[0] % 4]);
	bytes++;
	size--;
	copy = malloc(size + 1);
	if (copy == NULL)
		return 0;
	memcpy(copy, bytes, size);

	r = nsx_boot_parse(copy, size, era, &message, &err);
	if (r < 0 && (message.clone_flags != 0xdead || err.code != r))
		abort();
	if (r == 0) {
		struct nsexec_plan *plan = nsexec_plan_new();
		struct nsx_spec *spec = NULL;

		check_text(&message.paths, copy, size);
		check_text(&message.uid_map, copy, size);
		check_text(&message.gid_map, copy, size);
		check_text(&message.oom_score_adj, copy, size);
		check_text(&message.newuidmap, copy, size);
		check_text(&message.newgidmap, copy, size);
		check_text(&message.mounts, copy, size);
		check_text(&message.offsets, copy, size);
		if (plan != NULL && nsx_boot_plan(&message, plan, &err) == 0 &&
		    nsx_plan_pack(plan, &spec, &err) == 0 &&
		    nsx_spec_check(spec, spec->total, &err) < 0)
			abort();
		free(spec);
		(void)nsexec_plan_free(plan);
	}
	free(copy);
	return 0;
}
