/* SPDX-License-Identifier: Apache-2.0 */
/* What libnsexec-bootstrap.a exports, for runtimes that declare it themselves (`extern void nsexec();`). */
#ifndef NSX_BOOTSTRAP_CTOR_H
#define NSX_BOOTSTRAP_CTOR_H

/**
 * nsexec() - The constructor of a runc-style runtime
 *
 * Returns at once without _LIBCONTAINER_INITPIPE (2015: _LIBCONTAINER_INITPID); otherwise only in the last of three
 * processes, see docs/bootstrap.md. Errors end the process with status 1 and one fatal line in the log pipe, or on stderr.
 *
 * fork-safe: no.  threads: only one.  capabilities: those that the namespaces need.  Since: 0.1.0.
 */
__attribute__((visibility("default"))) void nsexec(void);

/* The era of the protocol: "current", "1.1", "1.0", "2019" or "2015". The embedding program may define its own. */
extern const char nsexec_bootstrap_era[];

#endif
