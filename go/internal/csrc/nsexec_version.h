/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NSEXEC_VERSION_H
#define NSEXEC_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/** The version of these headers (SemVer). */
#define NSEXEC_VERSION "0.1.0"

/**
 * nsexec_version() - The version of the library that runs
 *
 * fork-safe: yes.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: a constant string like NSEXEC_VERSION.
 */
const char *nsexec_version(void);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
