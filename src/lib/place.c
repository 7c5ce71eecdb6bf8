/* SPDX-License-Identifier: Apache-2.0 */
/* place.c owns where in memory a run is. */
#include "lib/place.h"

#include <stddef.h>

#include "base/stack.h"

enum {
	PAGE_BYTES = 4096, /* on machines with larger ones less is saved */
	AT = NSX_STACK_BYTES + PAGE_BYTES - offsetof(struct nsx_place, room),
	MORE = AT + sizeof(struct nsx_place) - NSX_STACK_BYTES,
};

_Static_assert(AT % 16 == 0, "a stack ends there");

struct nsx_place *nsx_place_map(const struct nsx_spec *spec)
{
	char *stack = nsx_stack_map(MORE);
	struct nsx_place *place;

	if (stack == NULL)
		return NULL;
	place = (void *)(stack + AT);
	nsx_run_init(&place->run, spec, &place->room);
	place->run.page = &place->page;
	place->run.page_is_ours = true;
	place->run.stack = stack;
	place->run.stack_bytes = AT;
	return place;
}

void nsx_place_unmap(struct nsx_place *place)
{
	if (place != NULL)
		nsx_stack_unmap((char *)place - AT, MORE);
}
