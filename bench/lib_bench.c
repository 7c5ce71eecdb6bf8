// SPDX-License-Identifier: Apache-2.0
/*
 * The library, measured from inside a C program.
 *
 *   enter  start a program in all namespaces of the target, with everything else of it but seccomp;
 *          wait for it
 *   call   run a function in all its namespaces but pid and user, get its result back
 *
 * Started "once", call prints the namespaces that the function saw.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <nsexec/nsexec.h>
#include <sys/stat.h>

#include "serve.h"

#define CALL_KINDS (NSEXEC_NS_ALL & ~(NSEXEC_NS_PID | NSEXEC_NS_USER))

static const char *const kinds[] = { "mnt", "net", "ipc", "uts", "cgroup", "time", "pid", "user" };

enum { KINDS_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

struct sight {
	uint64_t inode[KINDS_COUNT];
};

static int proc_fd = -1;
static int helper_fd = -1;
static bool call_looks_around;

static void complain(const struct nsexec_err *err)
{
	char text[NSEXEC_ERR_TEXT_MAX];

	(void)nsexec_err_format(err, text, sizeof(text));
	fprintf(stderr, "lib_bench: %s\n", text);
}

static int make_plan(struct nsexec_plan *plan, const struct serve_job *job, struct nsexec_err *err)
{
	int r = nsexec_plan_set_target_pid(plan, job->pid, 0, err);

	if (r >= 0)
		r = nsexec_plan_set_helper(plan, helper_fd, err);
	if (r >= 0)
		r = nsexec_plan_set_ns(plan, NSEXEC_NS_ALL, NSEXEC_NS_MODE_TARGET, err);
	if (r >= 0)
		r = nsexec_plan_set_context(plan, NSEXEC_CONTEXT_ALL & ~NSEXEC_CONTEXT_SECCOMP,
					    err);
	if (r >= 0)
		r = nsexec_plan_set_argv(plan, job->argv, err);
	return r;
}

/* Return: 0 if the program ended with 0. */
static int spawn_and_wait(struct nsexec_plan *plan, struct nsexec_err *err)
{
	struct nsexec_process *process = NULL;
	struct nsexec_status status = { 0 };
	int r = nsexec_spawn(plan, NULL, &process, err);

	if (r < 0)
		return r;

	r = nsexec_process_wait(process, -1, &status, err);
	process = nsexec_process_free(process);
	if (r < 0)
		return r;
	return status.exited && status.code == 0 ? 0 : -EIO;
}

/* All that a caller does for one program: the plan is part of it, the helper program is made once. */
static int64_t run_enter(const struct serve_job *job)
{
	struct nsexec_err err = { 0 };
	int64_t start = serve_now_ns();
	struct nsexec_plan *plan = nsexec_plan_new();
	int64_t ns;
	int r = plan ? make_plan(plan, job, &err) : -ENOMEM;

	if (r >= 0)
		r = spawn_and_wait(plan, &err);
	plan = nsexec_plan_free(plan);
	ns = serve_now_ns() - start;

	if (r < 0)
		complain(&err);
	return r < 0 ? r : ns;
}

/* fork-safe: only fstatat() below the caller's own /proc. */
static int64_t look_around(void *data, void *buf, size_t size)
{
	struct sight *sight = buf;

	(void)data;
	if (size < sizeof(*sight))
		return -EINVAL;
	for (size_t i = 0; i < KINDS_COUNT; i++) {
		char path[] = "self/ns/\0......";
		struct stat st;

		memcpy(path + 8, kinds[i], strlen(kinds[i]) + 1);
		if (fstatat(proc_fd, path, &st, 0) < 0)
			return -errno;
		sight->inode[i] = st.st_ino;
	}
	return sizeof(*sight);
}

static int64_t answer(void *data, void *buf, size_t size)
{
	if (size < sizeof(int))
		return -EINVAL;
	memcpy(buf, data, sizeof(int));
	return sizeof(int);
}

static int64_t run_call(const struct serve_job *job)
{
	struct nsexec_call_args args = { .size = sizeof(args),
					 .flags = NSEXEC_CALL_SIGNAL_SAFE,
					 .pidfd = job->pidfd,
					 .ns_mask = CALL_KINDS };
	struct nsexec_err err = { 0 };
	struct sight sight = { { 0 } };
	int question = 42, got = 0;
	uint32_t class = 0;
	int64_t start, r, ns;

	start = serve_now_ns();
	if (call_looks_around)
		r = nsexec_call(&args, look_around, NULL, &sight, sizeof(sight), &class, &err);
	else
		r = nsexec_call(&args, answer, &question, &got, sizeof(got), &class, &err);
	ns = serve_now_ns() - start;

	if (r < 0) {
		complain(&err);
		return r;
	}
	if (!call_looks_around)
		return r == sizeof(got) && got == question ? ns : -EIO;

	for (size_t i = 0; i < KINDS_COUNT; i++)
		printf("ns.%s %llu\n", kinds[i], (unsigned long long)sight.inode[i]);
	printf("class %s\n", class == NSEXEC_CALL_CLASS_SHARED ? "shared" : "fork");
	return ns;
}

static int64_t (*find_job(const char *name))(const struct serve_job *)
{
	if (strcmp(name, "enter") == 0)
		return run_enter;
	if (strcmp(name, "call") == 0)
		return run_call;
	return NULL;
}

int main(int argc, char **argv)
{
	proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	helper_fd = nsexec_helper_open(NULL);
	call_looks_around = argc > 4 && strcmp(argv[4], "once") == 0;
	return serve_main(argc, argv, find_job);
}
