/* SPDX-License-Identifier: Apache-2.0 */
/* Seccomp filters: where they come from, whether they let us finish, how they are installed. */
#ifndef NSX_LIB_SECCOMP_H
#define NSX_LIB_SECCOMP_H

#include "lib_run.h"

/**
 * nsx_seccomp_resolve() - Get the filters of the program: the plan's, the default, or the target's
 * @run: the run
 * @err: detail on failure
 *
 * The target's are copied by ptrace(2) if the plan takes them over and brings none itself. Checks that they allow the
 * system calls that remain to be made after they are installed.
 *
 * Return: 0, -EACCES, -EPERM, -ETIMEDOUT (the target does not stop), -ENOTSUP, -ENOMEM.
 */
int nsx_seccomp_resolve(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_seccomp_install() - Install the filters in the calling process, the oldest first
 * @run: the run
 * @err: detail on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, or the error of seccomp(2).
 */
int nsx_seccomp_install(const struct nsx_run *run, struct nsx_err *err);

#endif
