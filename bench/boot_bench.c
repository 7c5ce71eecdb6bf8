// SPDX-License-Identifier: Apache-2.0
/*
 * The runtime of the row "bootstrap". For each byte on standard input it starts boot_main, gives it a message of the
 * current era, and answers how long it took from there to the first byte of stage 2; the start of the program itself is
 * not measured. Jobs: create (pid, mnt, uts and ipc namespaces), join (the target's mnt, net, ipc, uts and pid).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "serve.h"

enum { HEADER_BYTES = 16, TYPE = 62000, FLAGS = 27281, PATHS = 27282, ROOTLESS = 27287 };

struct message {
	char bytes[1024];
	uint32_t used;
};

static void add(struct message *m, uint16_t number, const void *value, size_t size)
{
	uint16_t head[2] = { (uint16_t)(4 + size), number };

	memcpy(m->bytes + m->used, head, sizeof(head));
	memcpy(m->bytes + m->used + 4, value, size);
	m->used += (uint32_t)((4 + size + 3) & ~(size_t)3);
}

static void make_message(struct message *m, const struct serve_job *job)
{
	uint32_t flags = strcmp(job->name, "join") == 0 ?
				 0 :
				 CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;
	uint32_t no = 0;
	uint16_t type[2] = { TYPE, 1 };
	char paths[512];
	int n;

	memset(m, 0, sizeof(*m));
	m->used = HEADER_BYTES;
	add(m, FLAGS, &flags, sizeof(flags));
	if (flags == 0) {
		n = snprintf(paths, sizeof(paths),
			     "ipc:/proc/%d/ns/ipc,uts:/proc/%d/ns/uts,net:/proc/%d/ns/net,"
			     "pid:/proc/%d/ns/pid,mnt:/proc/%d/ns/mnt",
			     job->pid, job->pid, job->pid, job->pid, job->pid);
		add(m, PATHS, paths, (size_t)n + 1);
	}
	add(m, ROOTLESS, &no, sizeof(no));
	memcpy(m->bytes, &m->used, 4);
	memcpy(m->bytes + 4, type, sizeof(type));
}

static pid_t start(const struct serve_job *job, int init, int report)
{
	char init_text[48], report_text[32];
	char *argv[] = { job->argv[0], "init", NULL };
	char *envp[] = { init_text, report_text, NULL };
	pid_t pid;

	(void)snprintf(init_text, sizeof(init_text), "_LIBCONTAINER_INITPIPE=%d", init);
	(void)snprintf(report_text, sizeof(report_text), "BENCH_REPORT=%d", report);
	pid = vfork();
	if (pid == 0) {
		(void)execve(argv[0], argv, envp);
		_exit(127);
	}
	return pid;
}

/* Of its children: stages 0, 1 and 2. */
static int reap_all(void)
{
	int failed = 0;
	int status;

	while (waitpid(-1, &status, __WALL) > 0)
		failed |= status != 0;
	return failed;
}

static int64_t run_boot(const struct serve_job *job)
{
	struct message m;
	int pair[2], report[2];
	int64_t ns = 0;
	char byte = 0;

	make_message(&m, job);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || pipe(report) < 0)
		return -errno;
	(void)fcntl(pair[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(report[0], F_SETFD, FD_CLOEXEC);

	pid_t pid = start(job, pair[1], report[1]);

	(void)close(pair[1]);
	(void)close(report[1]);
	/* until it waits for the message: its start is not what is measured */
	usleep(3000);

	int64_t begun = serve_now_ns();

	if (pid > 0 && send(pair[0], m.bytes, m.used, 0) == (ssize_t)m.used &&
	    read(report[0], &byte, 1) == 1)
		ns = serve_now_ns() - begun;
	(void)close(report[0]);
	if (reap_all() != 0 || ns == 0)
		ns = -EIO;
	(void)close(pair[0]);
	return ns;
}

static int64_t (*find_job(const char *name))(const struct serve_job *)
{
	return strcmp(name, "create") == 0 || strcmp(name, "join") == 0 ? run_boot : NULL;
}

int main(int argc, char **argv)
{
	return serve_main(argc, argv, find_job);
}
