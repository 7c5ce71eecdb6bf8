/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_ls.c owns `nsexec ls`. */
#include <nsexec/process.h>
#include <stdio.h>
#include <time.h>

#include "cli/cmd.h"
#include "cli/opt.h"
#include "cli/output.h"
#include "cli/registry.h"

struct ls {
	struct output output;
	bool json;
	unsigned count;
};

static int set_json(void *config, const char *option, const char *value, struct nsx_err *err)
{
	(void)option;
	(void)value;
	(void)err;
	((struct ls *)config)->json = true;
	return 0;
}

/* clang-format off */
static const struct opt options[] = {
	{ "Output", "json", 0, OPT_PLAIN, NULL, "an array of objects: name, pid, start, age (seconds), command", set_json },
	{ NULL, "log-format", 0, OPT_VALUE, "FORMAT", "of errors: text or json", output_set_format },
	{ 0 },
};
/* clang-format on */

static const struct opt_verb ls_verb = {
	.name = "ls",
	.usage = "[OPTIONS]",
	.about = "List the living containers that `nsexec launch --name` registered.",
	.options = options,
};

static void print_age(long long seconds)
{
	if (seconds < 120)
		printf("%-8lld", seconds);
	else if (seconds < 7200)
		printf("%-7lldm", seconds / 60);
	else if (seconds < 172800)
		printf("%-7lldh", seconds / 3600);
	else
		printf("%-7lldd", seconds / 86400);
}

static void print_entry(void *data, const struct registry_entry *entry)
{
	struct ls *ls = data;
	long long age = (long long)time(NULL) - entry->created;

	if (ls->json) {
		printf("%s{\"name\":\"%s\",\"pid\":%d,\"start\":%llu,\"age\":%lld,\"command\":",
		       ls->count > 0 ? "," : "", entry->name, entry->pid,
		       (unsigned long long)entry->start, age < 0 ? 0 : age);
		output_json_string(stdout, entry->command);
		printf("}");
	} else {
		if (ls->count == 0)
			printf("%-20s %-10s %-8s %s\n", "NAME", "PID", "AGE", "COMMAND");
		printf("%-20s %-10d ", entry->name, entry->pid);
		print_age(age < 0 ? 0 : age);
		printf(" %s\n", entry->command);
	}
	ls->count++;
}

int cmd_ls(char **argv)
{
	struct ls ls = { .output = { .verb = "ls" } };
	struct nsx_err err = { 0 };
	char **rest = NULL;
	int r = opt_parse(&ls_verb, argv, &ls, &rest, &err);

	if (r == 0 && rest[0] != NULL)
		r = opt_error(&err, rest[0], NULL, "ls takes no arguments");
	if (r == 0) {
		nsexec_sweep();
		printf("%s", ls.json ? "[" : "");
		registry_each(print_entry, &ls, 0);
		printf("%s", ls.json ? "]\n" : "");
	}
	return r < 0 ? output_error(&ls.output, &err) : 0;
}
