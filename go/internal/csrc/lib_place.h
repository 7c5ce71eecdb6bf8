/* SPDX-License-Identifier: Apache-2.0 */
/* A run with all it needs, in one piece of memory. */
#ifndef NSX_LIB_PLACE_H
#define NSX_LIB_PLACE_H

#include "lib_process_internal.h"
#include "lib_run.h"

/*
 * Below it is the stack of a child that uses the same memory. What both write to, and then the copy of the child, is in
 * one page of memory: the outermost frames of that stack, the run and the pids. Each page more would cost each of them a
 * fault: 5 to 20 us.
 */
struct nsx_place {
	struct nsexec_process process; /* what is handed out in the end */
	struct nsx_run run;
	_Alignas(16) struct nsx_page page; /* all but the path, which few need */
	char unused[4096 + 16 - NSX_CGROUP_BYTES];
	struct nsx_room room; /* begins a page of memory */
};

/**
 * nsx_place_map() - Get a place
 * @spec: for its run, whose page, room and stack are set
 *
 * Return: the place, or NULL with errno; nsx_place_unmap() gives it back.
 */
struct nsx_place *nsx_place_map(const struct nsx_spec *spec);

/**
 * nsx_place_unmap() - Give a place back
 * @place: from nsx_place_map(), or NULL
 */
void nsx_place_unmap(struct nsx_place *place);

#endif
