/* SPDX-License-Identifier: Apache-2.0 */
/* What this kernel, as seen from this process, can do. */
#ifndef NSEXEC_FEATURE_H
#define NSEXEC_FEATURE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#define NSEXEC_FEATURE_CLONE3 0x0001u         /* clone3(2), 5.3; not forbidden by a filter */
#define NSEXEC_FEATURE_OPENAT2 0x0002u        /* openat2(2), 5.6 */
#define NSEXEC_FEATURE_SETNS_PIDFD 0x0004u    /* setns(2) with a pidfd, 5.8 */
#define NSEXEC_FEATURE_CLOSE_RANGE 0x0008u    /* close_range(2), 5.9 */
#define NSEXEC_FEATURE_MOUNT_SETATTR 0x0010u  /* mount_setattr(2), 5.12 */
#define NSEXEC_FEATURE_LSM_SELF_ATTR 0x0020u  /* lsm_set_self_attr(2), 6.8 */
#define NSEXEC_FEATURE_PIDFD_INFO 0x0040u     /* PIDFD_GET_INFO, 6.13 */
#define NSEXEC_FEATURE_SECCOMP_FILTER 0x0080u /* seccomp(2) filters */
#define NSEXEC_FEATURE_TIME_NS 0x0100u        /* time namespaces, 5.6 */
#define NSEXEC_FEATURE_CGROUP2 0x0200u        /* a cgroup v2 hierarchy below /sys/fs/cgroup */
#define NSEXEC_FEATURE_COUNT 10

/**
 * nsexec_feature_probe() - Find out what works here
 *
 * Only harmless calls with arguments that must fail are made. Nothing is cached: keep the result.
 * fork-safe: yes.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: a set of NSEXEC_FEATURE_* bits.
 */
uint64_t nsexec_feature_probe(void);

/**
 * nsexec_feature_name() - The name of a feature
 * @feature: one NSEXEC_FEATURE_* bit
 *
 * fork-safe: yes.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: a constant string, or NULL if @feature is not one feature.
 */
const char *nsexec_feature_name(uint64_t feature);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
