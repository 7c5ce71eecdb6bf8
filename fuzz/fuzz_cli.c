/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the command line. The first byte chooses a parser of values, or the options of a verb; what follows is the value,
 * or words that end with line feeds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/enter_options.h"
#include "cli/launch_options.h"
#include "cli/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int values(unsigned choice, struct nsexec_plan *plan, const char *text, struct nsx_err *err)
{
	uint32_t a = 7;
	uint32_t b = 7;
	uint64_t big = 7;
	char rest[64];
	int r;

	switch (choice) {
	case 0:
		r = parse_ids("--user", text, &a, &b, err);
		if (r < 0 ? a != 7 || b != 7 : a == UINT32_MAX || b == UINT32_MAX)
			abort();
		return r;
	case 1:
		return parse_caps("--cap-add", text, &big, err);
	case 2:
		return parse_kinds("--only", text, &a, err);
	case 3:
		return parse_env(plan, "--env", text, err);
	case 4:
		return parse_fd(plan, "--fd", text, err);
	case 5:
		return parse_mount_options("--tmpfs", text, &a, rest, sizeof(rest), err);
	case 6:
		return parse_mount_options("--bind", text, &a, NULL, 0, err);
	case 7:
		return parse_rlimit(plan, "--rlimit", text, err);
	case 8:
		return parse_time_offset(plan, "--time-offset", text, err);
	case 9:
		r = parse_cpus("--cpus", text, &big, err);
		if (r < 0 ? big != 7 : big < 10)
			abort();
		return r;
	default:
		return parse_name(text) && (strlen(text) > 63 || strchr(text, '/') != NULL ||
					    text[0] == '.') ?
			       (abort(), 0) :
			       0;
	}
}

static int words(const struct opt_verb *verb, void *config, char *text, struct nsx_err *err)
{
	char *argv[34] = { (char *)verb->name };
	char **rest = NULL;
	size_t count = 1;
	int r;

	for (char *p = strtok(text, "\n"); p != NULL && count < 33; p = strtok(NULL, "\n")) {
		/* these print */
		if (strcmp(p, "--help") != 0 && strcmp(p, "-h") != 0 &&
		    strcmp(p, "--list-options") != 0)
			argv[count++] = p;
	}
	r = opt_parse(verb, argv, config, &rest, err);
	if (r == 0 && (rest < argv || rest > argv + count))
		abort();
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct launch launch = { .output = { .verb = "launch" }, .tty = -1 };
	struct enter enter = { .output = { .verb = "enter" }, .tty = -1 };
	struct nsexec_plan *plan = nsexec_plan_new();
	char *text = malloc(size + 1);
	struct nsx_err err = { 0 };
	unsigned choice = size > 0 ? bytes[0] % 13 : 0;
	int r;

	if (text == NULL || plan == NULL)
		abort();
	launch.plan = enter.plan = plan;
	if (size > 1)
		memcpy(text, bytes + 1, size - 1);
	text[size > 0 ? size - 1 : 0] = '\0';

	if (choice == 11)
		r = words(&launch_verb, &launch, text, &err);
	else if (choice == 12)
		r = words(&enter_verb, &enter, text, &err);
	else
		r = values(choice, plan, text, &err);
	if (r > 0 || (r < 0 && err.code != r))
		abort();

	free(launch.script);
	plan = nsexec_plan_free(plan);
	free(text);
	return 0;
}
