/* SPDX-License-Identifier: Apache-2.0 */
/* spec.c owns the reading of packed plans. */
#include "lib/spec.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/own.h"

static const char *list_start(const struct nsx_spec *spec, unsigned list)
{
	return (const char *)spec + spec->lists[list].offset;
}

static bool list_is_text(unsigned list)
{
	return list == NSX_LIST_TEXT || list == NSX_LIST_MASKED || list == NSX_LIST_READONLY ||
	       list >= NSX_LIST_CLEANUP;
}

static size_t item_bytes(unsigned list)
{
	/* clang-format off */
	static const size_t bytes[NSX_LIST_COUNT] = {
		[NSX_LIST_UID_MAP]     = sizeof(struct nsexec_idmap),
		[NSX_LIST_GID_MAP]     = sizeof(struct nsexec_idmap),
		[NSX_LIST_MOUNTS]      = sizeof(struct nsx_mount),
		[NSX_LIST_GROUPS]      = sizeof(uint32_t),
		[NSX_LIST_RLIMITS]     = sizeof(struct nsx_rlimit),
		[NSX_LIST_FILTERS]     = sizeof(struct sock_filter),
		[NSX_LIST_FILTER_LENS] = sizeof(uint32_t),
		[NSX_LIST_FDS]         = sizeof(struct nsx_fd_pair),
	};
	/* clang-format on */

	return bytes[list] != 0 ? bytes[list] : 1;
}

static bool text_fits(const struct nsx_spec *spec, uint32_t offset)
{
	return offset < spec->lists[NSX_LIST_TEXT].bytes;
}

static bool texts_fit(const struct nsx_spec *spec)
{
	size_t count;
	const struct nsx_mount *mounts =
		nsx_spec_list(spec, NSX_LIST_MOUNTS, sizeof(*mounts), &count);

	for (size_t i = 0; i < count; i++)
		if (!text_fits(spec, mounts[i].source) || !text_fits(spec, mounts[i].target) ||
		    !text_fits(spec, mounts[i].options))
			return false;
	for (size_t i = 0; i < NSX_NS_COUNT; i++)
		if (!text_fits(spec, spec->ns[i].path))
			return false;
	return text_fits(spec, spec->root_path) && text_fits(spec, spec->hostname) &&
	       text_fits(spec, spec->label) && text_fits(spec, spec->cwd) &&
	       text_fits(spec, spec->root_dir) && text_fits(spec, spec->cwd_dir);
}

static bool filters_fit(const struct nsx_spec *spec)
{
	size_t count;
	size_t sum = 0;
	const uint32_t *lens = nsx_spec_list(spec, NSX_LIST_FILTER_LENS, sizeof(*lens), &count);

	for (size_t i = 0; i < count; i++) {
		if (lens[i] == 0 || lens[i] > BPF_MAXINSNS)
			return false;
		sum += lens[i];
	}
	return sum * sizeof(struct sock_filter) == spec->lists[NSX_LIST_FILTERS].bytes;
}

int nsx_spec_check(const struct nsx_spec *spec, size_t bytes, struct nsx_err *err)
{
	if (bytes < sizeof(*spec) || spec->magic != NSX_SPEC_MAGIC || spec->total != bytes)
		return nsx_err_set(err, -EPROTO, "check-plan", "size", NSX_HINT_NONE);

	for (unsigned i = 0; i < NSX_LIST_COUNT; i++) {
		const struct nsx_list_ref *ref = &spec->lists[i];

		if (ref->offset < sizeof(*spec) || ref->offset > bytes || ref->offset % 8 != 0 ||
		    ref->bytes > bytes - ref->offset || ref->bytes % item_bytes(i) != 0)
			return nsx_err_set(err, -EPROTO, "check-plan", "list", NSX_HINT_NONE);
		if (list_is_text(i) && ref->bytes > 0 &&
		    list_start(spec, i)[ref->bytes - 1] != '\0')
			return nsx_err_set(err, -EPROTO, "check-plan", "text", NSX_HINT_NONE);
	}
	if (!texts_fit(spec) || !filters_fit(spec))
		return nsx_err_set(err, -EPROTO, "check-plan", "offset", NSX_HINT_NONE);
	return 0;
}

const char *nsx_spec_text(const struct nsx_spec *spec, uint32_t offset)
{
	return list_start(spec, NSX_LIST_TEXT) + offset;
}

const void *nsx_spec_list(const struct nsx_spec *spec, enum nsx_list list, size_t item,
			  size_t *ret_count)
{
	*ret_count = spec->lists[list].bytes / item;
	return list_start(spec, list);
}

const char *nsx_spec_next_text(const struct nsx_spec *spec, enum nsx_list list, const char *text)
{
	const char *start = list_start(spec, list);
	const char *end = start + spec->lists[list].bytes;
	const char *next = text == NULL ? start : text + strlen(text) + 1;

	return next < end ? next : NULL;
}
