/* SPDX-License-Identifier: Apache-2.0 */
/* Modules: the register, where they run, what they are given and leave; nsexec_call() with namespaces by descriptor. */
#include "../tap.h"

#include <nsexec/nsexec.h>

enum { PLACE_USER, PLACE_MNT, PLACE_PID, PLACE_NET }; /* in nsexec_call_args.ns_fd */

static struct nsexec_modules *modules;
static struct nsexec_err err;
static char buf[256];

#define ARGS(...) \
	(&(struct nsexec_module_args){ .size = sizeof(struct nsexec_module_args), __VA_ARGS__ })

static int64_t echo(void *data, void *out, size_t size)
{
	const struct nsexec_module_params *params = data;

	if (params->size <= size && params->size > 0)
		memcpy(out, params->bytes, params->size);
	return (int64_t)params->size;
}

static int64_t fail(void *data, void *out, size_t size)
{
	(void)data;
	(void)out;
	(void)size;
	return -ENOTEMPTY;
}

static int64_t crash(void *data, void *out, size_t size)
{
	(void)data;
	(void)out;
	(void)size;
	(void)signal(SIGSEGV, SIG_DFL); /* of a sanitizer */
	(void)raise(SIGSEGV);
	return 0;
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

/* The parameter is a path that ends with its NUL. */
static int64_t make_directory(void *data, void *out, size_t size)
{
	const struct nsexec_module_params *params = data;

	(void)out;
	(void)size;
	return mkdir(params->bytes, 0755) < 0 ? -errno : 0;
}

static int64_t get_link(void *data, void *out, size_t size)
{
	const struct nsexec_module_params *params = data;
	ssize_t n = readlink(params->bytes, out, size);

	return n < 0 ? -errno : n;
}

static int64_t get_pid(void *data, void *out, size_t size)
{
	pid_t pid = getpid();

	(void)data;
	(void)size;
	memcpy(out, &pid, sizeof(pid));
	return sizeof(pid);
}

static int64_t count_descriptors(void *data, void *out, size_t size)
{
	unsigned char count = 0;

	(void)data;
	(void)size;
	for (int fd = 3; fd < TAP_FD_MAX; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	memcpy(out, &count, 1);
	return 1;
}

static const struct {
	const char *name;
	nsexec_call_fn *function;
} all[] = {
	{ "echo", echo },
	{ "fail", fail },
	{ "crash", crash },
	{ "hang", hang },
	{ "mkdir", make_directory },
	{ "readlink", get_link },
	{ "getpid", get_pid },
	{ "descriptors", count_descriptors },
};

static int register_all(void)
{
	modules = nsexec_modules_new();
	CHECK(modules != NULL);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		CHECK_INT(nsexec_module_register(modules, all[i].name, all[i].function, &err), 0);
	return 0;
}

static int64_t run(const char *name, const struct nsexec_module_args *args)
{
	if (modules == NULL && register_all() < 0)
		return -1;
	err = (struct nsexec_err){ 0 };
	memset(buf, 0, sizeof(buf));
	return nsexec_module_run(modules, name, args, buf, sizeof(buf), &err);
}

static int64_t run_with_text(const char *name, struct nsexec_module_args *args, const char *text)
{
	args->params = text;
	args->params_size = strlen(text) + 1;
	return run(name, args);
}

static int done(void)
{
	modules = nsexec_modules_free(modules);
	CHECK(modules == NULL);
	return 0;
}

/* A process in namespaces of its own, below a root of its own: a tmpfs with a directory "work", in which it works. */
static pid_t target;
static int target_pipe = -1;

static int prepare_root(void)
{
	if (mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755") < 0 || mkdir("/mnt/root", 0755) < 0 ||
	    mkdir("/mnt/root/work", 0755) < 0 || chroot("/mnt/root") < 0 || chdir("/work") < 0)
		return -errno;
	return 0;
}

static int make_target(int kinds)
{
	int ends[2];
	int ready[2];
	char byte;

	CHECK_OK(pipe2(ends, O_CLOEXEC));
	CHECK_OK(pipe2(ready, O_CLOEXEC));
	target = fork();
	CHECK_OK(target);
	if (target == 0) {
		pid_t inner = 0;

		(void)close(ends[1]);
		if (unshare(kinds) < 0 || ((kinds & CLONE_NEWNS) != 0 && prepare_root() < 0))
			_exit(1);
		if ((kinds & CLONE_NEWPID) != 0)
			inner = fork();
		if (inner > 0) {
			(void)write(ready[1], &inner, sizeof(inner));
			(void)waitpid(inner, NULL, 0);
			_exit(0);
		}
		inner = getpid();
		if (inner != 1)
			(void)write(ready[1], &inner, sizeof(inner));
		(void)close(ready[1]);
		(void)read(ends[0], &byte, 1);
		_exit(0);
	}
	(void)close(ends[0]);
	(void)close(ready[1]);
	target_pipe = ends[1];

	pid_t pid = -1;
	ssize_t n = read(ready[0], &pid, sizeof(pid));

	(void)close(ready[0]);
	if (n != sizeof(pid)) {
		(void)close(target_pipe);
		(void)waitpid(target, NULL, 0);
		SKIP("no permission to make namespaces");
	}
	return pid;
}

static int end_target(void)
{
	(void)close(target_pipe);
	CHECK_OK(waitpid(target, NULL, 0));
	return done();
}

static int open_of(pid_t pid, const char *what, int flags)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	return open(path, flags | O_CLOEXEC);
}

static bool exists_in(pid_t pid, const char *path)
{
	char full[128];
	struct stat st;

	(void)snprintf(full, sizeof(full), "/proc/%d/root%s", pid, path);
	return lstat(full, &st) == 0;
}

#define NEED_ROOT()                       \
	do {                              \
		if (geteuid() != 0)       \
			SKIP("not root"); \
	} while (0)

static int a_module_gets_its_parameters_and_replies(void)
{
	CHECK_INT(run("echo", ARGS(.params = "a\0b", .params_size = 3)), 3);
	CHECK(memcmp(buf, "a\0b", 3) == 0);
	CHECK_INT(run("echo", NULL), 0);
	CHECK_INT(run("echo", ARGS(0)), 0);
	return done();
}

static int refuses_what_has_no_name_no_function_or_is_there_already(void)
{
	struct nsexec_modules *none = NULL;

	CHECK_INT(register_all(), 0);
	CHECK_INT(nsexec_module_register(modules, NULL, echo, &err), -EINVAL);
	CHECK_INT(nsexec_module_register(modules, "", echo, NULL), -EINVAL);
	CHECK_INT(nsexec_module_register(modules, "x", NULL, NULL), -EINVAL);
	CHECK_INT(nsexec_module_register(none, "x", echo, NULL), -EINVAL);
	err = (struct nsexec_err){ 0 };
	CHECK_INT(nsexec_module_register(modules, "echo", fail, &err), -EEXIST);
	CHECK_STR(err.object, "echo");
	CHECK_INT(run("echo", ARGS(0)), 0); /* still the first one */
	return done();
}

static int the_name_is_copied(void)
{
	char name[] = "name";

	modules = nsexec_modules_new();
	CHECK_INT(nsexec_module_register(modules, name, fail, NULL), 0);
	name[0] = 'X';
	CHECK_INT(run("name", NULL), -ENOTEMPTY);
	CHECK_INT(run(name, NULL), -ENOENT);
	return done();
}

static int says_that_there_is_no_such_module(void)
{
	CHECK_INT(run("no such", ARGS(0)), -ENOENT);
	CHECK_STR(err.operation, "find-module");
	CHECK_STR(err.object, "no such");
	CHECK_INT(run("", ARGS(0)), -ENOENT);
	CHECK_INT(run(NULL, ARGS(0)), -EINVAL);
	return done();
}

static int tells_of_a_module_that_fails_or_crashes(void)
{
	CHECK_INT(run("fail", ARGS(0)), -ENOTEMPTY);
	CHECK_INT(err.code, -ENOTEMPTY);
	CHECK_INT(run("crash", ARGS(0)), -ECANCELED);
	CHECK_INT(err.code, -ECANCELED);
	return done();
}

static int kills_a_module_at_its_deadline(void)
{
	CHECK_INT(run("hang", ARGS(.timeout_ms = 100)), -ETIMEDOUT);
	CHECK_INT(err.code, -ETIMEDOUT);
	return done();
}

static int refuses_a_reply_that_does_not_fit(void)
{
	static char much[300];

	CHECK_INT(run("echo", ARGS(.params = much, .params_size = 256)), 256);
	CHECK_INT(run("echo", ARGS(.params = much, .params_size = 257)), -E2BIG);
	CHECK_INT(nsexec_module_run(modules, "echo", ARGS(.params = "x", .params_size = 1), NULL, 0,
				    NULL),
		  -E2BIG);
	return done();
}

static int a_module_has_no_descriptors_of_the_caller(void)
{
	int fd = open("/", O_PATH | O_DIRECTORY); /* not even what is inheritable */

	CHECK_OK(fd);
	CHECK_INT(run("descriptors", ARGS(.cwd_fd = fd + 1)), 1);
	CHECK_INT(buf[0], 0);
	CHECK_OK(close(fd));
	return done();
}

static int refuses_wrong_arguments(void)
{
	struct {
		struct nsexec_module_args args;
		uint64_t more;
	} longer = { .args = { .size = sizeof(longer) } };
	int net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	CHECK(net >= 0 && pidfd >= 0 && dir >= 0);
	CHECK_INT(run("echo", ARGS(.flags = 1)), -EINVAL);
	CHECK_INT(run("echo", ARGS(.params_size = 1)), -EINVAL);
	CHECK_INT(run("echo", ARGS(.root_fd = -1)), -EINVAL);
	CHECK_INT(run("echo", ARGS(.cwd_fd = -1)), -EINVAL);
	CHECK_INT(run("echo", ARGS(.mnt_fd = -1)), -EINVAL);
	CHECK_INT(run("echo", ARGS(.mnt_fd = 1001)), -EBADF);
	CHECK_INT(run("echo", ARGS(.mnt_fd = net + 1)), -EINVAL);
	CHECK_STR(err.object, "mnt");
	CHECK_INT(run("echo", ARGS(.pid_fd = pidfd + 1)), -EINVAL);
	CHECK(run("echo", ARGS(.net_fd = dir + 1)) < 0);
	CHECK_INT(run("echo", ARGS(.net_fd = net + 1)), 0); /* our own */
	CHECK_INT(run("echo", ARGS(.cwd_fd = net + 1)), -ENOTDIR);
	CHECK_INT(run("echo", &(struct nsexec_module_args){ .size = 8 }), -EINVAL);
	CHECK_INT(run("echo", &(struct nsexec_module_args){ .size = 16 }), 0);
	CHECK_INT(run("echo", &longer.args), 0);
	longer.more = 1;
	CHECK_INT(run("echo", &longer.args), -E2BIG);
	CHECK_INT(nsexec_module_run(NULL, "echo", ARGS(0), buf, sizeof(buf), NULL), -EINVAL);
	CHECK(close(net) == 0 && close(pidfd) == 0 && close(dir) == 0);
	return done();
}

static int acts_in_another_mount_namespace_root_and_directory(void)
{
	NEED_ROOT();

	int pid = make_target(CLONE_NEWNS);

	if (pid == TAP_SKIPPED || pid < 0)
		return pid;

	int mnt = open_of(pid, "ns/mnt", O_RDONLY);
	int root = open_of(pid, "root", O_PATH | O_DIRECTORY);
	int cwd = open_of(pid, "cwd", O_PATH | O_DIRECTORY);
	struct nsexec_module_args *there =
		ARGS(.mnt_fd = mnt + 1, .root_fd = root + 1, .cwd_fd = cwd + 1);

	CHECK(mnt >= 0 && root >= 0 && cwd >= 0);
	CHECK_INT(run_with_text("mkdir", there, "relative"), 0);
	CHECK_INT(run_with_text("mkdir", there, "/absolute"), 0);
	CHECK_INT(run_with_text("mkdir", there, "/absolute"), -EEXIST);
	CHECK_INT(run_with_text("mkdir", there, "/../../above"), 0);
	CHECK(exists_in(pid, "/work/relative"));
	CHECK(exists_in(pid, "/absolute"));
	CHECK(exists_in(pid, "/above"));
	/* the mount namespace alone: its root, which is not the target's */
	CHECK_INT(run_with_text("mkdir", ARGS(.mnt_fd = mnt + 1), "/mnt/beside"), 0);
	CHECK(!exists_in(pid, "/beside"));
	/* nothing of it here */
	CHECK(access("relative", F_OK) < 0 && access("/absolute", F_OK) < 0 &&
	      access("/above", F_OK) < 0 && access("/mnt/beside", F_OK) < 0 &&
	      access("/mnt/root", F_OK) < 0);
	CHECK(close(mnt) == 0 && close(root) == 0 && close(cwd) == 0);
	return end_target();
}

static int does_not_run_below_another_root_than_the_one_asked_for(void)
{
	NEED_ROOT();

	int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	CHECK_OK(file);
	CHECK_INT(run_with_text("mkdir", ARGS(.root_fd = file + 1), "/nsexec-test-module"),
		  -ENOTDIR);
	CHECK_STR(err.object, "root_fd");
	CHECK(rmdir("/nsexec-test-module") < 0 && errno == ENOENT);
	CHECK_OK(close(file));
	return done();
}

static int acts_in_another_network_namespace(void)
{
	char own[64] = "";
	char theirs[64] = "";
	char path[40];

	NEED_ROOT();

	int pid = make_target(CLONE_NEWNET);

	if (pid == TAP_SKIPPED || pid < 0)
		return pid;

	int net = open_of(pid, "ns/net", O_RDONLY);

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	CHECK_OK(readlink(path, theirs, sizeof(theirs) - 1));
	CHECK_OK(readlink("/proc/self/ns/net", own, sizeof(own) - 1));
	CHECK_OK(run_with_text("readlink", ARGS(.net_fd = net + 1), "/proc/self/ns/net"));
	CHECK_STR(buf, theirs);
	CHECK_OK(run_with_text("readlink", ARGS(0), "/proc/self/ns/net"));
	CHECK_STR(buf, own);
	CHECK_OK(close(net));
	return end_target();
}

static int acts_in_another_pid_namespace(void)
{
	pid_t inside = 0;

	NEED_ROOT();

	int pid = make_target(CLONE_NEWPID);

	if (pid == TAP_SKIPPED || pid < 0)
		return pid;

	int ns = open_of(pid, "ns/pid", O_RDONLY);

	CHECK_INT(run("getpid", ARGS(.pid_fd = ns + 1)), sizeof(inside));
	memcpy(&inside, buf, sizeof(inside));
	CHECK(inside > 1 && inside < 50);
	CHECK_INT(run("descriptors", ARGS(.pid_fd = ns + 1)), 1);
	CHECK_INT(buf[0], 0);
	CHECK_INT(run("fail", ARGS(.pid_fd = ns + 1)), -ENOTEMPTY);
	CHECK_INT(run("crash", ARGS(.pid_fd = ns + 1)), -ECANCELED);
	CHECK_INT(run("hang", ARGS(.pid_fd = ns + 1, .timeout_ms = 100)), -ETIMEDOUT);
	CHECK_OK(close(ns));
	return end_target();
}

static int acts_in_all_of_them_together(void)
{
	NEED_ROOT();

	int pid = make_target(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID);

	if (pid == TAP_SKIPPED || pid < 0)
		return pid;

	int fds[] = { open_of(pid, "root", O_PATH | O_DIRECTORY),
		      open_of(pid, "cwd", O_PATH | O_DIRECTORY), open_of(pid, "ns/mnt", O_RDONLY),
		      open_of(pid, "ns/net", O_RDONLY), open_of(pid, "ns/pid", O_RDONLY) };

	CHECK_INT(run_with_text("mkdir",
				ARGS(.root_fd = fds[0] + 1, .cwd_fd = fds[1] + 1,
				     .mnt_fd = fds[2] + 1, .net_fd = fds[3] + 1,
				     .pid_fd = fds[4] + 1, .timeout_ms = 5000),
				"made"),
		  0);
	CHECK(exists_in(pid, "/work/made"));
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		CHECK_OK(close(fds[i]));
	return end_target();
}

static int leaves_no_child_and_no_descriptor(void)
{
	int dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	CHECK_OK(dir);
	for (int i = 0; i < 30; i++) {
		CHECK_INT(run("echo", ARGS(.cwd_fd = dir + 1)), 0);
		CHECK_INT(run("fail", ARGS(0)), -ENOTEMPTY);
		CHECK(run("echo", ARGS(.net_fd = 1001)) < 0);
	}
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD);
	CHECK_OK(close(dir)); /* and the harness counts */
	return done();
}

/* nsexec_call() itself, by descriptor */

static int64_t get_net(void *data, void *out, size_t size)
{
	long n = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/ns/net", out, size);

	(void)data;
	return n < 0 ? -errno : n;
}

static int call_joins_namespaces_of_another_user_by_descriptor(void)
{
	char theirs[64] = "";
	char path[40];
	uint32_t class = 0;
	int pid = make_target(CLONE_NEWUSER | CLONE_NEWNET);

	if (pid == TAP_SKIPPED || pid < 0)
		return pid;

	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int user = open_of(pid, "ns/user", O_RDONLY);
	int net = open_of(pid, "ns/net", O_RDONLY);
	struct nsexec_call_args by_fd = { .size = sizeof(by_fd),
					  .ns_fd[PLACE_USER] = user + 1,
					  .ns_fd[PLACE_NET] = net + 1 };
	struct nsexec_call_args user_by_fd = { .size = sizeof(by_fd),
					       .pidfd = pidfd,
					       .ns_mask = NSEXEC_NS_NET,
					       .ns_fd[PLACE_USER] = user + 1 };
	struct nsexec_call_args net_by_fd = { .size = sizeof(by_fd),
					      .pidfd = pidfd,
					      .ns_mask = NSEXEC_NS_USER,
					      .ns_fd[PLACE_NET] = net + 1 };
	const struct nsexec_call_args *ways[] = { &by_fd, &user_by_fd, &net_by_fd };

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	CHECK_OK(readlink(path, theirs, sizeof(theirs) - 1));
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		memset(buf, 0, sizeof(buf));
		CHECK_OK(nsexec_call(ways[i], get_net, NULL, buf, sizeof(buf), &class, NULL));
		CHECK_STR(buf, theirs);
		CHECK_INT(class, NSEXEC_CALL_CLASS_FORK);
	}
	net_by_fd.ns_mask |= NSEXEC_NS_NET; /* both ways */
	CHECK_INT(nsexec_call(&net_by_fd, get_net, NULL, buf, sizeof(buf), NULL, NULL), -EINVAL);
	CHECK(close(pidfd) == 0 && close(user) == 0 && close(net) == 0);
	return end_target();
}

static int call_shares_memory_for_a_network_namespace_by_descriptor(void)
{
	uint32_t class = 0;

	NEED_ROOT();

	int pid = make_target(CLONE_NEWNET);

	if (pid == TAP_SKIPPED || pid < 0)
		return pid;

	int net = open_of(pid, "ns/net", O_RDONLY);
	struct nsexec_call_args args = { .size = sizeof(args),
					 .flags = NSEXEC_CALL_SIGNAL_SAFE,
					 .ns_fd[PLACE_NET] = net + 1 };

	CHECK_OK(nsexec_call(&args, get_net, NULL, buf, sizeof(buf), &class, NULL));
	CHECK_INT(class, NSEXEC_CALL_CLASS_SHARED);
	args.flags |= NSEXEC_CALL_CLOSE_FDS;
	CHECK_OK(nsexec_call(&args, get_net, NULL, buf, sizeof(buf), &class, NULL));
	CHECK_INT(class, NSEXEC_CALL_CLASS_FORK);
	CHECK_OK(close(net));
	return end_target();
}

static int call_refuses_an_unprivileged_join_by_descriptor(void)
{
	int pid = make_target(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET);

	if (pid == TAP_SKIPPED || pid < 0)
		return pid;

	int net = open_of(pid, "ns/net", O_RDONLY);
	struct nsexec_call_args args = { .size = sizeof(args), .ns_fd[PLACE_NET] = net + 1 };

	CHECK_OK(net);
	if (geteuid() == 0)
		CHECK_OK(setresuid(65534, 65534, 65534));
	CHECK_INT(nsexec_call(&args, get_net, NULL, buf, sizeof(buf), NULL, &err), -EPERM);
	CHECK_STR(err.object, "net");
	CHECK_OK(close(net));
	return end_target();
}

TAP_MAIN(CASE(a_module_gets_its_parameters_and_replies),
	 CASE(refuses_what_has_no_name_no_function_or_is_there_already), CASE(the_name_is_copied),
	 CASE(says_that_there_is_no_such_module), CASE(tells_of_a_module_that_fails_or_crashes),
	 CASE(kills_a_module_at_its_deadline), CASE(refuses_a_reply_that_does_not_fit),
	 CASE(a_module_has_no_descriptors_of_the_caller), CASE(refuses_wrong_arguments),
	 CASE(acts_in_another_mount_namespace_root_and_directory),
	 CASE(does_not_run_below_another_root_than_the_one_asked_for),
	 CASE(acts_in_another_network_namespace), CASE(acts_in_another_pid_namespace),
	 CASE(acts_in_all_of_them_together), CASE(leaves_no_child_and_no_descriptor),
	 CASE(call_joins_namespaces_of_another_user_by_descriptor),
	 CASE(call_shares_memory_for_a_network_namespace_by_descriptor),
	 CASE(call_refuses_an_unprivileged_join_by_descriptor))
