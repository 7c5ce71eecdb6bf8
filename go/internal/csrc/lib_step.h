/* SPDX-License-Identifier: Apache-2.0 */
/* Steps, the runner of their tables, and the messages that the roles send to the parent. */
#ifndef NSX_LIB_STEP_H
#define NSX_LIB_STEP_H

#include "lib_run.h"

struct nsx_step {
	const char *name; /* API for errors, logs and tests: at most 15 characters */
	bool (*when)(const struct nsx_run *run); /* NULL: always */
	int (*enter)(struct nsx_run *run, struct nsx_err *err);
	const char *why; /* for --explain: the reason, in words */
};

enum nsx_msg_type {
	NSX_MSG_ERROR = 1,
	NSX_MSG_STEP,
	NSX_MSG_INFO,
	NSX_MSG_WARNING,
	NSX_MSG_TTY,   /* with one descriptor */
	NSX_MSG_READY, /* everything is applied, the parent lives: the next thing is execve */
};

/* One datagram. What the final process sends may be forged by the container: see nsx_err_sanitize(). */
struct nsx_msg {
	uint32_t type;
	uint32_t reserved;
	char role[8];
	struct nsx_err err; /* for notes: the text is in object */
};

/**
 * nsx_steps_run() - Run a table of steps
 * @steps: ends with a step without name
 * @run:   the run
 * @err:   names the step that failed
 *
 * fork-safe: as the steps.
 *
 * Return: 0, or what the step that failed returned.
 */
int nsx_steps_run(const struct nsx_step *steps, struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_note() - Tell the parent that something was done otherwise than asked or usual
 * @run:  the run
 * @type: NSX_MSG_INFO or NSX_MSG_WARNING
 * @text: one line
 * @err:  filled if the plan is strict and @type is a warning
 *
 * fork-safe: yes.
 *
 * Return: 0, or -EPERM if warnings are errors.
 */
int nsx_note(struct nsx_run *run, enum nsx_msg_type type, const char *text, struct nsx_err *err);

/**
 * nsx_msg_send() - Send a message to the parent
 * @run: the run
 * @msg: the message; its role is filled in
 * @fd:  descriptor to send along, or negative
 *
 * fork-safe: yes.
 *
 * Return: 0, or -EPIPE if the parent is gone.
 */
int nsx_msg_send(const struct nsx_run *run, struct nsx_msg *msg, int fd);

/**
 * nsx_fail() - End a child with an error record for the parent
 * @run: the run
 * @err: the record
 *
 * Closes all descriptors before it exits: an exiting process must not be a source of them (CVE-2026-46333).
 * fork-safe: yes.
 */
_Noreturn void nsx_fail(struct nsx_run *run, const struct nsx_err *err);

#endif
