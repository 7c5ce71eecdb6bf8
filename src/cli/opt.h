/* SPDX-License-Identifier: Apache-2.0 */
/* Options: one table per verb drives parsing, --help and the completions. */
#ifndef NSX_CLI_OPT_H
#define NSX_CLI_OPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum opt_kind {
	OPT_PLAIN,    /* no value */
	OPT_VALUE,    /* a value follows, or is attached: --name=V, -nV */
	OPT_OPTIONAL, /* a value only if it is attached: --name=V, -nV, -n=V */
};

/* What an option does with its value (NULL without one). `option` is how the user wrote it. */
typedef int opt_set(void *config, const char *option, const char *value, struct nsx_err *err);

struct opt {
	const char *group; /* heading of --help; NULL: as the one before */
	const char *name;  /* long name without "--", or NULL */
	char letter;       /* short name, or 0 */
	enum opt_kind kind;
	const char *value; /* how --help calls the value */
	const char *help;  /* NULL: not shown */
	opt_set *set;
};

struct opt_verb {
	const char *name;
	const char *usage;
	const char *about;
	const struct opt *options; /* ends with one that has neither name nor letter */
};

/**
 * opt_parse() - Parse the options of a verb, up to the first word that is none, or "--"
 * @verb:     the verb
 * @argv:     words, argv[0] is the verb
 * @config:   handed to the options
 * @ret_rest: the words behind the options
 * @err:      detail on failure
 *
 * Return: 0, 1 (--help was printed), -EINVAL.
 */
int opt_parse(const struct opt_verb *verb, char **argv, void *config, char ***ret_rest,
	      struct nsx_err *err);

/**
 * opt_error() - Refuse an option
 * @err:    the record
 * @option: as the user wrote it
 * @value:  its value, or NULL
 * @wanted: what would be right
 *
 * Return: -EINVAL.
 */
int opt_error(struct nsx_err *err, const char *option, const char *value, const char *wanted);

/**
 * opt_help() - Print the help of a verb
 * @verb: the verb
 */
void opt_help(const struct opt_verb *verb);

/**
 * opt_list() - Print the long options of a verb, one a line, for completions
 * @verb: the verb
 */
void opt_list(const struct opt_verb *verb);

#endif
