/* SPDX-License-Identifier: Apache-2.0 */
/* Being the parent in the foreground: signals, terminal, exit status. */
#ifndef NSX_CLI_SUPERVISE_H
#define NSX_CLI_SUPERVISE_H

#include <nsexec/process.h>
#include <signal.h>
#include <stdbool.h>

#include "cli/output.h"

/**
 * supervise() - Wait for the process, passing signals and terminal bytes on
 * @process: the process
 * @output:  for errors
 * @set:     the signals to pass on, which are blocked; see supervise_block()
 * @first:   it is the first of a new pid namespace, which ignores signals that it does not catch
 *
 * Return: the exit status: the program's, 128+N if signal N ended it; -1 if it can not be known, which was reported.
 */
int supervise(struct nsexec_process *process, const struct output *output, const sigset_t *set,
	      bool first);

/**
 * supervise_block() - Block the signals that supervise() handles
 * @set:        gets the signals
 * @ret_before: gets the mask as it was
 *
 * Before the spawn, which lets them through until the program may run: what comes from then on is for it.
 */
void supervise_block(sigset_t *set, sigset_t *ret_before);

#endif
