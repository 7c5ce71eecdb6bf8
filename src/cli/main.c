/* SPDX-License-Identifier: Apache-2.0 */
/* main.c owns the table of verbs. */
#include <nsexec/nsexec.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/cmd.h"
#include "cli/early.h"
#include "cli/output.h"

bool early_protected;

/* clang-format off */
static const struct {
	const char *name;
	int (*run)(char **argv);
	bool forks; /* makes processes that a container sees: the program file has to be protected */
	const char *help;
} verbs[] = {
	{ "launch", cmd_launch, true,  "start a program in a new container" },
	{ "enter",  cmd_enter,  true,  "start a program in a running container" },
	{ "ls",     cmd_ls,     false, "list the containers that have a name" },
};
/* clang-format on */

static int print_help(void)
{
	printf("usage: nsexec VERB [OPTIONS] ...\n"
	       "Start programs inside Linux namespaces: in a new container, or inside a running one.\n\n"
	       "Verbs:\n");
	for (size_t i = 0; i < NSX_ARRAY_SIZE(verbs); i++)
		printf("  %-8s %s\n", verbs[i].name, verbs[i].help);
	printf("\nnsexec VERB --help tells the options of a verb, nsexec --version the version.\n\n"
	       "Examples:\n"
	       "  nsexec launch                          a shell in a container, no image needed\n"
	       "  nsexec launch --name web --rootfs DIR  a shell in the root file system DIR\n"
	       "  nsexec enter web -- ps                 a program in that container\n"
	       "  nsexec enter 4242                      a shell in the container of process 4242\n");
	return 0;
}

static int print_version(void)
{
	printf("nsexec version %s\ncommit: %s\n", nsexec_version(), NSX_COMMIT);
	return 0;
}

int main(int argc, char *argv[])
{
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return argc < 2 ? (void)print_help(), EXIT_OURS : print_help();
	if (strcmp(argv[1], "--version") == 0)
		return print_version();

	for (size_t i = 0; i < NSX_ARRAY_SIZE(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name) != 0)
			continue;
		if (verbs[i].forks && !early_protected && getauxval(AT_EUID) == 0)
			(void)nsexec_self_protect(
				argv, environ, NULL); /* else the library uses its helper image */
		/* an ignored SIGCHLD would reap the program behind our back; both would stay ignored in the program */
		(void)signal(SIGCHLD, SIG_DFL);
		(void)signal(SIGPIPE, SIG_DFL);
		return verbs[i].run(argv + 1);
	}
	fprintf(stderr,
		"nsexec: '%s': no such verb\nhint: launch, enter and ls exist; nsexec --help tells more\n",
		argv[1]);
	return EXIT_OURS;
}
