/* SPDX-License-Identifier: Apache-2.0 */
/* place.c owns where in memory a run is. */
#include "lib/place.h"

#include <stddef.h>

#include "base/stack.h"

enum {
	AT = NSX_STACK_BYTES + NSX_PLACE_PAGE - offsetof(struct nsx_place, room),
	MORE = AT + sizeof(struct nsx_place) - NSX_STACK_BYTES,
};

_Static_assert(AT % 16 == 0, "a stack ends there");
_Static_assert(offsetof(struct nsx_place, page.cgroup) + NSX_PLACE_SEEN < NSX_PLACE_PAGE,
	       "all that is written to is in one page");

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
