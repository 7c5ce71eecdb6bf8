/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs. Each takes its words (argv[0] is the verb) and returns the exit status of the command. */
#ifndef NSX_CLI_CMD_H
#define NSX_CLI_CMD_H

/**
 * cmd_launch() - nsexec launch: a new container
 * @argv: words
 *
 * Return: the exit status.
 */
int cmd_launch(char **argv);

/**
 * cmd_enter() - nsexec enter: a program in a running container
 * @argv: words
 *
 * Return: the exit status.
 */
int cmd_enter(char **argv);

/**
 * cmd_ls() - nsexec ls: the named containers
 * @argv: words
 *
 * Return: the exit status.
 */
int cmd_ls(char **argv);

#endif
