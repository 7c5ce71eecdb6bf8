/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NSX_LIB_MAPS_H
#define NSX_LIB_MAPS_H

#include "lib_run.h"

/**
 * nsx_maps_write() - Write the id maps of a process in a new user namespace
 * @run: the run
 * @pid: the process
 * @err: detail on failure
 *
 * Directly where the kernel allows it, otherwise through newuidmap(1) and newgidmap(1).
 *
 * Return: 0, -EPERM, -ENOENT (the helpers are not installed).
 */
int nsx_maps_write(struct nsx_run *run, pid_t pid, struct nsx_err *err);

#endif
