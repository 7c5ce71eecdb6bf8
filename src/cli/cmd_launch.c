/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_launch.c owns `nsexec launch`: from options to a plan, and to its end. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <nsexec/nsexec.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/inroot.h"
#include "base/own.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/cmd.h"
#include "cli/launch_options.h"
#include "cli/registry.h"
#include "cli/run.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int plan_namespaces(struct launch *l, struct nsx_err *err)
{
	uint32_t kinds = NSEXEC_NS_ALL & ~(NSEXEC_NS_TIME | NSEXEC_NS_USER);
	int r;

	if (geteuid() != 0 || l->has_map)
		kinds |= NSEXEC_NS_USER;
	if (l->has_time)
		kinds |= NSEXEC_NS_TIME;
	kinds = (kinds & ~l->ns_set) | l->ns_fresh;

	r = nsexec_plan_set_ns(l->plan, kinds, NSEXEC_NS_MODE_NEW, err);
	for (unsigned i = 0; r >= 0 && i < NSX_ARRAY_SIZE(l->ns_path); i++)
		if (l->ns_path[i] != NULL)
			r = nsexec_plan_set_ns_path(l->plan, 1u << i, l->ns_path[i], err);
	if (r < 0)
		return r;

	if ((kinds & NSEXEC_NS_UTS) != 0)
		r = nsexec_plan_set_hostname(l->plan,
					     l->hostname != NULL ? l->hostname :
					     l->name != NULL     ? l->name :
								   "nsexec",
					     err);
	else if (l->hostname != NULL)
		r = opt_error(err, "--hostname", l->hostname, "it needs a new UTS namespace");
	if (r >= 0 && (kinds & NSEXEC_NS_NET) != 0)
		r = nsexec_plan_set_loopback(l->plan, true, err);
	if (r >= 0 && (kinds & NSEXEC_NS_MNT) == 0)
		r = opt_error(err, "--ns", "mnt",
			      "a container needs a new mount namespace; see nsexec enter");
	return r;
}

static int plan_root(struct launch *l, struct nsx_err *err)
{
	int r = l->rootfs != NULL ? nsexec_plan_set_root_path(l->plan, l->rootfs, err) :
				    nsexec_plan_set_root_default(l->plan, err);

	return r < 0 ? r : nsexec_plan_set_root_readonly(l->plan, l->read_only, err);
}

static int plan_caps(struct launch *l, struct nsx_err *err)
{
	uint64_t caps = l->privileged || (l->caps_add >> 62) != 0 ? ~0ULL >> 1 :
								    NSEXEC_CAPS_STANDARD;
	uint64_t add = (l->caps_add >> 62) != 0 ? 0 : l->caps_add;
	int r = nsexec_plan_set_launch_caps(l->plan, caps & ~l->caps_drop, err);

	if (r >= 0)
		r = nsexec_plan_add_caps(l->plan, add, err);
	return r < 0 ? r : nsexec_plan_drop_caps(l->plan, l->caps_drop, err);
}

/* A compiled filter, as seccomp_export_bpf(3) writes it. */
static int plan_filter_file(struct launch *l, char **ret_bytes, size_t *ret_count,
			    struct nsx_err *err)
{
	ssize_t n = nsx_file_read_alloc(AT_FDCWD, l->seccomp, 4096 * sizeof(struct sock_filter),
					ret_bytes, err);
	struct nsx_err detail = { 0 };

	if (n < 0)
		return (int)n;
	if (n == 0 || n % (ssize_t)sizeof(struct sock_filter) != 0)
		return opt_error(
			err, "--seccomp", l->seccomp,
			"is no array of struct sock_filter (seccomp_export_bpf(3) writes one)");
	*ret_count = (size_t)n;
	if (nsexec_plan_add_seccomp(l->plan, (const void *)*ret_bytes,
				    (size_t)n / sizeof(struct sock_filter), &detail) < 0)
		return opt_error(err, "--seccomp", l->seccomp, detail.object);
	return 0;
}

static int plan_environment(struct launch *l, struct nsx_err *err)
{
	const char *term = l->tty == 1 ? getenv("TERM") :
					 NULL; /* else no copy of it is left behind on the stack */
	char term_text[128];
	char host[128];
	struct nsx_str term_out = NSX_STR(term_text, sizeof(term_text));
	struct nsx_str host_out = NSX_STR(host, sizeof(host));
	char *envp[6] = { NULL };
	size_t count = 0;

	if (!l->clear_env) {
		nsx_str_add(&term_out, "TERM=");
		nsx_str_add(&term_out, term != NULL ? term : "xterm");
		nsx_str_add(&host_out, "HOSTNAME=");
		nsx_str_add(&host_out, l->hostname != NULL ? l->hostname :
				       l->name != NULL     ? l->name :
							     "nsexec");
		envp[count++] = (char *)"PATH=" PATH_DEFAULT;
		envp[count++] = (char *)(!l->has_ids || l->uid == 0 ? "HOME=/root" : "HOME=/");
		envp[count++] = host;
		if (l->tty == 1)
			envp[count++] = term_text;
	}
	return nsexec_plan_set_env(l->plan, envp, err);
}

/* Does the new root have it? Of the default root, what the host has below its system directories. */
static bool root_has(const struct launch *l, const char *path)
{
	auto_close int root = openat(AT_FDCWD, l->rootfs != NULL ? l->rootfs : "/",
				     O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = -EBADF;

	if (root < 0 || path[0] != '/')
		return false;
	if (l->rootfs == NULL && nsx_str_starts(path, "/usr/") == NULL &&
	    nsx_str_starts(path, "/bin/") == NULL)
		return false;
	fd = nsx_inroot_open(root, path, O_PATH, 0, NULL);
	return fd >= 0;
}

static int plan_command(struct launch *l, char **words, char ***ret_argv, struct nsx_err *err)
{
	static char *fallback[] = { NULL, NULL };
	const char *shell = getenv("SHELL");

	if (l->command[0] != NULL && words[0] != NULL)
		return opt_error(err, "--command", words[0], "COMMAND is given twice");
	if (l->command[0] != NULL)
		words = l->command;
	if (words[0] == NULL) {
		fallback[0] = (char *)(shell != NULL && root_has(l, shell) ? shell : "/bin/sh");
		words = fallback;
	}
	*ret_argv = words;
	return nsexec_plan_set_argv(l->plan, words, err);
}

static int check_options(struct launch *l, struct nsx_err *err)
{
	if (l->detach && l->tty == 1)
		return opt_error(err, "--tty", NULL, "not together with --detach");
	if (l->tty < 0)
		l->tty = !l->detach && isatty(STDIN_FILENO);
	if (l->privileged && l->seccomp != NULL)
		return opt_error(err, "--seccomp", l->seccomp, "not together with --privileged");
	return 0;
}

static int make_plan(struct launch *l, char **words, char ***ret_argv, char **filter,
		     size_t *filter_bytes, struct nsx_err *err)
{
	const char *seccomp = l->seccomp != NULL ? l->seccomp :
			      l->privileged      ? "unconfined" :
						   "default";
	uint64_t flags = (l->init ? NSEXEC_PLAN_INIT : 0) |
			 (l->output.debug ? NSEXEC_PLAN_TRACE : 0);
	uint16_t rows = 0;
	uint16_t columns = 0;
	int r = check_options(l, err);

	if (r >= 0)
		r = plan_command(l, words, ret_argv, err);
	if (r >= 0)
		r = plan_namespaces(l, err);
	if (r >= 0)
		r = plan_root(l, err);
	if (r >= 0)
		r = nsexec_plan_add_standard_mounts(l->plan,
						    l->privileged ? NSEXEC_STANDARD_OPEN : 0, err);
	if (r >= 0)
		r = launch_add_mounts(l, err);
	if (r >= 0)
		r = nsexec_plan_set_ids(l->plan, l->has_ids ? l->uid : 0, l->has_ids ? l->gid : 0,
					err);
	if (r >= 0)
		r = plan_caps(l, err);
	if (r >= 0 && strcmp(seccomp, "default") == 0)
		r = nsexec_plan_set_seccomp_default(l->plan, err);
	else if (r >= 0 && strcmp(seccomp, "unconfined") != 0)
		r = plan_filter_file(l, filter, filter_bytes, err);
	l->seccomp = seccomp;
	if (r >= 0)
		r = plan_environment(l, err);
	if (r >= 0)
		r = nsexec_plan_set_umask(l->plan, 022, err);
	if (r >= 0)
		r = nsexec_plan_set_no_new_privs(l->plan, !l->privileged, err);
	if (r >= 0 && l->workdir != NULL)
		r = nsexec_plan_set_cwd(l->plan, l->workdir, err);
	if (r >= 0 && l->tty == 1) {
		run_terminal_size(&rows, &columns);
		r = nsexec_plan_set_tty(l->plan, true, rows, columns, err);
	}
	if (r >= 0)
		r = nsexec_plan_set_flags(l->plan, flags, err);
	return r;
}

static void describe(struct registry_entry *entry, const struct launch *l, char **argv)
{
	struct nsx_str command = NSX_STR(entry->command, sizeof(entry->command));

	(void)nsx_str_copy(entry->name, sizeof(entry->name), l->name);
	(void)nsx_str_copy(entry->seccomp, sizeof(entry->seccomp),
			   strcmp(l->seccomp, "default") == 0    ? "default" :
			   strcmp(l->seccomp, "unconfined") == 0 ? "none" :
								   "file");
	entry->created = time(NULL);
	for (size_t i = 0; argv[i] != NULL; i++) {
		nsx_str_add(&command, i > 0 ? " " : "");
		nsx_str_add(&command, argv[i]);
	}
	for (char *p = entry->command; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20)
			*p = '?';
}

static void log_plan(const struct launch *l, char **argv)
{
	struct utsname uts;
	char words[512];
	struct nsx_str out = NSX_STR(words, sizeof(words));

	words[0] = '\0';
	for (size_t i = 0; argv[i] != NULL; i++) {
		nsx_str_add(&out, i > 0 ? ", \"" : "\"");
		nsx_str_add(&out, argv[i]);
		nsx_str_add(&out, "\"");
	}
	output_log(&l->output, "Args { debug: true, command: %s, uid: %u, mount_dir: \"%s\" }",
		   words, l->has_ids ? l->uid : 0,
		   l->rootfs != NULL ? l->rootfs : "(default root)");
	if (uname(&uts) == 0)
		output_log(&l->output, "Linux release: %s", uts.release);
	output_log(&l->output, "Starting container with command %s and args [%s]", argv[0], words);
}

static int launch(struct launch *l, char **words, struct nsx_err *err)
{
	auto_free char *filter = NULL;
	size_t filter_bytes = 0;
	struct registry_entry entry = { 0 };
	struct run_options options = { .plan = l->plan,
				       .output = &l->output,
				       .detach = l->detach,
				       .pid_file = l->pid_file,
				       .die_with_parent = l->die_with_parent };
	char **argv = NULL;
	int status = 0;
	int r = make_plan(l, words, &argv, &filter, &filter_bytes, err);

	if (r < 0)
		return r;
	options.first = !l->init && (l->ns_set & NSEXEC_NS_PID) == 0;
	if ((l->ns_fresh & NSEXEC_NS_PID) != 0)
		options.first = !l->init;
	if (l->explain)
		return run_explain(l->plan, err);

	if (l->name != NULL || l->has_limit)
		run_sweep();
	log_plan(l, argv);
	if (l->name != NULL) {
		describe(&entry, l, argv);
		r = registry_claim(l->plan, &entry, err);
		if (r < 0) {
			(void)nsx_str_copy(err->step, sizeof(err->step), "register");
			return r;
		}
		if (filter_bytes > 0)
			r = registry_save_filter(&entry, filter, filter_bytes, err);
		if (r < 0)
			(void)nsx_str_copy(err->step, sizeof(err->step), "register");
		options.entry = &entry;
	}
	if (r >= 0)
		r = run_plan(&options, &status, err);
	if (r < 0 && l->name != NULL)
		registry_release(l->name);
	return r < 0 ? r : status;
}

int cmd_launch(char **argv)
{
	struct launch l = { .output = { .verb = "launch" }, .tty = -1 };
	struct nsx_err err = { 0 };
	char **words = NULL;
	int r;

	l.plan = nsexec_plan_new();
	r = l.plan == NULL ? nsx_err_set(&err, -ENOMEM, "malloc", "plan", NSX_HINT_NONE) :
			     opt_parse(&launch_verb, argv, &l, &words, &err);
	if (r == 0)
		r = launch(&l, words, &err);
	else if (r == 1)
		r = 0;
	l.plan = nsexec_plan_free(l.plan);
	free(l.script);
	return r < 0 ? output_error(&l.output, &err) : r;
}
