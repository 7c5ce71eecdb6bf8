/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken over from the target, put together with what the plan says. Steps of the starter. */
#ifndef NSX_LIB_CONTEXT_H
#define NSX_LIB_CONTEXT_H

#include "lib_run.h"

/**
 * nsx_context_status() - Read credentials, masks and modes of the target
 * @run: the run
 * @err: detail on failure
 *
 * Return: 0, -ESRCH, -EACCES, -EOVERFLOW (an id is not mapped inside).
 */
int nsx_context_status(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_context_dirs() - Open root and working directory of the target
 * @run: the run
 * @err: detail on failure
 *
 * Return: 0, -EACCES, -ENOENT.
 */
int nsx_context_dirs(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_context_oom() - Find out whether oom_score_adj has to be changed
 * @run: the run
 * @err: detail on failure
 *
 * Return: 0, or the error of reading it.
 */
int nsx_context_oom(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_context_label() - Find out whether an LSM label has to be set
 * @run: the run
 * @err: detail on failure
 *
 * Return: 0, -EACCES, -ENOMEM.
 */
int nsx_context_label(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_context_identity() - Decide on ids, groups, capabilities and masks of the program
 * @run: the run
 * @err: detail on failure
 *
 * Return: 0, -EPERM (a capability asked for by name is not there).
 */
int nsx_context_identity(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_context_program() - Put arguments and environment together
 * @run: the run
 * @err: detail on failure
 *
 * Return: 0, -ENOMEM, -EACCES, -EFBIG.
 */
int nsx_context_program(struct nsx_run *run, struct nsx_err *err);

#endif
