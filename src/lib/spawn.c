/* SPDX-License-Identifier: Apache-2.0 */
/* spawn.c owns the parent: it starts the starter, collects what the roles say, and hands out the process. */
#include <nsexec/process.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "base/stack.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/args.h"
#include "lib/cgroup.h"
#include "lib/child.h"
#include "lib/image.h"
#include "lib/keeper.h"
#include "lib/place.h"
#include "lib/plan_internal.h"
#include "lib/process_internal.h"
#include "lib/protect.h"
#include "lib/spawn.h"
#include "lib/start.h"

/* They say more of NSEXEC_SPAWN_FORK_SELF. */
enum { SELF_FLAGS = NSEXEC_SPAWN_SHARE_SELF | NSEXEC_SPAWN_PROTECTED };

static int check_args(const struct nsexec_spawn_args *given, struct nsexec_spawn_args *args,
		      struct nsx_err *err)
{
	int r = nsx_args_take(args, sizeof(*args), given, err);

	if (r < 0)
		return r;
	if (args->cancel_fd < 0 || args->reserved != 0)
		return nsx_err_set(err, -EINVAL, "check-args", "cancel_fd, reserved",
				   NSX_HINT_NONE);
	if ((args->flags & ~(uint64_t)(NSEXEC_SPAWN_FORK_SELF | SELF_FLAGS)) != 0 ||
	    ((args->flags & SELF_FLAGS) != 0 && (args->flags & NSEXEC_SPAWN_FORK_SELF) == 0))
		return nsx_err_set(err, -EINVAL, "check-args", "flags", NSX_HINT_NONE);
	return 0;
}

static void tell_sockets(const struct nsx_spawn *spawn)
{
	char text[64];
	struct nsx_str out = NSX_STR(text, sizeof(text));

	nsx_str_add(&out, "Container sockets: (");
	nsx_str_add_i64(&out, spawn->status_fd);
	nsx_str_add(&out, ", ");
	nsx_str_add_i64(&out, spawn->child_fd);
	nsx_str_add(&out, ")");
	nsx_tell(spawn, NSEXEC_EVENT_DEBUG, 0, "parent", text);
}

/* The helper image says why it fails, unless it can not even begin. */
static void reap_engine(struct nsx_spawn *spawn, struct nsx_err *err)
{
	int status = 0;

	if (spawn->engine_pid <= 0)
		return;
	while (waitpid(spawn->engine_pid, &status, __WALL) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status)) {
		if (err->code == -ECANCELED) /* what the others say is only that they gave up */
			*err = (struct nsx_err){ .step = "start" };
		(void)nsx_err_set(err, -ECANCELED, "wait", "helper image, which was killed",
				  NSX_HINT_NONE);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		(void)nsx_err_set(err, -ECANCELED, "start", "helper image, which could not begin",
				  NSX_HINT_NONE);
}

static void reap(pid_t pid)
{
	if (pid > 0)
		while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
			;
}

/* Bounded: one that a process of the container traces is reaped when that lets it go, or ends. */
static void kill_and_reap(pid_t pid)
{
	struct timespec pause = { .tv_nsec = 100000 };
	siginfo_t info;

	/* the page has pids that the kernel wrote; still, only ever a child of ours is touched */
	if (pid <= 0 || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
		return;
	(void)kill(pid, SIGKILL);
	for (int tries = 0; tries < 100 && waitpid(pid, NULL, __WALL | WNOHANG) == 0; tries++) {
		(void)nanosleep(&pause, NULL);
		if (pause.tv_nsec < 20000000)
			pause.tv_nsec *= 2;
	}
}

/* The starter as a process of its own, from the helper image: plan and page go with it in one memfd. */
NSX_OWN_FRAME static int start_image(struct nsx_spawn *spawn, struct nsx_err *err)
{
	char memory[16];
	char status[16];
	struct nsx_str memory_text = NSX_STR(memory, sizeof(memory));
	struct nsx_str status_text = NSX_STR(status, sizeof(status));
	char image[16];
	struct nsx_str image_text = NSX_STR(image, sizeof(image));
	char *const argv[] = { (char *)"nsexec-engine", memory, status, image, NULL };
	int keep[NSX_NS_COUNT + 256 + 8];
	size_t count = 0;
	size_t pairs;
	const struct nsx_fd_pair *pair =
		nsx_spec_list(spawn->spec, NSX_LIST_FDS, sizeof(*pair), &pairs);
	struct nsx_image_call call = { .argv = argv, .keep = keep };

	call.image_fd = nsx_image_open(&spawn->plan->image_fd, err);
	if (call.image_fd < 0)
		return call.image_fd;

	for (size_t i = 0; i < pairs; i++)
		keep[count++] = pair[i].from;
	for (size_t i = 0; i < NSX_NS_COUNT; i++)
		if (spawn->spec->ns[i].mode == NSX_NS_MODE_FD)
			keep[count++] = spawn->spec->ns[i].fd;
	if (spawn->spec->target_pidfd >= 0)
		keep[count++] = spawn->spec->target_pidfd;
	if (spawn->spec->root == NSX_ROOT_FD)
		keep[count++] = spawn->spec->root_fd;
	if (spawn->spec->cgroup_fd >= 0)
		keep[count++] = spawn->spec->cgroup_fd;
	keep[count++] = spawn->memory_fd;
	keep[count++] = spawn->child_fd;
	keep[count++] = call.image_fd;
	call.count = count;
	nsx_str_add_i64(&memory_text, spawn->memory_fd);
	nsx_str_add_i64(&status_text, spawn->child_fd);
	nsx_str_add_i64(&image_text, call.image_fd);

	pid_t pid = nsx_image_spawn(&call, err);

	if (pid < 0)
		return pid;
	spawn->engine_pid = pid;
	return 0;
}

/* The starter as a part of this process, whose forks are safe: a small program that has protected itself. */
static int start_here(struct nsx_spawn *spawn, struct nsx_err *err)
{
	struct nsx_run *run = &spawn->place->run;
	int r;

	run->status_fd = spawn->child_fd;
	run->parent_fd = spawn->status_fd;
	run->cancel_fd = spawn->args.cancel_fd - 1;
	if ((spawn->args.flags & NSEXEC_SPAWN_SHARE_SELF) == 0)
		run->stack = NULL;
	if ((spawn->spec->flags & NSEXEC_PLAN_INIT) != 0) {
		r = nsx_image_open(&spawn->plan->image_fd, err);
		if (r < 0)
			return r;
		run->image_fd = r;
	}
	r = nsx_start(run, err);
	if (run->status_fd < 0) /* see clone_sharing() */
		spawn->child_fd = -EBADF;
	if (run->page != spawn->page) { /* see share_page() */
		spawn->shared = run->page;
		spawn->shared_bytes = sizeof(*run->page);
		spawn->page = run->page;
	}
	nsx_run_done(run);
	return r;
}

/*
 * A descriptor of ours below 3 means that the caller has one of 0, 1 and 2 closed: the program would take ours for it.
 * Ours go elsewhere; where the starter is this process, /dev/null fills the holes, or its next descriptor would. (The
 * helper image does that for itself.)
 */
static int fill_stdio(struct nsx_spawn *spawn, bool here, struct nsx_err *err)
{
	int *const ours[] = { &spawn->status_fd, &spawn->child_fd };

	for (size_t i = 0; i < NSX_ARRAY_SIZE(ours); i++) {
		int moved;

		if (*ours[i] > 2)
			continue;
		moved = fcntl(*ours[i], F_DUPFD_CLOEXEC, 3);
		if (moved < 0)
			return nsx_err_sys(err, "fcntl", "socket");
		(void)close(*ours[i]);
		*ours[i] = moved;
		spawn->stdio_open = false;
	}
	while (here && !spawn->stdio_open) {
		int fd = openat(AT_FDCWD, "/dev/null", O_RDWR);

		if (fd < 0)
			return nsx_err_sys(err, "open", "/dev/null");
		if (fd > 2) {
			(void)close(fd);
			spawn->stdio_open = true;
		}
	}
	return 0;
}

static int map_place(struct nsx_spawn *spawn, struct nsx_err *err)
{
	spawn->place = nsx_place_map(spawn->spec);
	if (spawn->place == NULL)
		return nsx_err_sys(err, "mmap", "run");
	spawn->page = &spawn->place->page;
	return 0;
}

/* The page, and behind it the plan, for the helper image. */
static int map_plan(struct nsx_spawn *spawn, struct nsx_err *err)
{
	size_t bytes = sizeof(*spawn->page) + spawn->spec->total;
	void *memory;

	spawn->memory_fd = (int)syscall(SYS_memfd_create, "nsexec-plan", MFD_CLOEXEC);
	if (spawn->memory_fd < 0 || ftruncate(spawn->memory_fd, (off_t)bytes) < 0)
		return nsx_err_sys(err, "memfd_create", "plan");
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, spawn->memory_fd, 0);
	if (memory == MAP_FAILED)
		return nsx_err_sys(err, "mmap", "plan");
	spawn->shared = memory;
	spawn->shared_bytes = bytes;
	spawn->page = memory;
	memcpy(spawn->page + 1, spawn->spec, spawn->spec->total);
	return 0;
}

static int open_spawn(struct nsx_spawn *spawn, bool here, struct nsx_err *err)
{
	int pair[2];
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return nsx_err_sys(err, "socketpair", NULL);
	spawn->status_fd = pair[1];
	spawn->child_fd = pair[0]; /* the lower one: what the child has to close is together then */
	tell_sockets(spawn);
	r = fill_stdio(spawn, here, err);
	if (r < 0)
		return r;

	return here ? map_place(spawn, err) : map_plan(spawn, err);
}

/* Who is the process of the program? The helpers have ended, or will; nothing of them stays. */
static pid_t collect(struct nsx_spawn *spawn, bool failed)
{
	const struct nsx_page *page = spawn->page;
	pid_t last = nsx_last_pid(page);

	if (page->inner_pid > 0 && page->inner_pid != last)
		failed ? kill_and_reap(page->inner_pid) : reap(page->inner_pid);
	if (page->helper_pid > 0 && page->helper_pid != last)
		failed ? kill_and_reap(page->helper_pid) : reap(page->helper_pid);
	if (failed) {
		kill_and_reap(last);
		return 0;
	}
	return last;
}

/* It ended without a word: killed, by whomever. */
static void silent_death(struct nsx_spawn *spawn, struct nsx_err *err)
{
	char text[16];

	if (err->code != 0 || spawn->ready)
		return;
	memcpy(text, spawn->page->step, sizeof(text));
	(void)nsx_err_set(err, -ECANCELED, "wait", "helper process, which was killed",
			  NSX_HINT_NONE);
	text[sizeof(text) - 1] = '\0';
	(void)nsx_str_copy(err->step, sizeof(err->step), text);
}

static int hand_out(struct nsx_spawn *spawn, pid_t pid, struct nsexec_process **ret,
		    struct nsx_err *err)
{
	auto_free struct nsexec_process *alone = spawn->place == NULL ? calloc(1, sizeof(*alone)) :
									NULL;
	struct nsexec_process *process = spawn->place != NULL ? &spawn->place->process : alone;
	int r;

	if (process == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", "process", NSX_HINT_NONE);
	process->pid = pid;
	process->tty_fd = -EBADF;
	process->keeper_fd = -EBADF;
	process->status_fd = -EBADF;
	process->pidfd = spawn->pidfd >= 0 ? nsx_take_fd(&spawn->pidfd) : nsx_sys_pidfd_open(pid);
	if (process->pidfd < 0)
		return nsx_err_sys(err, "pidfd_open", "process");
	r = nsx_keeper_list(spawn->spec, spawn->page->cgroup, &process->cleanup, err);
	if (r >= 0 && process->cleanup != NULL) {
		r = nsx_keeper_start(process->cleanup, process->pidfd, &spawn->plan->image_fd, err);
		process->keeper_fd = r;
	}
	if (r < 0) {
		(void)close(process->pidfd);
		free(process->cleanup);
		return r;
	}
	process->tty_fd = nsx_take_fd(&spawn->tty_fd);
	process->status_fd = nsx_take_fd(&spawn->status_fd);
	process->shared = spawn->shared;
	process->shared_bytes = spawn->shared_bytes;
	process->place = spawn->place;
	spawn->shared = NULL;
	spawn->place = NULL;
	spawn->page = NULL;
	alone = NULL;
	*ret = process;
	return 0;
}

static void close_spawn(struct nsx_spawn *spawn)
{
	nsx_place_unmap(spawn->place);
	if (spawn->shared != NULL)
		(void)munmap(spawn->shared, spawn->shared_bytes);
	nsx_close_fd(&spawn->memory_fd);
	nsx_close_fd(&spawn->status_fd);
	nsx_close_fd(&spawn->child_fd);
	nsx_close_fd(&spawn->tty_fd);
	nsx_close_fd(&spawn->pidfd);
	free(spawn->spec);
}

static int run_spawn(struct nsx_spawn *spawn, struct nsexec_process **ret_process,
		     struct nsx_err *err)
{
	bool here =
		(spawn->args.flags & NSEXEC_SPAWN_FORK_SELF) != 0 &&
		((spawn->args.flags & NSEXEC_SPAWN_PROTECTED) != 0 || nsx_protect_check(NULL) == 0);
	pid_t pid;
	int r;

	r = open_spawn(spawn, here, err);
	if (r < 0)
		return r;

	(void)(here ? start_here(spawn, err) :
		      start_image(spawn, err)); /* recorded; the children end by themselves */
	nsx_close_fd(&spawn->child_fd);
	nsx_listen(spawn, err);
	if (spawn->gave_up && spawn->engine_pid > 0) /* what it waits for may never come */
		(void)kill(spawn->engine_pid, SIGKILL);
	reap_engine(spawn, err);
	silent_death(spawn, err);
	pid = collect(spawn, err->code != 0);
	if (err->code == 0) {
		nsx_tell(spawn, NSEXEC_EVENT_CHILD, pid, "parent", "");
		r = hand_out(spawn, pid, ret_process, err);
		if (r < 0)
			kill_and_reap(pid);
	}
	if (err->code != 0 && spawn->page != NULL && spawn->page->cgroup[0] != '\0')
		(void)nsx_keeper_remove(spawn->page->cgroup);
	return err->code;
}

int nsexec_spawn(struct nsexec_plan *plan, const struct nsexec_spawn_args *args,
		 struct nsexec_process **ret_process, struct nsexec_err *err)
{
	struct nsx_err detail = { 0 };
	struct nsx_spawn spawn = {
		.plan = plan,
		.memory_fd = -EBADF,
		.status_fd = -EBADF,
		.child_fd = -EBADF,
		.tty_fd = -EBADF,
		.pidfd = -EBADF,
		.stdio_open = true,
	};
	int r = check_args(args, &spawn.args, &detail);

	if (r >= 0)
		r = nsx_plan_pack(plan, &spawn.spec, &detail);
	if (r >= 0)
		r = run_spawn(&spawn, ret_process, &detail);
	close_spawn(&spawn);
	if (r < 0 && detail.step[0] == '\0')
		(void)nsx_str_copy(detail.step, sizeof(detail.step),
				   spawn.ready ? "keeper" : "start");
	if (r < 0 && err != NULL)
		*err = detail;
	return r;
}

void nsexec_sweep(void)
{
	nsx_cgroup_sweep();
}

static void explain_table(const struct nsx_run *run, const char *role, const struct nsx_step *steps,
			  void (*explain)(void *data, const char *role, const char *step,
					  const char *reason),
			  void *data)
{
	for (const struct nsx_step *step = steps; step->name != NULL; step++)
		if (step->when == NULL || step->when(run))
			explain(data, role, step->name, step->why);
}

int nsexec_explain(struct nsexec_plan *plan,
		   void (*explain)(void *data, const char *role, const char *step,
				   const char *reason),
		   void *data, struct nsexec_err *err)
{
	struct nsx_err detail = { 0 };
	auto_free struct nsx_spec *spec = NULL;
	struct nsx_room room;
	struct nsx_run run;
	int r = nsx_plan_pack(plan, &spec, &detail);

	if (r >= 0) {
		const char *first;

		nsx_run_init(&run, spec, &room);
		run.only_explain = true;
		r = nsx_steps_run(nsx_resolve_steps, &run, &detail);
		if (r >= 0) {
			first = run.final || run.inner ? "helper" : "init";
			explain_table(&run, "starter", nsx_resolve_steps, explain, data);
			explain_table(&run, "starter", nsx_start_steps, explain, data);
			explain_table(&run, first, nsx_join_steps, explain, data);
			explain_table(&run, run.inner ? "init" : first, nsx_build_steps, explain,
				      data);
			explain_table(&run, run.inner ? "init" : first, nsx_confine_steps, explain,
				      data);
			explain_table(&run,
				      run.final ? "final" :
				      run.inner ? "init" :
						  first,
				      nsx_final_steps, explain, data);
		}
		nsx_run_done(&run);
	}
	if (r < 0 && err != NULL)
		*err = detail;
	return r;
}
