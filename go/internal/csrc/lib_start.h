/* SPDX-License-Identifier: Apache-2.0 */
/* The starter: resolves everything, makes the first process, answers what only it may do. */
#ifndef NSX_LIB_START_H
#define NSX_LIB_START_H

#include "lib_step.h"

/* Reads and decides, and changes nothing; then makes. For --explain. */
extern const struct nsx_step nsx_resolve_steps[];
extern const struct nsx_step nsx_start_steps[];

/**
 * nsx_start() - Run the starter's tables
 * @run: the run, with page and status_fd
 * @err: detail on failure
 *
 * Never returns in the processes that it makes.
 *
 * Return: 0, or what the step that failed returned; whoever collects the processes of the page cleans up.
 */
int nsx_start(struct nsx_run *run, struct nsx_err *err);

#endif
