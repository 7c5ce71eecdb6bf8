/* SPDX-License-Identifier: Apache-2.0 */
/* enter_options.c owns the options of `nsexec enter`, those of nsenter(1) among them. */
#include "cli/enter_options.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/own.h"
#include "cli/parse.h"

#define CHOOSE(field)                                                               \
	static int set_##field(void *config, const char *option, const char *value, \
			       struct nsx_err *err)                                 \
	{                                                                           \
		(void)option;                                                       \
		(void)value;                                                        \
		(void)err;                                                          \
		((struct enter *)config)->field = true;                             \
		return 0;                                                           \
	}

CHOOSE(all)
CHOOSE(clear_env)
CHOOSE(detach)
CHOOSE(die_with_parent)
CHOOSE(explain)
CHOOSE(strict)
CHOOSE(no_cgroup)
CHOOSE(no_seccomp)
CHOOSE(no_lsm)
CHOOSE(keep_caps)
CHOOSE(no_fork)

/* nsenter(1) asks for these; here they are what happens anyhow. */
static int set_nothing(void *config, const char *option, const char *value, struct nsx_err *err)
{
	(void)config;
	(void)option;
	(void)value;
	(void)err;
	return 0;
}

static int set_target(void *config, const char *option, const char *value, struct nsx_err *err)
{
	struct enter *e = config;

	if (e->target != NULL)
		return opt_error(err, option, value, "a target is given already");
	e->target = value;
	return 0;
}

static int set_pid_file(void *config, const char *option, const char *value, struct nsx_err *err)
{
	if (value[0] == '\0')
		return opt_error(err, option, value, "must not be empty");
	((struct enter *)config)->pid_file = value;
	return 0;
}

static int set_workdir(void *config, const char *option, const char *value, struct nsx_err *err)
{
	if (value[0] != '/')
		return opt_error(err, option, value, "an absolute path in the container is needed");
	((struct enter *)config)->workdir = value;
	return 0;
}

/* -m, -mFILE, -m=FILE, --mount, --mount=FILE, and the other kinds alike. */
static int choose_kind(struct enter *e, uint32_t kind, const char *option, const char *value,
		       struct nsx_err *err)
{
	e->choose = true;
	e->chosen |= kind;
	if (value != NULL && value[0] == '\0')
		return opt_error(err, option, value,
				 "the FILE of a namespace is needed behind '='");
	e->ns_path[__builtin_ctz(kind)] = value;
	return 0;
}

#define KIND(name, bit)                                                            \
	static int set_##name(void *config, const char *option, const char *value, \
			      struct nsx_err *err)                                 \
	{                                                                          \
		return choose_kind(config, bit, option, value, err);               \
	}

KIND(mnt, NSEXEC_NS_MNT)
KIND(uts, NSEXEC_NS_UTS)
KIND(ipc, NSEXEC_NS_IPC)
KIND(net, NSEXEC_NS_NET)
KIND(pid, NSEXEC_NS_PID)
KIND(user_ns, NSEXEC_NS_USER)
KIND(cgroup, NSEXEC_NS_CGROUP)
KIND(time, NSEXEC_NS_TIME)

static int set_only(void *config, const char *option, const char *value, struct nsx_err *err)
{
	struct enter *e = config;

	e->choose = true;
	return parse_kinds(option, value, &e->chosen, err);
}

static int set_except(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return parse_kinds(option, value, &((struct enter *)config)->except, err);
}

static int set_user(void *config, const char *option, const char *value, struct nsx_err *err)
{
	struct enter *e = config;

	e->has_uid = e->has_gid = true;
	return parse_ids(option, value, &e->uid, &e->gid, err);
}

static int set_setuid(void *config, const char *option, const char *value, struct nsx_err *err)
{
	struct enter *e = config;

	e->has_uid = true;
	return nsx_num_parse_id(value, &e->uid) < 0 ?
		       opt_error(err, option, value, "a decimal number is needed") :
		       0;
}

static int set_setgid(void *config, const char *option, const char *value, struct nsx_err *err)
{
	struct enter *e = config;

	e->has_gid = true;
	return nsx_num_parse_id(value, &e->gid) < 0 ?
		       opt_error(err, option, value, "a decimal number is needed") :
		       0;
}

static int set_root(void *config, const char *option, const char *value, struct nsx_err *err)
{
	struct enter *e = config;

	(void)option;
	(void)err;
	e->root = value;
	e->own_root = true;
	return 0;
}

static int set_wd(void *config, const char *option, const char *value, struct nsx_err *err)
{
	struct enter *e = config;

	(void)option;
	(void)err;
	e->wd = value;
	e->own_wd = true;
	return 0;
}

static int set_env(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return parse_env(((struct enter *)config)->plan, option, value, err);
}

static int set_cap_add(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return parse_caps(option, value, &((struct enter *)config)->caps_add, err);
}

static int set_cap_drop(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return parse_caps(option, value, &((struct enter *)config)->caps_drop, err);
}

static int set_fd(void *config, const char *option, const char *value, struct nsx_err *err)
{
	return parse_fd(((struct enter *)config)->plan, option, value, err);
}

static int set_tty(void *config, const char *option, const char *value, struct nsx_err *err)
{
	struct enter *e = config;
	bool on = strcmp(option, "--tty") == 0;

	if (e->tty == !on)
		return opt_error(err, option, value, "contradicts the other of --tty and --no-tty");
	e->tty = on;
	return 0;
}

/* clang-format off */
static const struct opt options[] = {
	{ "Target and namespaces (default: all that differ from the caller's)", "target", 't', OPT_VALUE, "PID[:INODE]", "the target; there is no TARGET argument then", set_target },
	{ NULL, "all", 'a', OPT_PLAIN, NULL, "all namespaces", set_all },
	{ NULL, "mount", 'm', OPT_OPTIONAL, "FILE", "the mount namespace (of FILE)", set_mnt },
	{ NULL, "uts", 'u', OPT_OPTIONAL, "FILE", "the UTS namespace", set_uts },
	{ NULL, "ipc", 'i', OPT_OPTIONAL, "FILE", "the IPC namespace", set_ipc },
	{ NULL, "net", 'n', OPT_OPTIONAL, "FILE", "the network namespace", set_net },
	{ NULL, "pid", 'p', OPT_OPTIONAL, "FILE", "the pid namespace", set_pid },
	{ NULL, NULL, 'U', OPT_OPTIONAL, "FILE", "the user namespace", set_user_ns },
	{ NULL, "cgroup", 'C', OPT_OPTIONAL, "FILE", "the cgroup namespace", set_cgroup },
	{ NULL, "time", 'T', OPT_OPTIONAL, "FILE", "the time namespace", set_time },
	{ NULL, "only", 0, OPT_VALUE, "KIND,...", "only these: user mnt pid net ipc uts cgroup time", set_only },
	{ NULL, "except", 0, OPT_VALUE, "KIND,...", "all but these", set_except },
	{ NULL, "no-fork", 'F', OPT_PLAIN, NULL, "only the program's children get into the pid namespace", set_no_fork },
	{ "Program (default: as the target has it)", "user", 0, OPT_VALUE, "UID[:GID]", "run as these ids", set_user },
	{ NULL, "setuid", 'S', OPT_VALUE, "UID", "run as this user id", set_setuid },
	{ NULL, "setgid", 'G', OPT_VALUE, "GID", "run with this group id", set_setgid },
	{ NULL, "env", 0, OPT_VALUE, "K[=V]", "set a variable, or take the caller's", set_env },
	{ NULL, NULL, 'e', OPT_PLAIN, NULL, "the target's environment (is default)", set_nothing },
	{ NULL, "clear-env", 0, OPT_PLAIN, NULL, "nothing else in the environment", set_clear_env },
	{ NULL, "workdir", 0, OPT_VALUE, "DIR", "working directory, in the container", set_workdir },
	{ NULL, "wdns", 'W', OPT_VALUE, "DIR", "the same", set_workdir },
	{ NULL, "wd", 'w', OPT_OPTIONAL, "DIR", "working directory: the target's, or the caller's DIR", set_wd },
	{ NULL, "root", 'r', OPT_OPTIONAL, "DIR", "root directory: the target's, or the caller's DIR", set_root },
	{ NULL, "fd", 0, OPT_VALUE, "N=M", "our descriptor N is M in the program (repeat)", set_fd },
	{ NULL, "tty", 0, OPT_PLAIN, NULL, "give it a terminal (default: if stdin is one)", set_tty },
	{ NULL, "no-tty", 0, OPT_PLAIN, NULL, "give it the descriptors as they are", set_tty },
	{ "Confinement (default: the target's)", "cap-add", 0, OPT_VALUE, "CAP[,CAP...]", "more capabilities than the target has", set_cap_add },
	{ NULL, "cap-drop", 0, OPT_VALUE, "CAP[,CAP...]", "fewer of them; or ALL", set_cap_drop },
	{ NULL, "keep-caps", 0, OPT_PLAIN, NULL, "the caller's capabilities", set_keep_caps },
	{ NULL, "no-seccomp", 0, OPT_PLAIN, NULL, "not the target's seccomp filter", set_no_seccomp },
	{ NULL, "no-lsm", 0, OPT_PLAIN, NULL, "not the target's AppArmor or SELinux label", set_no_lsm },
	{ NULL, NULL, 'Z', OPT_PLAIN, NULL, "the target's label (is default)", set_nothing },
	{ NULL, "no-cgroup", 0, OPT_PLAIN, NULL, "not the target's cgroup", set_no_cgroup },
	{ NULL, NULL, 'c', OPT_PLAIN, NULL, "the target's cgroup (is default)", set_nothing },
	{ NULL, "strict", 0, OPT_PLAIN, NULL, "what would be a warning is an error", set_strict },
	{ "Life", "detach", 0, OPT_PLAIN, NULL, "return when the program has started", set_detach },
	{ NULL, "pid-file", 0, OPT_VALUE, "FILE", "write its process id there", set_pid_file },
	{ NULL, "die-with-parent", 0, OPT_PLAIN, NULL, "end it when the parent of nsexec ends", set_die_with_parent },
	{ "Information", "explain", 0, OPT_PLAIN, NULL, "print the steps and their reasons; run nothing", set_explain },
	{ NULL, "debug", 0, OPT_PLAIN, NULL, "log each step on stderr", output_set_debug },
	{ NULL, "log-format", 0, OPT_VALUE, "FORMAT", "text or json", output_set_format },
	{ 0 },
};
/* clang-format on */

const struct opt_verb enter_verb = {
	.name = "enter",
	.usage = "[OPTIONS] TARGET [--] [COMMAND [ARG...]]",
	.about =
		"Start a program in a running container. COMMAND: default /bin/sh.\n"
		"TARGET: a PID, pid:PID[:START], a NAME of `nsexec ls`, pidfd:N, or ns:KIND=PATH[,KIND=PATH...].",
	.options = options,
};
