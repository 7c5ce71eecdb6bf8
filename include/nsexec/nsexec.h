/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libnsexec: start programs inside Linux namespaces, in a new container or inside a running one.
 *
 * Fill a plan (plan.h), spawn it (process.h), wait for the process. Or run one function elsewhere (call.h,
 * and by name module.h).
 * A handle belongs to one thread at a time; different handles may be used by different threads. The library has no
 * global state, changes no signal handler, umask or directory of the caller, and writes nothing to stderr.
 * Fallible functions return 0 or more, or a negative errno with the detail in a struct nsexec_err.
 */
#ifndef NSEXEC_NSEXEC_H
#define NSEXEC_NSEXEC_H

#include <nsexec/call.h>
#include <nsexec/error.h>
#include <nsexec/feature.h>
#include <nsexec/module.h>
#include <nsexec/ns.h>
#include <nsexec/plan.h>
#include <nsexec/process.h>
#include <nsexec/version.h>

#endif
