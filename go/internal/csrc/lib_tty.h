/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NSX_LIB_TTY_H
#define NSX_LIB_TTY_H

#include "lib_run.h"

/**
 * nsx_tty_make() - Make a terminal, put it on 0, 1 and 2, and send the master to the parent
 * @run: the run
 * @err: detail on failure
 *
 * From the container's devpts, by TIOCGPTPEER: no path of the container is trusted. Where it has none, from the
 * caller's, with a note: ttyname(3) fails inside then.
 * fork-safe: yes.
 *
 * Return: 0, -ENODEV (there is no devpts), or -errno.
 */
int nsx_tty_make(struct nsx_run *run, struct nsx_err *err);

#endif
