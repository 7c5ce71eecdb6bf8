/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.c owns the parser of the bootstrap message. The writer may be as wrong as it likes (CVE-2021-43784): lengths are
 * compared with what is left, nothing comes twice, and everything is one of a table.
 */
#include "bootstrap/message.h"

#include <errno.h>
#include <string.h>

#include "base/own.h"
#include "base/str.h"

enum { MESSAGE_TYPE = 62000, ATTRIBUTE_HEADER = 4 };

enum kind { KIND_U32, KIND_BOOL, KIND_TEXT, KIND_LIST };

/* clang-format off */
#define MEMBER(name) offsetof(struct nsx_boot_message, name)
static const struct attribute {
	uint16_t number;
	enum kind kind;
	enum nsx_boot_last last; /* only in eras where it means this */
	size_t member;
} attributes[] = {
	{ 27281, KIND_U32,  0,                     MEMBER(clone_flags) },
	{ 27282, KIND_TEXT, 0,                     MEMBER(paths) },
	{ 27283, KIND_TEXT, 0,                     MEMBER(uid_map) },
	{ 27284, KIND_TEXT, 0,                     MEMBER(gid_map) },
	{ 27285, KIND_BOOL, 0,                     MEMBER(setgroups) },
	{ 27286, KIND_TEXT, 0,                     MEMBER(oom_score_adj) },
	{ 27287, KIND_BOOL, 0,                     MEMBER(rootless) },
	{ 27288, KIND_TEXT, 0,                     MEMBER(newuidmap) },
	{ 27289, KIND_TEXT, 0,                     MEMBER(newgidmap) },
	{ 27290, KIND_LIST, NSX_BOOT_LAST_MOUNTS,  MEMBER(mounts) },
	{ 27290, KIND_TEXT, NSX_BOOT_LAST_OFFSETS, MEMBER(offsets) },
};
/* clang-format on */

static int refuse(struct nsx_err *err, const char *what)
{
	return nsx_err_set(err, -EPROTO, "parse-message", what, NSX_HINT_NONE);
}

static int refuse_attribute(struct nsx_err *err, unsigned number, const char *what)
{
	char text[96];
	struct nsx_str out = NSX_STR(text, sizeof(text));

	nsx_str_add(&out, "attribute ");
	nsx_str_add_u64(&out, number);
	nsx_str_add(&out, ": ");
	nsx_str_add(&out, what);
	return refuse(err, text);
}

static uint32_t load_u32(const void *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static uint16_t load_u16(const void *bytes)
{
	uint16_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

int nsx_boot_length(const void *header, size_t *ret_length, struct nsx_err *err)
{
	const char *bytes = header;
	uint32_t length = load_u32(bytes);
	char text[48];
	struct nsx_str out = NSX_STR(text, sizeof(text));

	if (load_u16(bytes + 4) != MESSAGE_TYPE) {
		nsx_str_add(&out, "unexpected message type ");
		nsx_str_add_u64(&out, load_u16(bytes + 4));
		return refuse(err, text);
	}
	if (length < NSX_BOOT_HEADER_BYTES)
		return refuse(err, "the length is below that of the header");
	if (length > NSX_BOOT_MESSAGE_MAX)
		return refuse(err, "the length is above 1 MiB");
	*ret_length = length;
	return 0;
}

static const struct attribute *find(unsigned number, const struct nsx_boot_era *era)
{
	for (size_t i = 0; i < NSX_ARRAY_SIZE(attributes); i++)
		if (attributes[i].number == number &&
		    (attributes[i].last == NSX_BOOT_LAST_UNKNOWN ||
		     attributes[i].last == era->last))
			return &attributes[i];
	return NULL;
}

static int store_text(const struct attribute *attribute, const char *value, size_t size,
		      struct nsx_boot_text *ret, struct nsx_err *err)
{
	if (size == 0 || value[size - 1] != '\0')
		return refuse_attribute(err, attribute->number, "it does not end with a NUL");
	if (attribute->kind == KIND_TEXT && memchr(value, '\0', size) != value + size - 1)
		return refuse_attribute(err, attribute->number, "there is a NUL in it");
	*ret = (struct nsx_boot_text){ .text = value, .len = size - 1 };
	return 0;
}

static int store(const struct attribute *attribute, const char *value, size_t size,
		 struct nsx_boot_message *message, struct nsx_err *err)
{
	char *member = (char *)message + attribute->member;
	uint32_t number;
	bool truth;

	if (attribute->kind == KIND_TEXT || attribute->kind == KIND_LIST)
		return store_text(attribute, value, size, (void *)member, err);

	if (size != sizeof(number))
		return refuse_attribute(err, attribute->number, "its length is not 8");
	number = load_u32(value);
	truth = number !=
		0; /* the writer sends a word: on a big-endian machine its first byte is 0 */
	if (attribute->kind == KIND_U32)
		memcpy(member, &number, sizeof(number));
	else
		memcpy(member, &truth, sizeof(truth));
	return 0;
}

int nsx_boot_parse(const void *bytes, size_t size, const struct nsx_boot_era *era,
		   struct nsx_boot_message *ret_message, struct nsx_err *err)
{
	struct nsx_boot_message message = { .clone_flags = 0 };
	const char *start = bytes;
	uint32_t seen = 0;
	size_t length = 0;
	size_t at = NSX_BOOT_HEADER_BYTES;
	int r;

	if (size < NSX_BOOT_HEADER_BYTES)
		return refuse(err, "shorter than its header");
	r = nsx_boot_length(bytes, &length, err);
	if (r < 0)
		return r;
	if (length != size)
		return refuse(err, "its length is not that of its header");

	while (at < size) {
		unsigned number;
		size_t bytes_here;

		if (size - at < ATTRIBUTE_HEADER)
			return refuse(err, "bytes behind the last attribute");
		bytes_here = load_u16(start + at);
		number = load_u16(start + at + 2);
		if (bytes_here < ATTRIBUTE_HEADER)
			return refuse_attribute(err, number, "its length is below 4");
		if (bytes_here > size - at)
			return refuse_attribute(err, number, "it ends behind the message");

		const struct attribute *attribute = find(number, era);

		if (attribute == NULL) {
			char text[64];
			struct nsx_str out = NSX_STR(text, sizeof(text));

			nsx_str_add(&out, "unknown netlink message type ");
			nsx_str_add_u64(&out, number);
			return refuse(err, text);
		}
		if ((seen & 1u << (attribute - attributes)) != 0)
			return refuse_attribute(err, number, "it comes twice");
		seen |= 1u << (attribute - attributes);
		r = store(attribute, start + at + ATTRIBUTE_HEADER, bytes_here - ATTRIBUTE_HEADER,
			  &message, err);
		if (r < 0)
			return r;
		at += (bytes_here + 3) & ~(size_t)3;
	}
	*ret_message = message;
	return 0;
}
