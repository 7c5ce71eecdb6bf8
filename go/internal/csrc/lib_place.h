/* SPDX-License-Identifier: Apache-2.0 */
/* A run with all it needs, in one piece of memory. */
#ifndef NSX_LIB_PLACE_H
#define NSX_LIB_PLACE_H

#include "lib_process_internal.h"
#include "lib_run.h"

enum {
	NSX_PLACE_PAGE = 4096, /* on machines with larger pages less is saved */
	NSX_PLACE_SEEN = 16    /* bytes of the path */
};

/*
 * Below it is the stack of a child that uses the same memory. What both write to, and then the copy of the child, is in
 * one page of memory: the outermost frames of that stack, the run and the pids. Each page more would cost each of them a
 * fault.
 */
struct nsx_place {
	struct nsexec_process process; /* what is handed out in the end */
	struct nsx_run run;
	/* the path of a cgroup, which few need, is not in that page, but for its first bytes, which tell whether there is one */
	_Alignas(16) struct nsx_page page;
	char unused[NSX_PLACE_PAGE + NSX_PLACE_SEEN - NSX_CGROUP_BYTES];
	struct nsx_room room; /* begins a page */
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
