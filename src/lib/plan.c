/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c owns the plan handle: its memory, its contradictions, its packed form. */
#include <nsexec/plan.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "lib/plan_internal.h"

/* What execve(2) takes at most, and more than any list needs. */
enum { LIST_BYTES_MAX = 16 << 20 };

struct nsexec_plan *nsexec_plan_new(void)
{
	struct nsexec_plan *plan = calloc(1, sizeof(*plan));

	if (plan == NULL)
		return NULL;

	plan->image_fd = -EBADF;
	plan->spec.magic = NSX_SPEC_MAGIC;
	plan->spec.target_pidfd = -EBADF;
	plan->spec.root_fd = -EBADF;
	plan->spec.cgroup_fd = -EBADF;
	plan->spec.set = NSX_SET_OWN_KEYRING;
	if (nsx_plan_append(plan, NSX_LIST_TEXT, "", 1, NULL) < 0)
		return nsexec_plan_free(plan);
	return plan;
}

struct nsexec_plan *nsexec_plan_free(struct nsexec_plan *plan)
{
	if (plan == NULL)
		return NULL;

	for (size_t i = 0; i < NSX_LIST_COUNT; i++)
		free(plan->lists[i].data);
	nsx_close_fd(&plan->image_fd);
	free(plan);
	return NULL;
}

int nsx_plan_append(struct nsexec_plan *plan, enum nsx_list list, const void *data, size_t bytes,
		    struct nsx_err *err)
{
	struct nsx_blob *blob = &plan->lists[list];

	if (bytes > LIST_BYTES_MAX - blob->bytes)
		return nsx_err_set(err, -E2BIG, "fill-plan", NULL, NSX_HINT_NONE);

	if (blob->bytes + bytes > blob->room) {
		size_t room = (blob->bytes + bytes) * 2 + 64;
		char *grown = realloc(blob->data, room);

		if (grown == NULL)
			return nsx_err_set(err, -ENOMEM, "realloc", NULL, NSX_HINT_NONE);
		blob->data = grown;
		blob->room = room;
	}
	if (bytes > 0)
		memcpy(blob->data + blob->bytes, data, bytes);
	blob->bytes += bytes;
	return 0;
}

void nsx_plan_clear(struct nsexec_plan *plan, enum nsx_list list)
{
	plan->lists[list].bytes = 0;
}

int nsx_plan_text(struct nsexec_plan *plan, const char *text, const char *what,
		  uint32_t *ret_offset, struct nsx_err *err)
{
	size_t offset = plan->lists[NSX_LIST_TEXT].bytes;
	int r;

	if (text == NULL || text[0] == '\0')
		return nsx_err_set(err, -EINVAL, "check-plan", what, NSX_HINT_NONE);

	r = nsx_plan_append(plan, NSX_LIST_TEXT, text, strlen(text) + 1, err);
	if (r < 0)
		return r;

	*ret_offset = (uint32_t)offset;
	return 0;
}

static uint32_t kinds_with_mode(const struct nsx_spec *spec, uint32_t mode)
{
	uint32_t kinds = 0;

	for (unsigned i = 0; i < NSX_NS_COUNT; i++)
		if (spec->ns[i].mode == mode)
			kinds |= 1u << i;
	return kinds;
}

/* Contradictions that no single setter can see. */
static int check_plan(const struct nsexec_plan *plan, struct nsx_err *err)
{
	const struct nsx_spec *spec = &plan->spec;
	uint32_t fresh = kinds_with_mode(spec, NSEXEC_NS_MODE_NEW);
	bool has_target = spec->target_pid > 0 || spec->target_pidfd >= 0;
	bool has_mounts = plan->lists[NSX_LIST_MOUNTS].bytes > 0;
	bool has_maps = plan->lists[NSX_LIST_UID_MAP].bytes > 0 ||
			plan->lists[NSX_LIST_GID_MAP].bytes > 0;
	uint64_t times = NSX_SET_TIME0 | (uint64_t)NSX_SET_TIME0 << 1;
	/* clang-format off */
	const struct {
		bool wrong;
		const char *what;
	} rules[] = {
		{ spec->end == NSX_END_EXEC && plan->lists[NSX_LIST_ARGV].bytes == 0, "argv: no program is set" },
		{ kinds_with_mode(spec, NSEXEC_NS_MODE_TARGET) != 0 && !has_target, "ns: no target is set" },
		{ spec->context != 0 && !has_target, "context: no target is set" },
		{ (spec->root != NSX_ROOT_KEEP || has_mounts) && (fresh & NSEXEC_NS_MNT) == 0,
		  "root and mounts: they need a new mount namespace" },
		{ has_mounts && spec->root == NSX_ROOT_KEEP, "mounts: they need a root" },
		{ spec->hostname != 0 && (fresh & NSEXEC_NS_UTS) == 0, "hostname: it needs a new UTS namespace" },
		{ (spec->set & NSX_SET_LOOPBACK) != 0 && (fresh & NSEXEC_NS_NET) == 0,
		  "loopback: it needs a new network namespace" },
		{ (spec->set & times) != 0 && (fresh & NSEXEC_NS_TIME) == 0,
		  "time offset: it needs a new time namespace" },
		{ has_maps && (fresh & NSEXEC_NS_USER) == 0, "id maps: they need a new user namespace" },
		{ (spec->flags & NSEXEC_PLAN_INIT) != 0 && (fresh & NSEXEC_NS_PID) == 0,
		  "init: it needs a new pid namespace" },
		{ (spec->context & NSEXEC_CONTEXT_ROOT) != 0 && (fresh & NSEXEC_NS_MNT) != 0,
		  "root: the target's can not be had in a new mount namespace" },
	};
	/* clang-format on */

	for (size_t i = 0; i < NSX_ARRAY_SIZE(rules); i++)
		if (rules[i].wrong)
			return nsx_err_set(err, -EINVAL, "check-plan", rules[i].what,
					   NSX_HINT_NONE);
	return 0;
}

int nsx_plan_pack(const struct nsexec_plan *plan, struct nsx_spec **ret_spec, struct nsx_err *err)
{
	size_t at = (sizeof(struct nsx_spec) + 7) & ~(size_t)7;
	size_t total = at;
	int r;

	r = check_plan(plan, err);
	if (r < 0)
		return r;

	for (size_t i = 0; i < NSX_LIST_COUNT; i++)
		total += (plan->lists[i].bytes + 7) & ~(size_t)7;

	struct nsx_spec *spec = calloc(1, total);

	if (spec == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", NULL, NSX_HINT_NONE);
	*spec = plan->spec;
	spec->total = total;

	for (size_t i = 0; i < NSX_LIST_COUNT; i++) {
		const struct nsx_blob *blob = &plan->lists[i];

		spec->lists[i] = (struct nsx_list_ref){ (uint32_t)at, (uint32_t)blob->bytes };
		if (blob->bytes > 0)
			memcpy((char *)spec + at, blob->data, blob->bytes);
		at += (blob->bytes + 7) & ~(size_t)7;
	}
	*ret_spec = spec;
	return 0;
}
