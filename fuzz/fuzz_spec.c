/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the check of packed plans: what it accepts can be walked over without leaving it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static volatile uint64_t sink;

static void use_text(const char *text)
{
	sink += strlen(text);
}

static void use_bytes(const struct nsx_spec *spec, enum nsx_list list)
{
	size_t count;
	const char *p = nsx_spec_list(spec, list, 1, &count);

	for (size_t i = 0; i < count; i++)
		sink += (unsigned char)p[i];
}

static void use_mounts(const struct nsx_spec *spec)
{
	size_t count;
	const struct nsx_mount *mounts =
		nsx_spec_list(spec, NSX_LIST_MOUNTS, sizeof(*mounts), &count);

	for (size_t i = 0; i < count; i++) {
		use_text(nsx_spec_text(spec, mounts[i].source));
		use_text(nsx_spec_text(spec, mounts[i].target));
		use_text(nsx_spec_text(spec, mounts[i].options));
	}
}

static void use_filters(const struct nsx_spec *spec)
{
	size_t lens;
	size_t codes;
	size_t sum = 0;
	const uint32_t *len = nsx_spec_list(spec, NSX_LIST_FILTER_LENS, sizeof(*len), &lens);
	const struct sock_filter *code =
		nsx_spec_list(spec, NSX_LIST_FILTERS, sizeof(*code), &codes);

	for (size_t i = 0; i < lens; i++)
		for (size_t j = 0; j < len[i]; j++)
			sink += code[sum++].k;
	if (sum != codes)
		abort();
}

static void use_texts(const struct nsx_spec *spec)
{
	static const enum nsx_list lists[] = { NSX_LIST_TEXT,    NSX_LIST_MASKED, NSX_LIST_READONLY,
					       NSX_LIST_CLEANUP, NSX_LIST_ARGV,   NSX_LIST_ENV,
					       NSX_LIST_ENV_ADD };
	const uint32_t single[] = { spec->root_path, spec->hostname, spec->label,
				    spec->cwd,       spec->root_dir, spec->cwd_dir };

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		use_text(nsx_spec_text(spec, single[i]));
	for (size_t i = 0; i < NSX_NS_COUNT; i++)
		use_text(nsx_spec_text(spec, spec->ns[i].path));
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const char *p = NULL; (p = nsx_spec_next_text(spec, lists[i], p)) != NULL;)
			use_text(p);
}

/* Make it likely that the lists are inside: random offsets hardly ever are. */
static void repair(struct nsx_spec *spec, size_t size)
{
	spec->magic = NSX_SPEC_MAGIC;
	spec->total = size;
	for (size_t i = 0; i < NSX_LIST_COUNT; i++) {
		struct nsx_list_ref *ref = &spec->lists[i];

		ref->offset = (uint32_t)(sizeof(*spec) + ref->offset % (size - sizeof(*spec) + 1)) &
			      ~7u;
		ref->bytes = ref->bytes % 64;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct nsx_err err = { 0 };
	struct nsx_spec *spec;
	bool repaired = size > 0 && bytes[0] % 2 != 0;
	int r;

	if (size > 0) {
		bytes++;
		size--;
	}
	spec = malloc(size > 0 ?
			      size :
			      1); /* of the exact size, so that the sanitizer sees a step too far */
	if (spec == NULL)
		return 0;
	if (size > 0)
		memcpy(spec, bytes, size);
	if (repaired && size >= sizeof(*spec))
		repair(spec, size);

	r = nsx_spec_check(spec, size, &err);
	if (r != 0 && (r != -71 /* EPROTO */ || err.code != r))
		abort();
	if (r == 0) {
		for (unsigned list = 0; list < NSX_LIST_COUNT; list++)
			use_bytes(spec, list);
		use_mounts(spec);
		use_filters(spec);
		use_texts(spec);
	}
	free(spec);
	return 0;
}
