/* SPDX-License-Identifier: Apache-2.0 */
/* nsexec_call(): classes, results, deadline, sizes of the arguments. */
#include "../tap.h"

#include <nsexec/nsexec.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>

static struct nsexec_err err;
static uint32_t class;
static char buf[256];
static int touched;

#define ARGS(...) \
	(&(struct nsexec_call_args){ .size = sizeof(struct nsexec_call_args), __VA_ARGS__ })

static int64_t call(const struct nsexec_call_args *args, nsexec_call_fn *function, void *data)
{
	err = (struct nsexec_err){ 0 };
	class = 0;
	return nsexec_call(args, function, data, buf, sizeof(buf), &class, &err);
}

static int64_t say_hello(void *data, void *out, size_t size)
{
	(void)size;
	touched++;
	memcpy(out, data, 5);
	return 5;
}

static int64_t say_too_much(void *data, void *out, size_t size)
{
	(void)data;
	(void)out;
	return (int64_t)size + 1;
}

static int64_t fail(void *data, void *out, size_t size)
{
	(void)out;
	(void)size;
	return -*(int *)data;
}

static int64_t hang(void *data, void *out, size_t size)
{
	(void)data;
	(void)out;
	(void)size;
	while (pause() < 0)
		;
	return 0;
}

static int64_t crash(void *data, void *out, size_t size)
{
	(void)data;
	(void)out;
	(void)size;
	(void)raise(SIGKILL);
	return 0;
}

static int64_t get_net(void *data, void *out, size_t size)
{
	(void)data;
	return syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/ns/net", out, size) < 0 ? -errno : 32;
}

static int64_t get_host(void *data, void *out, size_t size)
{
	struct utsname *uts = out;

	(void)data;
	if (size < sizeof(uts->nodename))
		return -EINVAL;
	struct utsname all;

	if (syscall(SYS_uname, &all) < 0)
		return -errno;
	memcpy(out, all.nodename, sizeof(all.nodename));
	return sizeof(all.nodename);
}

static int64_t get_pid(void *data, void *out, size_t size)
{
	pid_t pid = getpid();

	(void)data;
	(void)size;
	memcpy(out, &pid, sizeof(pid));
	return sizeof(pid);
}

static int64_t get_entry(void *data, void *out, size_t size)
{
	struct stat st;

	(void)size;
	memcpy(out, "x", 1);
	return stat(data, &st) < 0 ? -errno : 1;
}

static int64_t count_bytes(void *data, void *out, size_t size)
{
	(void)data;
	if (size > 0)
		memset(out, 'y', size);
	return (int64_t)size;
}

/* A process in a new user namespace, and other kinds; its pidfd. Its end is that of the pipe. */
static int target_pipe = -1;
static pid_t target;

static int make_target(int kinds, int *ret_pidfd)
{
	int ends[2];
	int ready[2];
	char byte;

	CHECK_OK(pipe2(ends, O_CLOEXEC));
	CHECK_OK(pipe2(ready, O_CLOEXEC));
	target = fork();
	CHECK_OK(target);
	if (target == 0) {
		(void)close(ends[1]);
		if (unshare(kinds | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) < 0)
			_exit(1);
		(void)sethostname("target", 6); /* only where uts is new */
		if ((kinds & CLONE_NEWPID) != 0) {
			pid_t inner = fork();

			if (inner != 0) {
				(void)write(ready[1], &inner, sizeof(inner));
				(void)waitpid(inner, NULL, 0);
				_exit(0);
			}
		} else {
			pid_t self = getpid();

			(void)write(ready[1], &self, sizeof(self));
		}
		(void)read(ends[0], &byte, 1);
		_exit(0);
	}
	(void)close(ends[0]);
	(void)close(ready[1]);
	target_pipe = ends[1];

	pid_t pid;
	ssize_t n = read(ready[0], &pid, sizeof(pid));

	(void)close(ready[0]);
	if (n != sizeof(pid)) {
		(void)close(target_pipe);
		(void)waitpid(target, NULL, 0);
		SKIP("no permission to make namespaces");
	}
	*ret_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	CHECK_OK(*ret_pidfd);
	CHECK_OK(fcntl(*ret_pidfd, F_SETFD, FD_CLOEXEC));
	return 0;
}

static int end_target(int pidfd)
{
	(void)close(target_pipe);
	(void)close(pidfd);
	CHECK_OK(waitpid(target, NULL, 0));
	return 0;
}

static int runs_in_a_forked_child_by_default(void)
{
	char hello[] = "hello";

	CHECK_INT(call(ARGS(0), say_hello, hello), 5);
	CHECK_INT(class, NSEXEC_CALL_CLASS_FORK);
	CHECK(memcmp(buf, "hello", 5) == 0);
	CHECK_INT(touched, 0);
	CHECK_INT(call(NULL, say_hello, hello), 5);
	CHECK_INT(class, NSEXEC_CALL_CLASS_FORK);
	return 0;
}

static int shares_memory_when_it_is_promised_to_be_safe(void)
{
	char hello[] = "hello";

	CHECK_INT(call(ARGS(.flags = NSEXEC_CALL_SIGNAL_SAFE), say_hello, hello), 5);
	CHECK_INT(class, NSEXEC_CALL_CLASS_SHARED);
	CHECK_INT(touched, 1);
	return 0;
}

static int forks_when_it_is_asked_to_or_has_a_deadline(void)
{
	char hello[] = "hello";

	CHECK_INT(call(ARGS(.flags = NSEXEC_CALL_SIGNAL_SAFE | NSEXEC_CALL_FORK), say_hello, hello),
		  5);
	CHECK_INT(class, NSEXEC_CALL_CLASS_FORK);
	CHECK_INT(call(ARGS(.flags = NSEXEC_CALL_SIGNAL_SAFE, .timeout_ms = 5000), say_hello,
		       hello),
		  5);
	CHECK_INT(class, NSEXEC_CALL_CLASS_FORK);
	CHECK_INT(touched, 0);
	return 0;
}

static int joins_namespaces_in_both_classes(void)
{
	char own[64] = "", theirs[64] = "", path[40];
	int pidfd;
	int r = make_target(CLONE_NEWNET | CLONE_NEWUTS, &pidfd);

	if (r != 0)
		return r;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", target);
	CHECK_OK(readlink(path, theirs, sizeof(theirs) - 1));
	CHECK_OK(readlink("/proc/self/ns/net", own, sizeof(own) - 1));
	CHECK(strcmp(own, theirs) != 0);

	uint32_t user = geteuid() == 0 ? 0 : NSEXEC_NS_USER;

	for (uint64_t flags = 0; flags <= NSEXEC_CALL_SIGNAL_SAFE; flags++) {
		memset(buf, 0, sizeof(buf));
		CHECK_OK(call(ARGS(.flags = flags, .pidfd = pidfd, .ns_mask = NSEXEC_NS_NET | user),
			      get_net, NULL));
		CHECK_STR(buf, theirs);
		CHECK_INT(class, flags != 0 && user == 0 ? NSEXEC_CALL_CLASS_SHARED :
							   NSEXEC_CALL_CLASS_FORK);
		memset(buf, 0, sizeof(buf));
		CHECK_OK(call(ARGS(.flags = flags, .pidfd = pidfd, .ns_mask = NSEXEC_NS_UTS | user),
			      get_host, NULL));
		CHECK_STR(buf, "target");
		memset(buf, 0, sizeof(buf));
		CHECK_OK(call(ARGS(.flags = flags, .pidfd = pidfd, .ns_mask = NSEXEC_NS_UTS | user),
			      get_net, NULL));
		CHECK_STR(buf, own);
	}
	/* nothing of it has happened to us */
	memset(path, 0, sizeof(path));
	CHECK_OK(readlink("/proc/self/ns/net", path, sizeof(path) - 1));
	CHECK_STR(path, own);
	return end_target(pidfd);
}

static int forks_for_pid_and_user_namespaces(void)
{
	int pidfd;
	int r = make_target(CLONE_NEWUSER | CLONE_NEWPID, &pidfd);
	pid_t pid = 0;

	if (r != 0)
		return r;
	CHECK_OK(call(ARGS(.flags = NSEXEC_CALL_SIGNAL_SAFE, .pidfd = pidfd,
			   .ns_mask = NSEXEC_NS_PID | NSEXEC_NS_USER),
		      get_pid, NULL));
	CHECK_INT(class, NSEXEC_CALL_CLASS_FORK);
	memcpy(&pid, buf, sizeof(pid));
	CHECK(pid > 1 && pid < 50);
	return end_target(pidfd);
}

/* There are two children then: the second one, in the pid namespace, may not be left over, to a subreaper least of all. */
static int the_deadline_holds_in_a_pid_namespace_and_leaves_nothing(void)
{
	int pidfd;
	int r = make_target(CLONE_NEWUSER | CLONE_NEWPID, &pidfd);
	int strays = 0;
	pid_t pid;

	if (r != 0)
		return r;
	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	CHECK_INT(call(ARGS(.pidfd = pidfd, .ns_mask = NSEXEC_NS_PID | NSEXEC_NS_USER,
			    .timeout_ms = 200),
		       hang, NULL),
		  -ETIMEDOUT);
	(void)usleep(200000); /* a stray needs a moment to become one */
	while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0 && pid != target)
		strays++;
	CHECK_OK(end_target(pidfd));
	CHECK_INT(strays, 0);
	return 0;
}

static int leaves_out_namespaces_that_are_the_callers_own(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	char hello[] = "hello";

	CHECK_OK(pidfd);
	CHECK_INT(call(ARGS(.flags = NSEXEC_CALL_SIGNAL_SAFE, .pidfd = pidfd,
			    .ns_mask = NSEXEC_NS_ALL),
		       say_hello, hello),
		  5);
	CHECK_INT(class, NSEXEC_CALL_CLASS_SHARED);
	CHECK_OK(close(pidfd));
	return 0;
}

static int kills_what_is_past_the_deadline(void)
{
	struct timespec begin, now;

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	CHECK_INT(call(ARGS(.timeout_ms = 100), hang, NULL), -ETIMEDOUT);
	CHECK_INT(err.code, -ETIMEDOUT);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	CHECK(now.tv_sec - begin.tv_sec < 5);
	return 0;
}

static void do_nothing(int sig)
{
	(void)sig;
}

static int signals_do_not_move_the_deadline(void)
{
	const struct sigaction action = { .sa_handler = do_nothing };
	const struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct timespec begin, now;
	int64_t r;

	CHECK_OK(sigaction(SIGALRM, &action, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &often, NULL));
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	r = call(ARGS(.timeout_ms = 300), hang, NULL);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	CHECK_OK(setitimer(ITIMER_REAL, &never, NULL));
	CHECK_INT(r, -ETIMEDOUT);
	CHECK(now.tv_sec - begin.tv_sec < 5);
	return 0;
}

static int tells_of_a_child_that_was_killed(void)
{
	CHECK_INT(call(ARGS(0), crash, NULL), -ECANCELED);
	CHECK_INT(err.code, -ECANCELED);
	return 0;
}

static int passes_the_functions_error_on(void)
{
	int codes[] = { ENOENT, EPERM, ETIMEDOUT, 1 };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		for (uint64_t flags = 0; flags <= NSEXEC_CALL_SIGNAL_SAFE; flags++)
			CHECK_INT(call(ARGS(.flags = flags), fail, &codes[i]), -codes[i]);
	return 0;
}

static int refuses_a_result_that_does_not_fit(void)
{
	for (uint64_t flags = 0; flags <= NSEXEC_CALL_SIGNAL_SAFE; flags++) {
		CHECK_INT(call(ARGS(.flags = flags), say_too_much, NULL), -E2BIG);
		CHECK_INT(nsexec_call(ARGS(.flags = flags), count_bytes, NULL, NULL, 0, NULL, NULL),
			  0);
		CHECK_INT(nsexec_call(ARGS(.flags = flags), count_bytes, NULL, buf, 10, NULL, NULL),
			  10);
	}
	return 0;
}

static int runs_below_a_root_and_in_a_directory(void)
{
	int dir = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	CHECK_OK(dir);
	CHECK_INT(call(ARGS(.cwd_fd = dir + 1), get_entry, (void *)"self/status"), 1);
	CHECK_INT(call(ARGS(0), get_entry, (void *)"/self/status"), -ENOENT);
	if (geteuid() == 0) {
		CHECK_INT(call(ARGS(.root_fd = dir + 1), get_entry, (void *)"/self/status"), 1);
		CHECK_INT(call(ARGS(.root_fd = dir + 1), get_entry, (void *)"/proc/self/status"),
			  -ENOENT);
		CHECK_INT(call(ARGS(.flags = NSEXEC_CALL_SIGNAL_SAFE, .root_fd = dir + 1),
			       get_entry, (void *)"/self/status"),
			  1);
	}
	CHECK_INT(call(ARGS(0), get_entry, (void *)"/proc/self/status"),
		  1); /* ours has not changed */
	CHECK_OK(close(dir));
	return 0;
}

static int refuses_wrong_arguments(void)
{
	char hello[] = "hello";

	CHECK_INT(call(ARGS(.flags = 8), say_hello, hello), -EINVAL);
	CHECK_INT(call(ARGS(.flags = 1ULL << 63), say_hello, hello), -EINVAL);
	CHECK_INT(call(ARGS(.ns_mask = 0x100), say_hello, hello), -EINVAL);
	CHECK_INT(call(ARGS(.root_fd = -1), say_hello, hello), -EINVAL);
	CHECK_INT(call(ARGS(.cwd_fd = -1), say_hello, hello), -EINVAL);
	CHECK_INT(call(ARGS(.reserved = 1), say_hello, hello), -EINVAL);
	CHECK(call(ARGS(.pidfd = 1000, .ns_mask = NSEXEC_NS_NET), say_hello, hello) < 0);
	CHECK(call(ARGS(.pidfd = -1, .ns_mask = NSEXEC_NS_NET), say_hello, hello) < 0);
	CHECK(call(ARGS(.root_fd = 1001), say_hello, hello) < 0);
	CHECK_INT(touched, 0);
	return 0;
}

/* A shorter struct is padded with zeroes; a longer one is taken if the rest is zero. */
static int takes_arguments_of_other_versions(void)
{
	struct {
		struct nsexec_call_args args;
		uint64_t more;
	} longer = { .args = { .size = sizeof(longer), .flags = NSEXEC_CALL_SIGNAL_SAFE } };
	struct nsexec_call_args shorter = {
		.size = 16, .flags = NSEXEC_CALL_SIGNAL_SAFE, .pidfd = 1000, .ns_mask = 0xffffffff
	};
	char hello[] = "hello";

	CHECK_INT(call(&shorter, say_hello, hello),
		  5); /* what is behind 16 bytes is not looked at */
	CHECK_INT(class, NSEXEC_CALL_CLASS_SHARED);
	CHECK_INT(call(&longer.args, say_hello, hello), 5);
	CHECK_INT(class, NSEXEC_CALL_CLASS_SHARED);
	longer.more = 1;
	CHECK_INT(call(&longer.args, say_hello, hello), -E2BIG);
	longer.more = 1ULL << 63;
	CHECK_INT(call(&longer.args, say_hello, hello), -E2BIG);
	shorter.size = 8;
	CHECK_INT(call(&shorter, say_hello, hello), -EINVAL);
	shorter.size = 0;
	CHECK_INT(call(&shorter, say_hello, hello), -EINVAL);
	return 0;
}

static int leaves_no_child_and_no_descriptor(void)
{
	char hello[] = "hello";

	for (int i = 0; i < 50; i++) {
		CHECK_INT(call(ARGS(0), say_hello, hello), 5);
		CHECK_INT(call(ARGS(.flags = NSEXEC_CALL_SIGNAL_SAFE), say_hello, hello), 5);
		CHECK_INT(call(ARGS(.timeout_ms = 1000), say_hello, hello), 5);
	}
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD);
	return 0;
}

static int leaves_the_signal_mask_alone(void)
{
	sigset_t before, after;
	char hello[] = "hello";

	CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &before));
	CHECK_INT(call(ARGS(.flags = NSEXEC_CALL_SIGNAL_SAFE), say_hello, hello), 5);
	CHECK_INT(call(ARGS(0), say_hello, hello), 5);
	CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &after));
	CHECK(memcmp(&before, &after, 8) == 0);
	return 0;
}

TAP_MAIN(CASE(runs_in_a_forked_child_by_default),
	 CASE(shares_memory_when_it_is_promised_to_be_safe),
	 CASE(forks_when_it_is_asked_to_or_has_a_deadline), CASE(joins_namespaces_in_both_classes),
	 CASE(forks_for_pid_and_user_namespaces),
	 CASE(the_deadline_holds_in_a_pid_namespace_and_leaves_nothing),
	 CASE(leaves_out_namespaces_that_are_the_callers_own),
	 CASE(kills_what_is_past_the_deadline), CASE(signals_do_not_move_the_deadline),
	 CASE(tells_of_a_child_that_was_killed), CASE(passes_the_functions_error_on),
	 CASE(refuses_a_result_that_does_not_fit), CASE(runs_below_a_root_and_in_a_directory),
	 CASE(refuses_wrong_arguments), CASE(takes_arguments_of_other_versions),
	 CASE(leaves_no_child_and_no_descriptor), CASE(leaves_the_signal_mask_alone))
