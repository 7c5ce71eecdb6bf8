/* SPDX-License-Identifier: Apache-2.0 */
/* The bootstrap message of a runtime: netlink's format, in a buffer. Pure functions over bytes. */
#ifndef NSX_BOOTSTRAP_MESSAGE_H
#define NSX_BOOTSTRAP_MESSAGE_H

#include "nsexec_plan.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base_err.h"
#include "bootstrap_era.h"

enum { NSX_BOOT_HEADER_BYTES = 16, NSX_BOOT_MESSAGE_MAX = 1 << 20 };

/* A value in the buffer of the message, NUL-terminated there; NULL: was not sent. */
struct nsx_boot_text {
	const char *text;
	size_t len; /* without the last NUL */
};

struct nsx_boot_message {
	uint32_t clone_flags;
	bool setgroups;
	bool rootless;
	struct nsx_boot_text paths;
	struct nsx_boot_text uid_map;
	struct nsx_boot_text gid_map;
	struct nsx_boot_text oom_score_adj;
	struct nsx_boot_text newuidmap;
	struct nsx_boot_text newgidmap;
	struct nsx_boot_text mounts;  /* one text behind the other */
	struct nsx_boot_text offsets; /* of the clocks of a time namespace */
};

/**
 * nsx_boot_length() - The length of a message, from its header
 * @header:     NSX_BOOT_HEADER_BYTES bytes
 * @ret_length: bytes of the message with its header
 * @err:        detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: 0, -EPROTO (another type, shorter than its header, longer than NSX_BOOT_MESSAGE_MAX).
 */
int nsx_boot_length(const void *header, size_t *ret_length, struct nsx_err *err);

/**
 * nsx_boot_parse() - Take a whole message apart
 * @bytes:       the message; what is returned points into it
 * @size:        its bytes, with the header
 * @era:         what attribute 27290 means
 * @ret_message: the values; untouched on failure
 * @err:         detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: 0, -EPROTO: the attribute and what is wrong with it is the object of @err.
 */
int nsx_boot_parse(const void *bytes, size_t size, const struct nsx_boot_era *era,
		   struct nsx_boot_message *ret_message, struct nsx_err *err);

/**
 * nsx_boot_plan() - Translate a message into a plan
 * @message: the message
 * @plan:    a new plan, filled
 * @err:     detail on failure, or NULL
 *
 * fork-safe: no.
 *
 * Return: 0, -EPROTO (a text that does not parse: the part is the object of @err), and what the setters return.
 */
int nsx_boot_plan(const struct nsx_boot_message *message, struct nsexec_plan *plan,
		  struct nsx_err *err);

#endif
