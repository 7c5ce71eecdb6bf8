/* SPDX-License-Identifier: Apache-2.0 */
/* What the command says on stderr: errors, warnings, and the log of --debug; as text or as JSON. */
#ifndef NSX_CLI_OUTPUT_H
#define NSX_CLI_OUTPUT_H

#include <nsexec/process.h>
#include <stdbool.h>
#include <stdio.h>

/* How the command reports; filled by the options --debug and --log-format. */
struct output {
	const char *verb;
	bool debug;
	bool json;
};

/* Exit statuses of our own (the shell's for programs that can not be started). */
enum { EXIT_OURS = 125, EXIT_CANNOT = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNAL = 128 };

/**
 * output_error() - Print a failure, with a hint where there is one
 * @output: how
 * @err:    the record
 *
 * Return: the exit status that belongs to it: 125, 126 or 127.
 */
int output_error(const struct output *output, const struct nsexec_err *err);

/**
 * output_log() - Print one line of the log of --debug
 * @output: how; nothing is printed without --debug
 * @format: as printf(3)
 */
void output_log(const struct output *output, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * output_event() - Report an event of a spawn; a callback for nsexec_spawn()
 * @data:  a struct output
 * @event: the event
 */
void output_event(void *data, const struct nsexec_event *event);

/**
 * output_json_string() - Print a text as a JSON string
 * @file: where
 * @text: bytes; what is no printable ASCII is escaped
 */
void output_json_string(FILE *file, const char *text);

/**
 * output_set_format() - The option --log-format; its config must begin with a struct output
 * @config: the config
 * @option: as the user wrote it
 * @value:  "text" or "json"
 * @err:    detail on failure
 *
 * Return: 0, -EINVAL.
 */
int output_set_format(void *config, const char *option, const char *value, struct nsexec_err *err);

/**
 * output_set_debug() - The option --debug; its config must begin with a struct output
 * @config: the config
 * @option: as the user wrote it
 * @value:  NULL
 * @err:    detail on failure
 *
 * Return: 0.
 */
int output_set_debug(void *config, const char *option, const char *value, struct nsexec_err *err);

#endif
