/* SPDX-License-Identifier: Apache-2.0 */
/* The user's terminal while a program has one of its own inside. */
#ifndef NSX_CLI_TERMINAL_H
#define NSX_CLI_TERMINAL_H

#include <nsexec/process.h>
#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

struct terminal {
	struct nsexec_process *process;
	int master;      /* -1: there is none, or it is finished */
	bool raw;        /* ours is in raw mode */
	bool mid_line;   /* what was passed on last did not end a line */
	bool input_done; /* nothing more comes from our stdin */
	int guard_fd;    /* see terminal_open() */
	struct termios before;
};

/**
 * terminal_size() - The size of the user's terminal
 * @ret_rows:    rows, 0 if it is none
 * @ret_columns: columns, 0 if it is none
 */
void terminal_size(uint16_t *ret_rows, uint16_t *ret_columns);

/**
 * terminal_open() - Put the user's terminal into raw mode
 * @terminal: to initialise
 * @process:  whose terminal is fed
 *
 * A small child waits meanwhile, and brings the mode back if we are killed.
 */
void terminal_open(struct terminal *terminal, struct nsexec_process *process);

/**
 * terminal_resize() - Pass the size of the user's terminal on
 * @terminal: the terminal
 */
void terminal_resize(const struct terminal *terminal);

/**
 * terminal_input() - Pass bytes from stdin on
 * @terminal: the terminal
 */
void terminal_input(struct terminal *terminal);

/**
 * terminal_output() - Pass bytes from the program on to stdout
 * @terminal: the terminal
 *
 * Return: whether there may be more.
 */
bool terminal_output(struct terminal *terminal);

/**
 * terminal_close() - Bring the mode of the user's terminal back
 * @terminal: the terminal; may be called twice
 */
void terminal_close(struct terminal *terminal);

#endif
