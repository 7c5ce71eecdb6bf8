/* SPDX-License-Identifier: Apache-2.0 */
/* Being the parent in the foreground: signals, terminal, exit status. */
#ifndef NSX_CLI_SUPERVISE_H
#define NSX_CLI_SUPERVISE_H

#include <nsexec/process.h>
#include <signal.h>
#include <stdbool.h>

#include "cli/output.h"

/* The signals that are passed on to the program. */
struct supervise_signals {
	sigset_t set;
	sigset_t before; /* the mask as it was */
	int fd;          /* of signalfd(2) */
};

/**
 * supervise_signals() - Block the signals that supervise() passes on, and get them by descriptor
 * @signals: to initialise
 * @err:     detail on failure
 *
 * Before the spawn, which is cancelled by the descriptor until the program may run: what comes then is for the program.
 *
 * Return: 0, -EMFILE, -ENOMEM.
 */
int supervise_signals(struct supervise_signals *signals, struct nsexec_err *err);

/**
 * supervise_has_signal() - Has a signal come?
 * @signals: the signals
 *
 * Return: whether there is one to read.
 */
bool supervise_has_signal(const struct supervise_signals *signals);

/**
 * supervise_die() - End by the signal that has cancelled the spawn
 * @signals: the signals
 */
void supervise_die(const struct supervise_signals *signals);

/**
 * supervise() - Wait for the process, passing signals and terminal bytes on
 * @process: the process
 * @output:  for errors
 * @signals: from supervise_signals()
 * @first:   it is the first of a new pid namespace, which ignores signals that it does not catch
 *
 * Return: the exit status: the program's, 128+N if signal N ended it; -1 if it can not be known, which was reported.
 */
int supervise(struct nsexec_process *process, const struct output *output,
	      struct supervise_signals *signals, bool first);

#endif
