/* SPDX-License-Identifier: Apache-2.0 */
/* Values of options that more than one verb has. */
#ifndef NSX_CLI_PARSE_H
#define NSX_CLI_PARSE_H

#include <nsexec/nsexec.h>

#include "base/err.h"

/**
 * parse_ids() - "UID[:GID]", decimal numbers only
 * @option:  as the user wrote it
 * @value:   the text
 * @ret_uid: user id; untouched on failure
 * @ret_gid: group id, 0 if none is given; untouched on failure
 * @err:     detail on failure
 *
 * Return: 0, -EINVAL.
 */
int parse_ids(const char *option, const char *value, uint32_t *ret_uid, uint32_t *ret_gid,
	      struct nsx_err *err);

/**
 * parse_caps() - "NAME[,NAME...]", or "ALL"
 * @option:   as the user wrote it
 * @value:    the text
 * @ret_caps: bits that are added to
 * @err:      detail on failure
 *
 * Return: 0, -EINVAL.
 */
int parse_caps(const char *option, const char *value, uint64_t *ret_caps, struct nsx_err *err);

/**
 * parse_kinds() - "KIND[,KIND...]"
 * @option:    as the user wrote it
 * @value:     the text
 * @ret_kinds: bits that are added to
 * @err:       detail on failure
 *
 * Return: 0, -EINVAL.
 */
int parse_kinds(const char *option, const char *value, uint32_t *ret_kinds, struct nsx_err *err);

/**
 * parse_env() - "K=V", or "K" for the caller's value
 * @plan:   gets the variable
 * @option: as the user wrote it
 * @value:  the text
 * @err:    detail on failure
 *
 * A variable that the caller has not is left out.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int parse_env(struct nsexec_plan *plan, const char *option, const char *value, struct nsx_err *err);

/**
 * parse_fd() - "N=M"
 * @plan:   gets the descriptor
 * @option: as the user wrote it
 * @value:  the text
 * @err:    detail on failure
 *
 * Return: 0, -EINVAL, -EBADF.
 */
int parse_fd(struct nsexec_plan *plan, const char *option, const char *value, struct nsx_err *err);

/**
 * parse_mount_options() - Options of a mount, as in fstab(5)
 * @option:    as the user wrote it
 * @value:     the text, or NULL
 * @ret_flags: NSEXEC_MOUNT_*, changed
 * @rest:      gets what is for the file system, or NULL if nothing may be
 * @rest_size: its size
 * @err:       detail on failure
 *
 * Return: 0, -EINVAL.
 */
int parse_mount_options(const char *option, const char *value, uint32_t *ret_flags, char *rest,
			size_t rest_size, struct nsx_err *err);

/**
 * parse_rlimit() - "NAME=SOFT[:HARD]"
 * @plan:   gets the limit
 * @option: as the user wrote it
 * @value:  the text
 * @err:    detail on failure
 *
 * Return: 0, -EINVAL.
 */
int parse_rlimit(struct nsexec_plan *plan, const char *option, const char *value,
		 struct nsx_err *err);

/**
 * parse_time_offset() - "monotonic|boottime=SECONDS[.NANOS]"
 * @plan:   gets the offset
 * @option: as the user wrote it
 * @value:  the text
 * @err:    detail on failure
 *
 * Return: 0, -EINVAL.
 */
int parse_time_offset(struct nsexec_plan *plan, const char *option, const char *value,
		      struct nsx_err *err);

/**
 * parse_cpus() - A number of processors with up to three decimals
 * @option:    as the user wrote it
 * @value:     the text
 * @ret_milli: thousandths
 * @err:       detail on failure
 *
 * Return: 0, -EINVAL.
 */
int parse_cpus(const char *option, const char *value, uint64_t *ret_milli, struct nsx_err *err);

/**
 * parse_name() - Is it a name of a container?
 * @text: the text
 *
 * [A-Za-z0-9][A-Za-z0-9_.-]{0,62}, and not all digits.
 *
 * Return: whether it is.
 */
bool parse_name(const char *text);

#endif
