/* SPDX-License-Identifier: Apache-2.0 */
/* The roles of the processes that the starter makes. */
#ifndef NSX_LIB_CHILD_H
#define NSX_LIB_CHILD_H

#include "lib_step.h"

/* The tables, in the order in which they are run; see child.c. For --explain. */
extern const struct nsx_step nsx_join_steps[];
extern const struct nsx_step nsx_build_steps[];
extern const struct nsx_step nsx_confine_steps[];
extern const struct nsx_step nsx_final_steps[];

/**
 * nsx_child_main() - What a process made by the starter does
 * @run: the run, as the starter left it
 *
 * fork-safe: yes. Ends by execve(2) or _exit(2).
 */
_Noreturn void nsx_child_main(struct nsx_run *run);

#endif
