/* SPDX-License-Identifier: Apache-2.0 */
/* The eight kinds of namespaces (namespaces(7)) and id maps (user_namespaces(7)). */
#ifndef NSEXEC_NS_H
#define NSEXEC_NS_H

#include "nsexec_error.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* A kind is one bit, a set of kinds the sum of its bits. */
#define NSEXEC_NS_USER 0x01u
#define NSEXEC_NS_MNT 0x02u
#define NSEXEC_NS_PID 0x04u
#define NSEXEC_NS_NET 0x08u
#define NSEXEC_NS_IPC 0x10u
#define NSEXEC_NS_UTS 0x20u
#define NSEXEC_NS_CGROUP 0x40u
#define NSEXEC_NS_TIME 0x80u
#define NSEXEC_NS_ALL 0xffu

/**
 * nsexec_ns_name() - The name of a kind, as /proc/PID/ns has it
 * @ns: one NSEXEC_NS_* bit
 *
 * fork-safe: yes.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: "user", "mnt", "pid", "net", "ipc", "uts", "cgroup" or "time"; NULL if @ns is not one kind.
 */
const char *nsexec_ns_name(uint32_t ns);

/**
 * nsexec_ns_parse() - The kind that a name means
 * @name:   a name as of nsexec_ns_name(), or "mount" or "network"
 * @ret_ns: the NSEXEC_NS_* bit; untouched on failure
 * @err:    detail on failure, or NULL
 *
 * fork-safe: yes.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL (no such kind).
 */
int nsexec_ns_parse(const char *name, uint32_t *ret_ns, struct nsexec_err *err);

/**
 * struct nsexec_idmap - One line of an id map (user_namespaces(7))
 * @inside:  first id inside the user namespace
 * @outside: first id outside
 * @count:   how many, at least 1; neither range may pass 4294967294
 */
struct nsexec_idmap {
	uint32_t inside;
	uint32_t outside;
	uint32_t count;
};

/**
 * nsexec_idmap_parse() - Parse "INSIDE:OUTSIDE:COUNT"
 * @text:    the triple, decimal, nothing around it
 * @ret_map: the mapping; untouched on failure
 * @err:     detail on failure, or NULL
 *
 * fork-safe: yes.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: 0, -EINVAL (syntax, or a count of 0), -ERANGE (a number does not fit, or a range wraps).
 */
int nsexec_idmap_parse(const char *text, struct nsexec_idmap *ret_map, struct nsexec_err *err);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
