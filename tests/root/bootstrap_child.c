/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a runtime is for the tests of the bootstrap constructor: calls nsexec() from a constructor of its own, and says in
 * main() where it has come out. Built with -DERA="..." for each era.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern void nsexec(void);

#ifdef ERA
const char nsexec_bootstrap_era[] = ERA;
#endif

__attribute__((constructor)) static void enter(void)
{
	nsexec();
}

static void say_link(FILE *out, const char *name)
{
	char path[64];
	char text[128];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	n = readlink(path, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	(void)fprintf(out, "ns %s\n", text);
}

static void *nothing(void *data)
{
	return data;
}

/* Does the C library know who it is? An error-checking mutex holds the thread's id, and so does a new thread. */
static const char *check_library(void)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t mutex;
	pthread_t thread;
	void *result = NULL;

	(void)pthread_mutexattr_init(&attr);
	(void)pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	(void)pthread_mutex_init(&mutex, &attr);
	if (pthread_mutex_lock(&mutex) != 0 || pthread_mutex_lock(&mutex) != EDEADLK ||
	    pthread_mutex_unlock(&mutex) != 0)
		return "mutex";
	/* the owner that the library writes into a mutex is at this place in glibc and musl alike */
	(void)pthread_mutex_lock(&mutex);
	int owner;

#ifdef __GLIBC__
	memcpy(&owner, (char *)&mutex + 8, sizeof(owner));
#else
	memcpy(&owner, (char *)&mutex + 4, sizeof(owner));
	owner &= 0x3fffffff;
#endif
	(void)pthread_mutex_unlock(&mutex);
	if (owner != (int)syscall(SYS_gettid))
		return "stale thread id";
	if (pthread_create(&thread, NULL, nothing, &mutex) != 0 ||
	    pthread_join(thread, &result) != 0 || result != &mutex)
		return "thread";

	pid_t pid = fork();

	if (pid == 0)
		_exit(3);

	int status = 0;

	if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 3)
		return "fork";
	return "right";
}

int main(void)
{
	static const char *const kinds[] = { "user", "mnt", "pid",    "net",
					     "ipc",  "uts", "cgroup", "time" };
	const char *pipe = getenv("_LIBCONTAINER_INITPIPE");
	const char *report = getenv("TEST_REPORT");
	FILE *out;
	char text[4096];
	ssize_t n;

	if (pipe == NULL || *pipe == '\0')
		return 0;
	n = read(atoi(pipe), text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	out = report != NULL ? fdopen(atoi(report), "w") : stdout;
	if (out == NULL)
		return 9;
	(void)fprintf(out, "config %s\n", text);
	(void)fprintf(out, "pid %d sid %d uid %d gid %d dumpable %d\n", getpid(), getsid(0),
		      getuid(), getgid(), prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	(void)prctl(PR_GET_NAME, text, 0, 0, 0);
	(void)fprintf(out, "name %s\n", text);
	(void)fprintf(out, "library %s\n", check_library());
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		say_link(out, kinds[i]);
	for (int fd = 0; fd < 64; fd++) {
		char path[32];

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, text, sizeof(text) - 1);
		if (n < 0)
			continue;
		text[n] = '\0';
		(void)fprintf(out, "fd %d %s\n", fd, text);
	}
	static const char *const files[] = { "uid_map",       "gid_map",        "setgroups",
					     "oom_score_adj", "timens_offsets", "cgroup" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[48];
		FILE *in;

		(void)snprintf(path, sizeof(path), "/proc/self/%s", files[i]);
		in = fopen(path, "r");
		while (in != NULL && fgets(text, sizeof(text), in) != NULL)
			(void)fprintf(out, "%s %s", files[i], text);
		if (in != NULL)
			(void)fclose(in);
	}
	(void)fflush(out);
	return 7;
}
