/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a plan, for the files that fill it. */
#ifndef NSX_LIB_PLAN_INTERNAL_H
#define NSX_LIB_PLAN_INTERNAL_H

#include "lib_spec.h"

struct nsx_blob {
	char *data;
	size_t bytes;
	size_t room;
};

struct nsexec_plan {
	struct nsx_spec spec; /* lists are filled in by nsx_plan_pack() */
	struct nsx_blob lists[NSX_LIST_COUNT];
	int image_fd; /* sealed memfd with the helper program, made at the first spawn; see image.c */
};

/**
 * nsx_plan_append() - Append bytes to a list
 * @plan:  the plan
 * @list:  the list
 * @data:  the bytes
 * @bytes: how many
 * @err:   detail on failure, or NULL
 *
 * Return: 0, -ENOMEM, -E2BIG.
 */
int nsx_plan_append(struct nsexec_plan *plan, enum nsx_list list, const void *data, size_t bytes,
		    struct nsx_err *err);

/**
 * nsx_plan_clear() - Empty a list
 * @plan: the plan
 * @list: the list
 */
void nsx_plan_clear(struct nsexec_plan *plan, enum nsx_list list);

/**
 * nsx_plan_text() - Keep a text and give its offset
 * @plan:       the plan
 * @text:       the text; "" is refused
 * @what:       names it in errors
 * @ret_offset: the offset
 * @err:        detail on failure, or NULL
 *
 * Return: 0, -EINVAL, -ENOMEM, -E2BIG.
 */
int nsx_plan_text(struct nsexec_plan *plan, const char *text, const char *what,
		  uint32_t *ret_offset, struct nsx_err *err);

/**
 * nsx_plan_pack() - Check a plan for contradictions and make one piece of it
 * @plan:     the plan
 * @ret_spec: the packed plan; the caller frees it
 * @err:      detail on failure, or NULL
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int nsx_plan_pack(const struct nsexec_plan *plan, struct nsx_spec **ret_spec, struct nsx_err *err);

#endif
