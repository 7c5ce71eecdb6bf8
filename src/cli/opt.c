/* SPDX-License-Identifier: Apache-2.0 */
/* opt.c owns the reading of options. */
#include "cli/opt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

int opt_error(struct nsx_err *err, const char *option, const char *value, const char *wanted)
{
	char text[196];
	struct nsx_str out = NSX_STR(text, sizeof(text));

	nsx_str_add(&out, option);
	if (value != NULL) {
		nsx_str_add(&out, " '");
		nsx_str_add(&out, value);
		nsx_str_add(&out, "'");
	}
	nsx_str_add(&out, ": ");
	nsx_str_add(&out, wanted);
	(void)nsx_err_set(err, -EINVAL, "check", text, NSX_HINT_HELP);
	(void)nsx_str_copy(err->step, sizeof(err->step), "options");
	return -EINVAL;
}

static const struct opt *by_name(const struct opt_verb *verb, const char *name, size_t len)
{
	for (const struct opt *o = verb->options; o->name != NULL || o->letter != 0; o++)
		if (o->name != NULL && strlen(o->name) == len && strncmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

static const struct opt *by_letter(const struct opt_verb *verb, char letter)
{
	for (const struct opt *o = verb->options; o->name != NULL || o->letter != 0; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

/* "--name", "--name=value", "--name value". Returns the words used. */
static int parse_long(const struct opt_verb *verb, char **argv, void *config, struct nsx_err *err)
{
	const char *name = argv[0] + 2;
	size_t len = strcspn(name, "=");
	const struct opt *o = by_name(verb, name, len);
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	char shown[64];
	int used = 1;
	int r;

	if (o == NULL)
		return opt_error(err, argv[0], NULL, "no such option");
	if (len + 3 <= sizeof(shown)) {
		memcpy(shown, argv[0], len + 2);
		shown[len + 2] = '\0';
	}
	if (o->kind == OPT_PLAIN && value != NULL)
		return opt_error(err, shown, value, "takes no value");
	if (o->kind == OPT_VALUE && value == NULL) {
		value = argv[1];
		used = 2;
		if (value == NULL)
			return opt_error(err, shown, NULL, "needs a value");
	}
	r = o->set(config, shown, value, err);
	return r < 0 ? r : used;
}

/* "-abc", "-nVALUE", "-n VALUE", "-n=VALUE". Returns the words used. */
static int parse_short(const struct opt_verb *verb, char **argv, void *config, struct nsx_err *err)
{
	for (const char *p = argv[0] + 1; *p != '\0'; p++) {
		const struct opt *o = by_letter(verb, *p);
		char shown[3] = { '-', *p, '\0' };
		const char *value = NULL;
		int used = 1;
		int r;

		if (o == NULL)
			return opt_error(err, shown, NULL, "no such option");
		if (o->kind != OPT_PLAIN && p[1] != '\0') {
			value = p[1] == '=' && o->kind == OPT_OPTIONAL ? p + 2 : p + 1;
		} else if (o->kind == OPT_VALUE) {
			value = argv[1];
			used = 2;
			if (value == NULL)
				return opt_error(err, shown, NULL, "needs a value");
		}
		r = o->set(config, shown, value, err);
		if (r < 0 || value != NULL)
			return r < 0 ? r : used;
	}
	return 1;
}

int opt_parse(const struct opt_verb *verb, char **argv, void *config, char ***ret_rest,
	      struct nsx_err *err)
{
	char **word = argv + 1;

	while (*word != NULL && (*word)[0] == '-' && (*word)[1] != '\0') {
		int r;

		if (strcmp(*word, "--") == 0) {
			word++;
			break;
		}
		if (strcmp(*word, "--help") == 0 || strcmp(*word, "-h") == 0) {
			opt_help(verb);
			return 1;
		}
		if (strcmp(*word, "--list-options") == 0) {
			opt_list(verb);
			return 1;
		}
		r = (*word)[1] == '-' ? parse_long(verb, word, config, err) :
					parse_short(verb, word, config, err);
		if (r < 0)
			return r;
		word += r;
	}
	*ret_rest = word;
	return 0;
}

static void print_option(const struct opt *o)
{
	char left[80];
	struct nsx_str out = NSX_STR(left, sizeof(left));
	char letter[2] = { o->letter, '\0' };

	left[0] = '\0';
	if (o->letter != 0) {
		nsx_str_add(&out, "-");
		nsx_str_add(&out, letter);
		nsx_str_add(&out, o->name != NULL ? ", " : "");
	} else {
		nsx_str_add(&out, "    ");
	}
	if (o->name != NULL) {
		nsx_str_add(&out, "--");
		nsx_str_add(&out, o->name);
	}
	if (o->value != NULL) {
		nsx_str_add(&out, o->kind == OPT_OPTIONAL ? "[=" : " ");
		nsx_str_add(&out, o->value);
		nsx_str_add(&out, o->kind == OPT_OPTIONAL ? "]" : "");
	}
	printf("  %-34s %s\n", left, o->help);
}

void opt_help(const struct opt_verb *verb)
{
	printf("usage: nsexec %s %s\n%s\n", verb->name, verb->usage, verb->about);
	for (const struct opt *o = verb->options; o->name != NULL || o->letter != 0; o++) {
		if (o->group != NULL)
			printf("\n%s:\n", o->group);
		if (o->help != NULL)
			print_option(o);
	}
}

void opt_list(const struct opt_verb *verb)
{
	for (const struct opt *o = verb->options; o->name != NULL || o->letter != 0; o++)
		if (o->name != NULL)
			printf("--%s\n", o->name);
}
