/* SPDX-License-Identifier: Apache-2.0 */
/* What programs measured from inside have in common: answering the driver, ballast, a clock. */
#ifndef BENCH_SERVE_H
#define BENCH_SERVE_H

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/**
 * struct serve_job - What to do, and to what
 * @name:    kind of the job, from the command line
 * @pid:     the target
 * @pidfd:   of it
 * @cgroup:  descriptor of the cgroup to be born in, or -1; for jobs that do not find it themselves
 * @argv:    program to start
 * @run:     does the job once; returns nanoseconds or negative errno
 */
struct serve_job {
	const char *name;
	pid_t pid;
	int pidfd;
	int cgroup;
	char **argv;
	int64_t (*run)(const struct serve_job *job);
};

static inline int64_t serve_now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void *serve_idle(void *unused)
{
	for (;;)
		(void)pause();
	return unused;
}

/* Memory that has been written to, and threads that sleep. */
static inline int serve_put_on_weight(size_t heap_mib, int threads)
{
	static char *volatile heap;
	pthread_t thread;

	if (heap_mib > 0) {
		heap = malloc(heap_mib << 20);
		if (!heap)
			return -ENOMEM;
		memset(heap, 1, heap_mib << 20);
	}
	for (int i = 0; i < threads; i++) {
		if (pthread_create(&thread, NULL, serve_idle, NULL) != 0)
			return -EAGAIN;
	}
	return 0;
}

/* Do the job for each byte that comes, and answer how long it took. */
static inline int serve_loop(const struct serve_job *job)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) == 1) {
		int64_t ns = job->run(job);

		if (write(STDOUT_FILENO, &ns, sizeof(ns)) != (ssize_t)sizeof(ns))
			return 1;
	}
	return 0;
}

/**
 * serve_main() - Command line of such a program
 *
 * PROGRAM JOB HEAP_MIB THREADS once|serve PID CGROUP_FD|- COMMAND [ARG...]
 *
 * Return: the exit status.
 */
static inline int serve_main(int argc, char **argv,
			     int64_t (*find(const char *))(const struct serve_job *))
{
	struct serve_job job;
	int64_t ns;

	if (argc < 8) {
		fprintf(stderr,
			"usage: %s JOB HEAP_MIB THREADS once|serve PID CGROUP_FD|- COMMAND...\n",
			argv[0]);
		return 2;
	}
	job.name = argv[1];
	job.run = find(argv[1]);
	job.pid = (pid_t)strtol(argv[5], NULL, 10);
	job.pidfd = (int)syscall(SYS_pidfd_open, job.pid, 0);
	job.cgroup = strcmp(argv[6], "-") == 0 ? -1 : (int)strtol(argv[6], NULL, 10);
	job.argv = argv + 7;
	if (!job.run || job.pidfd < 0) {
		fprintf(stderr, "%s: %s: %s\n", argv[0], argv[1],
			job.run ? strerror(errno) : "no such job");
		return 2;
	}

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (serve_put_on_weight(strtoul(argv[2], NULL, 10), (int)strtol(argv[3], NULL, 10)) < 0)
		return 2;
	if (strcmp(argv[4], "serve") == 0)
		return serve_loop(&job);

	ns = job.run(&job);
	if (ns < 0)
		fprintf(stderr, "%s: %s: %s\n", argv[0], argv[1], strerror((int)-ns));
	return ns < 0;
}

#endif
