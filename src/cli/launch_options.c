/* SPDX-License-Identifier: Apache-2.0 */
/* launch_options.c owns the options of `nsexec launch`. */
#include "cli/launch_options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/own.h"
#include "base/str.h"
#include "cli/parse.h"

/* Options that only remember a word or a choice. */
#define REMEMBER(field)                                                             \
	static int set_##field(void *config, const char *option, const char *value, \
			       struct nsx_err *err)                                 \
	{                                                                           \
		struct launch *l = config;                                          \
                                                                                    \
		if (value[0] == '\0')                                               \
			return opt_error(err, option, value, "must not be empty");  \
		l->field = value;                                                   \
		return 0;                                                           \
	}
#define CHOOSE(field)                                                               \
	static int set_##field(void *config, const char *option, const char *value, \
			       struct nsx_err *err)                                 \
	{                                                                           \
		(void)option;                                                       \
		(void)value;                                                        \
		(void)err;                                                          \
		((struct launch *)config)->field = true;                            \
		return 0;                                                           \
	}

REMEMBER(rootfs)
REMEMBER(hostname)
REMEMBER(seccomp)
REMEMBER(pid_file)
CHOOSE(read_only)
CHOOSE(clear_env)
CHOOSE(privileged)
CHOOSE(init)
CHOOSE(die_with_parent)
CHOOSE(detach)
CHOOSE(explain)

static int set_name(void *config, const char *option, const char *value, struct nsx_err *err)
{
	if (!parse_name(value))
		return opt_error(
			err, option, value,
			"a letter or digit, then letters, digits, '_', '.', '-': 63 at most, not all digits");
	((struct launch *)config)->name = value;
	return 0;
}

static int set_workdir(void *config, const char *option, const char *value, struct nsx_err *err)
{
	if (value[0] != '/')
		return opt_error(err, option, value, "an absolute path is needed");
	((struct launch *)config)->workdir = value;
	return 0;
}

static int set_user(void *config, const char *option, const char *value, struct nsx_err *err)
{
	struct launch *l = config;

	l->has_ids = true;
	return parse_ids(option, value, &l->uid, &l->gid, err);
}

static int set_uid(void *config, const char *option, const char *value, struct nsx_err *err)
{
	struct launch *l = config;

	if (nsx_num_parse_id(value, &l->uid) < 0)
		return opt_error(err, option, value, "a decimal number is needed");
	l->has_ids = true;
	return 0;
}

static int add_map(struct launch *l, const char *option, const char *value, bool user,
		   struct nsx_err *err)
{
	struct nsexec_idmap map;
	struct nsx_err detail = { 0 };

	if (nsexec_idmap_parse(value, &map, NULL) < 0)
		return opt_error(err, option, value,
				 "INSIDE:OUTSIDE:COUNT in decimal numbers is needed");
	l->has_map = true;
	if ((user ? nsexec_plan_add_uid_map(l->plan, &map, &detail) :
		    nsexec_plan_add_gid_map(l->plan, &map, &detail)) < 0)
		return opt_error(err, option, value, detail.object);
	return 0;
}

static int set_uid_map(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return add_map(config, option, value, true, err);
}

static int set_gid_map(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return add_map(config, option, value, false, err);
}

static int choose_ns(struct launch *l, const char *option, uint32_t kind, const char *value,
		     struct nsx_err *err)
{
	unsigned index = (unsigned)__builtin_ctz(kind);

	if ((l->ns_set & kind) != 0)
		return opt_error(err, option, value, "this kind of namespace is chosen twice");
	l->ns_set |= kind;
	if (strcmp(value, "new") == 0)
		l->ns_fresh |= kind;
	else if (strchr(value, '/') != NULL)
		l->ns_path[index] = value;
	else if (strcmp(value, "host") != 0)
		return opt_error(err, option, value,
				 "new, host or the path of a namespace is needed");
	return 0;
}

static int set_ns(void *config, const char *option, const char *value, struct nsx_err *err)
{
	const char *equals = strchr(value, '=');
	char name[16];
	uint32_t kind;

	if (equals == NULL || (size_t)(equals - value) >= sizeof(name))
		return opt_error(err, option, value, "KIND=new, KIND=host or KIND=PATH is needed");
	memcpy(name, value, (size_t)(equals - value));
	name[equals - value] = '\0';
	if (nsexec_ns_parse(name, &kind, NULL) < 0)
		return opt_error(
			err, option, value,
			"user, mnt, pid, net, ipc, uts, cgroup or time is needed before '='");
	return choose_ns(config, option, kind, equals + 1, err);
}

static int set_net(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return choose_ns(config, option, NSEXEC_NS_NET, strcmp(value, "none") == 0 ? "new" : value,
			 err);
}

/* A relative source is one of the caller's directory, wherever the container is built. */
static int absolute(const char *path, char *buf, size_t size)
{
	struct nsx_str out = NSX_STR(buf, size);
	char cwd[PATH_MAX];

	if (path[0] != '/') {
		if (getcwd(cwd, sizeof(cwd)) == NULL)
			return -errno;
		nsx_str_add(&out, cwd);
		nsx_str_add(&out, "/");
	}
	nsx_str_add(&out, path);
	return out.cut ? -ENAMETOOLONG : 0;
}

static int add_bind(struct launch *l, const char *option, const char *value, struct nsx_err *err)
{
	static const char wanted[] = "SRC:DST[:OPTIONS] is needed, DST an absolute path";
	auto_free char *text = strdup(value);
	char source[PATH_MAX];
	char *target;
	char *options;
	uint32_t flags = NSEXEC_MOUNT_RECURSIVE;
	int r;

	if (text == NULL)
		return nsx_err_set(err, -ENOMEM, "strdup", option, NSX_HINT_NONE);
	target = strchr(text, ':');
	if (target == NULL || target == text)
		return opt_error(err, option, value, wanted);
	*target++ = '\0';
	options = strchr(target, ':');
	if (options != NULL)
		*options++ = '\0';
	if (target[0] != '/')
		return opt_error(err, option, value, wanted);
	r = parse_mount_options(option, options, &flags, NULL, 0, err);
	if (r < 0)
		return r;
	if (absolute(text, source, sizeof(source)) < 0)
		return opt_error(err, option, value, "the path is too long");
	if (access(source, F_OK) < 0 && errno == ENOENT)
		return opt_error(err, option, value, "the source does not exist");
	return nsexec_plan_add_bind(l->plan, source, target, flags, err);
}

static int add_tmpfs(struct launch *l, const char *option, const char *value, struct nsx_err *err)
{
	auto_free char *target = strdup(value);
	char options[1024];
	uint32_t flags = NSEXEC_MOUNT_NOSUID | NSEXEC_MOUNT_NODEV;
	char *colon;
	int r;

	if (target == NULL)
		return nsx_err_set(err, -ENOMEM, "strdup", option, NSX_HINT_NONE);
	colon = strchr(target, ':');
	if (colon != NULL)
		*colon++ = '\0';
	if (target[0] != '/')
		return opt_error(err, option, value,
				 "DST[:OPTIONS] is needed, DST an absolute path");
	r = parse_mount_options(option, colon, &flags, options, sizeof(options), err);
	if (r < 0)
		return r;
	return nsexec_plan_add_mount(l->plan, "tmpfs", target, options, flags, err);
}

int launch_add_mounts(struct launch *l, struct nsx_err *err)
{
	int r = 0;

	for (unsigned i = 0; r >= 0 && i < l->mount_count; i++)
		r = l->mount_is_tmpfs[i] ? add_tmpfs(l, "--tmpfs", l->mounts[i], err) :
					   add_bind(l, "--bind", l->mounts[i], err);
	return r;
}

static int remember_mount(struct launch *l, const char *option, const char *value, bool tmpfs,
			  struct nsx_err *err)
{
	if (l->mount_count == NSX_ARRAY_SIZE(l->mounts))
		return opt_error(err, option, value, "128 mounts at most");
	l->mount_is_tmpfs[l->mount_count] = tmpfs;
	l->mounts[l->mount_count++] = value;
	return 0;
}

static int set_bind(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return remember_mount(config, option, value, false, err);
}

static int set_tmpfs(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return remember_mount(config, option, value, true, err);
}

static int set_env(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return parse_env(((struct launch *)config)->plan, option, value, err);
}

static int set_cap_add(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return parse_caps(option, value, &((struct launch *)config)->caps_add, err);
}

static int set_cap_drop(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return parse_caps(option, value, &((struct launch *)config)->caps_drop, err);
}

static int set_rlimit(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return parse_rlimit(((struct launch *)config)->plan, option, value, err);
}

static int set_limit(struct launch *l, uint32_t limit, uint64_t value, struct nsx_err *err)
{
	l->has_limit = true;
	return nsexec_plan_set_limit(l->plan, limit, value, err);
}

static int set_memory(void *config, const char *option, const char *value, struct nsx_err *err)
{
	uint64_t bytes;

	if (nsx_num_parse_size(value, &bytes) < 0 || bytes < 4096 || bytes > INT64_MAX / 1000)
		return opt_error(err, option, value, "a size like 64M is needed, at least 4K");
	return set_limit(config, NSEXEC_LIMIT_MEMORY, bytes, err);
}

static int set_pids(void *config, const char *option, const char *value, struct nsx_err *err)
{
	uint64_t count;

	if (nsx_num_parse_u64(value, 4194304, &count) < 0 || count == 0)
		return opt_error(err, option, value, "a number from 1 to 4194304 is needed");
	return set_limit(config, NSEXEC_LIMIT_PIDS, count, err);
}

static int set_cpus(void *config, const char *option, const char *value, struct nsx_err *err)
{
	uint64_t milli;
	int r = parse_cpus(option, value, &milli, err);

	return r < 0 ? r : set_limit(config, NSEXEC_LIMIT_CPU_MILLI, milli, err);
}

static int set_time_offset(void *config, const char *option, const char *value, struct nsx_err *err)
{
	((struct launch *)config)->has_time = true;
	return parse_time_offset(((struct launch *)config)->plan, option, value, err);
}

static int set_fd(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return parse_fd(((struct launch *)config)->plan, option, value, err);
}

static int set_tty(void *config, const char *option, const char *value, struct nsx_err *err)
{
	struct launch *l = config;
	bool on = strcmp(option, "--tty") == 0;

	if (l->tty == !on)
		return opt_error(err, option, value, "contradicts the other of --tty and --no-tty");
	l->tty = on;
	return 0;
}

static int set_command(void *config, const char *option, const char *value, struct nsx_err *err)
{
	struct launch *l = config;
	size_t count = 0;

	free(l->script);
	l->script = strdup(value);
	if (l->script == NULL)
		return nsx_err_set(err, -ENOMEM, "strdup", option, NSX_HINT_NONE);
	for (char *p = strtok(l->script, " \t\n"); p != NULL; p = strtok(NULL, " \t\n")) {
		if (count == NSX_ARRAY_SIZE(l->command) - 1)
			return opt_error(err, option, NULL, "63 words at most");
		l->command[count++] = p;
	}
	l->command[count] = NULL;
	if (count == 0)
		return opt_error(err, option, value, "must not be empty");
	return 0;
}

/* clang-format off */
static const struct opt options[] = {
	{ "Container", "name", 0, OPT_VALUE, "NAME", "register it, so that `nsexec enter NAME` works", set_name },
	{ NULL, "rootfs", 0, OPT_VALUE, "DIR", "its root (default: the host's system, copied on write)", set_rootfs },
	{ NULL, "mount", 'm', OPT_VALUE, "DIR", "the same", set_rootfs },
	{ NULL, "read-only", 0, OPT_PLAIN, NULL, "make the root file system read-only", set_read_only },
	{ NULL, "hostname", 0, OPT_VALUE, "NAME", "its host name (default: its name)", set_hostname },
	{ NULL, "ns", 0, OPT_VALUE, "KIND=WHICH", "user mnt pid net ipc uts cgroup time = new, host or a PATH", set_ns },
	{ NULL, "net", 0, OPT_VALUE, "WHICH", "none (only lo), host, or the PATH of a network namespace", set_net },
	{ NULL, "time-offset", 0, OPT_VALUE, "CLOCK=S[.N]", "shift monotonic or boottime", set_time_offset },
	{ NULL, "init", 0, OPT_PLAIN, NULL, "run a reaping init as process 1", set_init },
	{ "Files", "bind", 0, OPT_VALUE, "SRC:DST[:OPTS]", "show SRC at DST; OPTS: ro,nosuid,nodev,noexec,noatime,bind", set_bind },
	{ NULL, "add", 'a', OPT_VALUE, "SRC:DST", "the same", set_bind },
	{ NULL, "tmpfs", 0, OPT_VALUE, "DST[:OPTS]", "an empty file system in memory; OPTS: size=1M,mode=700,...", set_tmpfs },
	{ "Program", "user", 0, OPT_VALUE, "UID[:GID]", "run as these ids (default: 0:0)", set_user },
	{ NULL, "uid", 'u', OPT_VALUE, "UID", "the same", set_uid },
	{ NULL, "env", 0, OPT_VALUE, "K[=V]", "set a variable, or take the caller's", set_env },
	{ NULL, "clear-env", 0, OPT_PLAIN, NULL, "nothing else in the environment", set_clear_env },
	{ NULL, "workdir", 0, OPT_VALUE, "DIR", "working directory (default: /)", set_workdir },
	{ NULL, "command", 'c', OPT_VALUE, "STRING", "the COMMAND in one word, split at white space", set_command },
	{ NULL, "fd", 0, OPT_VALUE, "N=M", "our descriptor N is M in the program (repeat)", set_fd },
	{ NULL, "tty", 0, OPT_PLAIN, NULL, "give it a terminal (default: if stdin is one)", set_tty },
	{ NULL, "no-tty", 0, OPT_PLAIN, NULL, "give it the descriptors as they are", set_tty },
	{ "Confinement", "uid-map", 0, OPT_VALUE, "IN:OUT:COUNT", "map user ids into a new user namespace (repeat)", set_uid_map },
	{ NULL, "gid-map", 0, OPT_VALUE, "IN:OUT:COUNT", "map group ids (repeat)", set_gid_map },
	{ NULL, "cap-add", 0, OPT_VALUE, "CAP[,CAP...]", "more capabilities than the 14 of container engines; or ALL", set_cap_add },
	{ NULL, "cap-drop", 0, OPT_VALUE, "CAP[,CAP...]", "fewer of them; or ALL", set_cap_drop },
	{ NULL, "privileged", 0, OPT_PLAIN, NULL, "all capabilities, no filter, nothing hidden", set_privileged },
	{ NULL, "seccomp", 0, OPT_VALUE, "WHICH", "default, unconfined, or a FILE of compiled BPF", set_seccomp },
	{ NULL, "rlimit", 0, OPT_VALUE, "R=SOFT[:HARD]", "a resource limit, like NOFILE=1024 (repeat)", set_rlimit },
	{ "Limits of all its processes (cgroup v2)", "memory", 0, OPT_VALUE, "SIZE", "bytes, with K, M or G", set_memory },
	{ NULL, "pids", 0, OPT_VALUE, "N", "processes and threads", set_pids },
	{ NULL, "cpus", 0, OPT_VALUE, "N", "processors, like 0.5", set_cpus },
	{ "Life", "detach", 0, OPT_PLAIN, NULL, "return when the program has started", set_detach },
	{ NULL, "pid-file", 0, OPT_VALUE, "FILE", "write its process id there", set_pid_file },
	{ NULL, "die-with-parent", 0, OPT_PLAIN, NULL, "end it when the parent of nsexec ends", set_die_with_parent },
	{ "Information", "explain", 0, OPT_PLAIN, NULL, "print the steps and their reasons; run nothing", set_explain },
	{ NULL, "debug", 'd', OPT_PLAIN, NULL, "log each step on stderr", output_set_debug },
	{ NULL, "log-format", 0, OPT_VALUE, "FORMAT", "text or json", output_set_format },
	{ 0 },
};
/* clang-format on */

const struct opt_verb launch_verb = {
	.name = "launch",
	.usage = "[OPTIONS] [--] [COMMAND [ARG...]]",
	.about = "Start a program in a new container. COMMAND: default $SHELL, or /bin/sh.",
	.options = options,
};
