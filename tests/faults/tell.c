/* SPDX-License-Identifier: Apache-2.0 */
/* tell [MILLISECONDS]: what a program finds in a container, one thing a line. Ends with status 7. Static. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void tell_namespaces(void)
{
	static const char *const kinds[] = { "cgroup", "ipc",  "mnt",  "net",
					     "pid",    "time", "user", "uts" };
	char path[32];
	char link[64];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
		ssize_t n = readlink(path, link, sizeof(link));

		printf("ns %s %.*s\n", kinds[i], n < 0 ? 0 : (int)n, link);
	}
}

static void tell_status(void)
{
	static const char *const keys[] = { "Uid:",        "Gid:",    "Groups:", "Cap",
					    "NoNewPrivs:", "Seccomp", "SigBlk:", "SigIgn:" };
	FILE *file = fopen("/proc/self/status", "re");
	char line[1024];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (strncmp(line, keys[i], strlen(keys[i])) == 0)
				printf("status %s", line);
	if (file != NULL)
		(void)fclose(file);
}

/* Where, with which options, and of which kind. */
static void tell_mounts(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096];
	char root[512];
	char at[512];
	char options[512];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		const char *more = strstr(line, " - ");

		if (more != NULL &&
		    sscanf(line, "%*s %*s %*s %511s %511s %511s", root, at, options) == 3)
			printf("mount %s %s %s", at, options, more + 3);
	}
	if (file != NULL)
		(void)fclose(file);
}

static void tell_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");

	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir))
			printf("fd %s\n", entry->d_name);
	if (dir != NULL)
		(void)closedir(dir);
}

int main(int argc, char **argv)
{
	char text[4096];
	int sig = 0;
	mode_t mask = umask(0);

	(void)prctl(PR_GET_PDEATHSIG, &sig);
	tell_namespaces();
	tell_status();
	tell_mounts();
	tell_descriptors();
	(void)gethostname(text, sizeof(text));
	printf("hostname %s\n", text);
	printf("cwd %s\n", getcwd(text, sizeof(text)) != NULL ? text : "none");
	printf("umask %o\ndeath %d\nleader %d\ndumpable %d\n", mask, sig, getsid(0) == getpid(),
	       prctl(PR_GET_DUMPABLE));
	for (char **p = environ; *p != NULL; p++)
		printf("env %s\n", *p);
	printf("end\n");
	(void)fflush(stdout);
	if (argc > 1)
		(void)usleep((useconds_t)atoi(argv[1]) * 1000);
	return 7;
}
