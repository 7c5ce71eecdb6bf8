/* SPDX-License-Identifier: Apache-2.0 */
/* clone_parent(): whose child the sibling is, where it goes on, and what its C library knows. */
#include "../tap.h"

#include <nsexec/clone_parent.h>
#include <pthread.h>
#include <sys/socket.h>

enum { DEADLINE_S = 20 };

/* As fork(): the pid here, 0 in the sibling, -1. */
static pid_t make_sibling(void)
{
	jmp_buf env;

	if (setjmp(env) == 0)
		return clone_parent(&env, 1);
	return 0;
}

/* What a caller and its sibling share. Each case is their parent. */
struct family {
	pid_t (*make)(void);           /* NULL: make_sibling() */
	int (*sibling)(int to_caller); /* its result is the exit status, 1 after a failed CHECK */
	int (*caller)(pid_t sibling, int from_sibling);
};

static int be_caller(const struct family *family)
{
	int pair[2];
	pid_t pid;
	int r;

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	pid = family->make == NULL ? make_sibling() : family->make();
	CHECK_OK(pid);
	if (pid == 0) {
		(void)close(pair[0]);
		r = family->sibling(pair[1]);
		_exit(r < 0 ? 1 : r);
	}
	(void)close(pair[1]);
	r = family->caller(pid, pair[0]);
	(void)close(pair[0]);
	return r;
}

/* Wait for a child and nothing else. Returns its exit status. */
static int reap(pid_t pid)
{
	int status = 0;

	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Make caller and sibling; reap both. Returns the sibling's exit status. */
static int run_family(const struct family *family)
{
	pid_t caller = fork();
	siginfo_t info = { 0 };

	CHECK_OK(caller);
	if (caller == 0) {
		(void)alarm(DEADLINE_S);
		_exit(be_caller(family) == 0 ? 0 : 1);
	}
	CHECK_INT(reap(caller), 0);
	/* the sibling: no other child of ours is left */
	CHECK_OK(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT));
	CHECK(info.si_pid != caller);
	return reap(info.si_pid);
}

static int tell_pid(int to_caller)
{
	pid_t pid = getpid();

	CHECK_INT(write(to_caller, &pid, sizeof(pid)), sizeof(pid));
	return 7;
}

static int hear_pid(pid_t sibling, int from_sibling)
{
	pid_t told = 0;

	CHECK_INT(read(from_sibling, &told, sizeof(told)), sizeof(told));
	CHECK_INT(told, sibling);
	CHECK(told != getpid());
	return 0;
}

static int both_sides_see_the_same_pid(void)
{
	CHECK_INT(run_family(&(struct family){ .sibling = tell_pid, .caller = hear_pid }), 7);
	return 0;
}

static int tell_parent(int to_caller)
{
	pid_t parent = getppid();

	CHECK_INT(write(to_caller, &parent, sizeof(parent)), sizeof(parent));
	return 0;
}

static int must_not_wait(pid_t sibling, int from_sibling)
{
	pid_t parent = 0;

	CHECK_INT(read(from_sibling, &parent, sizeof(parent)), sizeof(parent));
	CHECK_INT(parent, getppid());
	CHECK(waitpid(sibling, NULL, __WALL) < 0 && errno == ECHILD);
	CHECK(waitpid(-1, NULL, __WALL | WNOHANG) < 0 && errno == ECHILD);
	return 0;
}

static int the_callers_parent_is_its_parent_and_the_caller_has_no_child(void)
{
	CHECK_INT(run_family(&(struct family){ .sibling = tell_parent, .caller = must_not_wait }),
		  0);
	return 0;
}

static int gate[2]; /* closed by the case when the sibling may end */

static int wait_for_gate(int to_caller)
{
	char byte;

	(void)to_caller;
	(void)close(gate[1]);
	CHECK_INT(read(gate[0], &byte, 1), 0);
	return 3;
}

static int leave(pid_t sibling, int from_sibling)
{
	(void)sibling;
	(void)from_sibling;
	return 0;
}

static int the_parent_gets_sigchld_and_the_exit_status(void)
{
	const struct family family = { .sibling = wait_for_gate, .caller = leave };
	const struct timespec deadline = { .tv_sec = DEADLINE_S };
	const struct timespec now = { 0 };
	siginfo_t info = { 0 };
	sigset_t set;
	pid_t caller;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	CHECK_OK(pipe2(gate, O_CLOEXEC));
	caller = fork();
	CHECK_OK(caller);
	if (caller == 0)
		_exit(be_caller(&family) == 0 ? 0 : 1);
	(void)close(gate[0]);
	CHECK_INT(reap(caller), 0);
	while (sigtimedwait(&set, &info, &now) == SIGCHLD) /* that was the caller's */
		CHECK_INT(info.si_pid, caller);

	(void)close(gate[1]);
	CHECK_INT(sigtimedwait(&set, &info, &deadline), SIGCHLD);
	CHECK(info.si_pid > 0 && info.si_pid != caller);
	CHECK_INT(info.si_code, CLD_EXITED);
	CHECK_INT(info.si_status, 3);
	CHECK_INT(reap(info.si_pid), 3);
	return 0;
}

static int make_userns(int to_caller)
{
	(void)to_caller;
	return unshare(CLONE_NEWUSER) < 0 ? errno : 0;
}

static int the_sibling_can_make_a_user_namespace(void)
{
	int r = run_family(&(struct family){ .sibling = make_userns, .caller = leave });

	if (r == EPERM || r == ENOSPC || r == EUSERS || r == EACCES)
		SKIP("user namespaces are off: %s", strerror(r));
	CHECK_INT(r, 0);
	return 0;
}

static volatile int shared_or_not;

static int change_memory(int to_caller)
{
	shared_or_not = 2;
	CHECK_INT(write(to_caller, "x", 1), 1);
	return 0;
}

static int see_no_change(pid_t sibling, int from_sibling)
{
	char byte;

	(void)sibling;
	CHECK_INT(read(from_sibling, &byte, 1), 1);
	CHECK_INT(shared_or_not, 0);
	return 0;
}

static int memory_is_a_copy_and_descriptors_are_inherited(void)
{
	CHECK_INT(run_family(&(struct family){ .sibling = change_memory, .caller = see_no_change }),
		  0);
	return 0;
}

static int use_threads(int to_caller)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t mutex;
	void *robust = NULL;
	size_t bytes = 0;
	cpu_set_t cpus;

	(void)to_caller;
	CHECK_INT(syscall(SYS_gettid), getpid());
	CHECK_INT(syscall(SYS_get_robust_list, 0, &robust, &bytes), 0);
#ifdef __GLIBC__
	CHECK(robust != NULL && bytes > 0); /* musl registers it with the first robust mutex */
#endif
	CHECK_INT(pthread_mutexattr_init(&attr), 0);
	CHECK_INT(pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK), 0);
	CHECK_INT(pthread_mutex_init(&mutex, &attr), 0);
	CHECK_INT(pthread_mutex_lock(&mutex), 0);
	CHECK_INT(pthread_mutex_lock(&mutex), EDEADLK);
#ifdef __GLIBC__
	CHECK_INT((pid_t)mutex.__data.__owner, getpid()); /* what the C library takes us for */
#endif
	CHECK_INT(pthread_mutex_unlock(&mutex), 0);
	/* by number: with that of the caller, which has ended, it would be ESRCH */
	CHECK_INT(pthread_getaffinity_np(pthread_self(), sizeof(cpus), &cpus), 0);
	return 0;
}

/* The caller waits for the end of its sibling before it ends, or the other way round. */
static int outlive(pid_t sibling, int from_sibling)
{
	char byte;

	(void)sibling;
	CHECK_INT(read(from_sibling, &byte, 1), 0);
	return 0;
}

/* glibc's copy of the thread id is where the kernel clears it; musl's is found without it. */
static int tid_can_be_found(void)
{
#ifdef __GLIBC__
	int *address = NULL;

	return prctl(PR_GET_TID_ADDRESS, &address) == 0 && address != NULL &&
	       *address == (int)syscall(SYS_gettid);
#else
	return 1;
#endif
}

static int the_c_library_knows_the_new_thread_id(void)
{
	if (!tid_can_be_found())
		SKIP("the kernel does not tell where this C library keeps the thread id");
	CHECK_INT(run_family(&(struct family){ .sibling = use_threads, .caller = outlive }), 0);
	CHECK_INT(run_family(&(struct family){ .sibling = use_threads, .caller = leave }), 0);
	return 0;
}

static void *return_argument(void *argument)
{
	return argument;
}

static int make_thread_and_child(int to_caller)
{
	void *result = NULL;
	pthread_t thread;
	pid_t child;
	int mark;

	CHECK_INT(use_threads(to_caller), 0);
	CHECK_INT(pthread_create(&thread, NULL, return_argument, &mark), 0);
	CHECK_INT(pthread_join(thread, &result), 0);
	CHECK(result == &mark);
	child = fork();
	CHECK_OK(child);
	if (child == 0) {
		(void)execl("/bin/sh", "sh", "-c", "exit 5", (char *)NULL);
		_exit(1);
	}
	CHECK_INT(reap(child), 5);
	return 0;
}

static int the_sibling_can_make_threads_fork_and_exec(void)
{
	if (!tid_can_be_found())
		SKIP("the kernel does not tell where this C library keeps the thread id");
	CHECK_INT(
		run_family(&(struct family){ .sibling = make_thread_and_child, .caller = outlive }),
		0);
	return 0;
}

static pthread_mutex_t busy = PTHREAD_MUTEX_INITIALIZER;

static void *hold_on(void *unused)
{
	(void)pthread_mutex_lock(&busy);
	(void)pthread_mutex_unlock(&busy);
	return unused;
}

static pid_t make_with_another_thread_alive(void)
{
	pthread_t thread;
	pid_t pid;

	(void)pthread_mutex_lock(&busy);
	if (pthread_create(&thread, NULL, hold_on, NULL) != 0)
		return -1;
	pid = make_sibling();
	if (pid == 0)
		return 0;
	(void)pthread_mutex_unlock(&busy);
	(void)pthread_join(thread, NULL);
	return pid;
}

static int works_while_another_thread_is_alive(void)
{
	if (!tid_can_be_found())
		SKIP("the kernel does not tell where this C library keeps the thread id");
	CHECK_INT(run_family(&(struct family){ .make = make_with_another_thread_alive,
					       .sibling = use_threads,
					       .caller = outlive }),
		  0);
	return 0;
}

static void *be_sibling_from_thread(void *ret_pid)
{
	int r;

	*(pid_t *)ret_pid = make_sibling();
	if (*(pid_t *)ret_pid != 0)
		return NULL;
	r = use_threads(-1);
	_exit(r < 0 ? 1 : 9);
}

static pid_t make_from_another_thread(void)
{
	pthread_t thread;
	pid_t pid = -1;

	if (pthread_create(&thread, NULL, be_sibling_from_thread, &pid) != 0)
		return -1;
	(void)pthread_join(thread, NULL);
	return pid;
}

static int works_in_another_thread_than_the_first(void)
{
	if (!tid_can_be_found())
		SKIP("the kernel does not tell where this C library keeps the thread id");
	CHECK_INT(run_family(&(struct family){ .make = make_from_another_thread,
					       .sibling = tell_pid,
					       .caller = outlive }),
		  9);
	return 0;
}

/* Big frames between setjmp() and clone_parent(), which the jump leaves. */
static __attribute__((noinline)) pid_t clone_below(jmp_buf *env, int value, int depth)
{
	volatile char frame[4096];
	pid_t pid;

	frame[depth] = 1;
	pid = depth == 0 ? clone_parent(env, value) : clone_below(env, value, depth - 1);
	return frame[depth] == 1 ? pid : -1;
}

static int jumped_with;

static pid_t make_deep_below(int value)
{
	volatile int kept = 42;
	jmp_buf env;

	switch (setjmp(env)) {
	case 0:
		return clone_below(&env, value, 20);
	case 1:
		jumped_with = 1;
		break;
	case 77:
		jumped_with = 77;
		break;
	default:
		return -1;
	}
	return kept == 42 ? 0 : -1;
}

static pid_t make_deep_with_77(void)
{
	return make_deep_below(77);
}

static pid_t make_deep_with_0(void)
{
	return make_deep_below(0);
}

static int say_value(int to_caller)
{
	(void)to_caller;
	return jumped_with;
}

static int the_value_arrives_over_many_frames_and_0_becomes_1(void)
{
	CHECK_INT(run_family(&(struct family){
			  .make = make_deep_with_77, .sibling = say_value, .caller = leave }),
		  77);
	CHECK_INT(run_family(&(struct family){
			  .make = make_deep_with_0, .sibling = say_value, .caller = leave }),
		  1);
	return 0;
}

static pid_t make_three(void)
{
	pid_t first = make_sibling();

	if (first <= 0)
		return first;
	for (int i = 0; i < 2; i++) {
		pid_t next = make_sibling();

		if (next == 0)
			_exit(0);
		if (next < 0)
			return -1;
	}
	return first;
}

static int a_caller_may_make_several(void)
{
	pid_t caller = fork();
	int status;
	int count = 0;

	CHECK_OK(caller);
	if (caller == 0)
		_exit(be_caller(&(struct family){
			      .make = make_three, .sibling = tell_pid, .caller = hear_pid }) == 0 ?
			      0 :
			      1);
	while (waitpid(-1, &status, 0) > 0) {
		CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 7));
		count++;
	}
	CHECK_INT(count, 4);
	return 0;
}

static int refuses_no_place_to_jump_to(void)
{
	errno = 0;
	CHECK_INT(clone_parent(NULL, 1), -1);
	CHECK_INT(errno, EINVAL);
	return 0;
}

static int the_first_process_of_a_pid_namespace_has_no_sibling(void)
{
	int kinds = CLONE_NEWPID | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
	pid_t pid = fork();
	int r;

	CHECK_OK(pid);
	if (pid == 0) {
		if (unshare(kinds) < 0)
			_exit(77);

		pid_t init = fork();

		if (init == 0)
			_exit(make_sibling() == -1 && errno == EINVAL ? 0 : 1);
		_exit(init < 0 ? 77 : reap(init));
	}
	r = reap(pid);
	if (r == 77)
		SKIP("no permission to make a pid namespace");
	CHECK_INT(r, 0);
	return 0;
}

TAP_MAIN(CASE(both_sides_see_the_same_pid),
	 CASE(the_callers_parent_is_its_parent_and_the_caller_has_no_child),
	 CASE(the_parent_gets_sigchld_and_the_exit_status),
	 CASE(the_sibling_can_make_a_user_namespace),
	 CASE(memory_is_a_copy_and_descriptors_are_inherited),
	 CASE(the_c_library_knows_the_new_thread_id),
	 CASE(the_sibling_can_make_threads_fork_and_exec),
	 CASE(works_while_another_thread_is_alive), CASE(works_in_another_thread_than_the_first),
	 CASE(the_value_arrives_over_many_frames_and_0_becomes_1), CASE(a_caller_may_make_several),
	 CASE(refuses_no_place_to_jump_to),
	 CASE(the_first_process_of_a_pid_namespace_has_no_sibling))
