/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_enter.c owns `nsexec enter`: from options to a plan, and to its end. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <nsexec/nsexec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "base/own.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "cli/cmd.h"
#include "cli/enter_options.h"
#include "cli/parse.h"
#include "cli/registry.h"
#include "cli/run.h"

static const char target_wanted[] =
	"a PID, pid:PID[:START], NAME, pidfd:N or ns:KIND=PATH[,KIND=PATH...] is needed";

static int target_pid(struct enter *e, uint64_t pid, uint64_t start, const char *text,
		      struct nsx_err *err)
{
	if (pid == 0 || pid > INT_MAX)
		return opt_error(err, "TARGET", text, "a process id is 1 to 2147483647");
	if (e->explain)
		printf("target   pid:%llu:%llu\n", (unsigned long long)pid,
		       (unsigned long long)(start != 0 ? start : nsx_proc_start_of((pid_t)pid)));
	return nsexec_plan_set_target_pid(e->plan, (pid_t)pid, start, err);
}

/* PID[:START], or with nsenter's -t PID[:INODE], the inode being that of the pidfd (Linux 6.9). */
static int target_number(struct enter *e, const char *text, bool inode, struct nsx_err *err)
{
	const char *p = text;
	uint64_t pid;
	uint64_t second = 0;

	if (nsx_num_scan_u64(&p, &pid) < 0 ||
	    (*p == ':' && (p++, nsx_num_scan_u64(&p, &second) < 0)) || *p != '\0')
		return opt_error(err, "TARGET", text, target_wanted);
	if (inode && second != 0) {
		auto_close int pidfd = nsx_sys_pidfd_open((pid_t)pid);
		struct stat st;

		if (pidfd < 0 || fstat(pidfd, &st) < 0 || st.st_ino != second)
			return nsx_err_set(err, -ESRCH, "check-inode", text, NSX_HINT_PID_REUSED);
		second = 0;
	}
	return target_pid(e, pid, second, text, err);
}

static int target_paths(struct enter *e, const char *text, struct nsx_err *err)
{
	auto_free char *copy = strdup(text);

	if (copy == NULL)
		return nsx_err_set(err, -ENOMEM, "strdup", "TARGET", NSX_HINT_NONE);
	for (char *word = copy, *next; word != NULL; word = next) {
		char *path = strchr(word, '=');
		uint32_t kind;
		int r;

		next = strchr(word, ',');
		if (next != NULL)
			*next++ = '\0';
		if (path == NULL || path[1] == '\0' ||
		    (*path++ = '\0', nsexec_ns_parse(word, &kind, NULL) < 0))
			return opt_error(err, "TARGET", text, target_wanted);
		r = nsexec_plan_set_ns_path(e->plan, kind, path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A container of `launch --name`, whose filter was recorded: nothing has to be copied from the process. */
static int target_name(struct enter *e, const char *name, struct nsx_err *err)
{
	struct registry_entry entry = { 0 };
	int r = registry_find(name, &entry, err);

	if (r < 0)
		return r;
	r = target_pid(e, (uint64_t)entry.pid, entry.start, name, err);
	if (r < 0 || e->no_seccomp)
		return r;
	if (strcmp(entry.seccomp, "default") == 0)
		return nsexec_plan_set_seccomp_default(e->plan, err);
	if (strcmp(entry.seccomp, "file") == 0) {
		auto_free char *filter = NULL;
		ssize_t n = registry_load_filter(name, &filter, err);

		if (n < 0)
			return (int)n;
		return nsexec_plan_add_seccomp(e->plan, (const void *)filter,
					       (size_t)n / sizeof(struct sock_filter), err);
	}
	return 0;
}

static int plan_target(struct enter *e, const char *text, bool *ret_process, struct nsx_err *err)
{
	const char *rest;
	int fd;

	*ret_process = true;
	if (e->target != NULL)
		return target_number(e, e->target, true, err);
	if (text == NULL)
		return opt_error(err, "TARGET", NULL, target_wanted);
	if ((rest = nsx_str_starts(text, "pidfd:")) != NULL)
		return nsx_num_parse_fd(rest, &fd) < 0 ?
			       opt_error(err, "TARGET", text, target_wanted) :
			       nsexec_plan_set_target_pidfd(e->plan, fd, err);
	if ((rest = nsx_str_starts(text, "ns:")) != NULL) {
		*ret_process = false;
		return target_paths(e, rest, err);
	}
	if ((rest = nsx_str_starts(text, "pid:")) != NULL)
		return target_number(e, rest, false, err);
	if (parse_name(text))
		return target_name(e, text, err);
	return target_number(e, text, false, err);
}

static int plan_namespaces(struct enter *e, bool process, uint32_t *ret_kinds, struct nsx_err *err)
{
	uint32_t kinds = e->choose && !e->all ? e->chosen : NSEXEC_NS_ALL;
	int r = 0;

	*ret_kinds = NSEXEC_NS_ALL;
	if (!process) {
		if (e->choose || e->except != 0)
			return opt_error(err, "TARGET", "ns:", "it names the kinds itself");
		return 0;
	}
	kinds &= ~e->except;
	*ret_kinds = kinds;
	r = nsexec_plan_set_ns(e->plan, kinds, NSEXEC_NS_MODE_TARGET, err);
	for (unsigned i = 0; r >= 0 && i < NSX_ARRAY_SIZE(e->ns_path); i++)
		if (e->ns_path[i] != NULL && (kinds & 1u << i) != 0)
			r = nsexec_plan_set_ns_path(e->plan, 1u << i, e->ns_path[i], err);
	return r;
}

static uint32_t context_of(const struct enter *e, uint32_t kinds)
{
	uint32_t context = NSEXEC_CONTEXT_ALL;
	bool mnt = (kinds & NSEXEC_NS_MNT) != 0 && e->ns_path[1] == NULL;

	/* directories of the target mean something only in its mount namespace, or when they are asked for */
	if (!mnt && !(e->own_root && e->root == NULL))
		context &= ~NSEXEC_CONTEXT_ROOT;
	if ((!mnt && !(e->own_wd && e->wd == NULL)) || e->workdir != NULL)
		context &= ~NSEXEC_CONTEXT_CWD;
	if (e->no_cgroup)
		context &= ~NSEXEC_CONTEXT_CGROUP;
	if (e->no_seccomp)
		context &= ~NSEXEC_CONTEXT_SECCOMP;
	if (e->no_lsm)
		context &= ~NSEXEC_CONTEXT_LSM;
	if (e->keep_caps)
		context &= ~NSEXEC_CONTEXT_CAPS;
	if (e->clear_env)
		context &= ~NSEXEC_CONTEXT_ENV;
	return context;
}

static int plan_directories(struct enter *e, struct nsx_err *err)
{
	int r = 0;

	if (e->own_root && e->root != NULL)
		r = nsexec_plan_set_root_dir(e->plan, e->root, err);
	if (r >= 0 && e->own_wd && e->wd != NULL)
		r = nsexec_plan_set_cwd_outside(e->plan, e->wd, err);
	if (r >= 0 && e->workdir != NULL)
		r = nsexec_plan_set_cwd(e->plan, e->workdir, err);
	return r;
}

static int plan_terminal(struct enter *e, struct nsx_err *err)
{
	const char *term = getenv("TERM");
	char text[128];
	struct nsx_str out = NSX_STR(text, sizeof(text));
	uint16_t rows;
	uint16_t columns;
	int r;

	if (e->detach && e->tty == 1)
		return opt_error(err, "--tty", NULL, "not together with --detach");
	if (e->tty < 0)
		e->tty = !e->detach && isatty(STDIN_FILENO);
	if (e->tty == 0)
		return 0;
	run_terminal_size(&rows, &columns);
	r = nsexec_plan_set_tty(e->plan, true, rows, columns, err);
	if (r < 0 || term == NULL || e->clear_env)
		return r;
	nsx_str_add(&out, "TERM=");
	nsx_str_add(&out, term);
	return nsexec_plan_add_env(e->plan, text, err);
}

static int make_plan(struct enter *e, char **words, struct nsx_err *err)
{
	static char *shell[] = { (char *)"/bin/sh", NULL };
	uint64_t flags =
		(e->strict ? NSEXEC_PLAN_STRICT : 0) | (e->keep_caps ? NSEXEC_PLAN_KEEP_CAPS : 0) |
		(e->no_fork ? NSEXEC_PLAN_NO_FORK : 0) | (e->output.debug ? NSEXEC_PLAN_TRACE : 0);
	uint32_t kinds;
	bool process;
	int r = plan_target(e, words[0], &process, err);

	if (r < 0 && err->step[0] == '\0')
		(void)nsx_str_copy(err->step, sizeof(err->step), "target");
	if (r < 0)
		return r;
	if (e->target == NULL)
		words++;
	if (words[0] != NULL && strcmp(words[0], "--") == 0)
		words++;
	r = nsexec_plan_set_argv(e->plan, words[0] != NULL ? words : shell, err);
	if (r >= 0)
		r = plan_namespaces(e, process, &kinds, err);
	if (r >= 0 && process)
		r = nsexec_plan_set_context(e->plan, context_of(e, kinds), err);
	if (r >= 0)
		r = plan_directories(e, err);
	if (r >= 0 && !process && !e->clear_env)
		r = nsexec_plan_set_env(e->plan, environ, err);
	if (r >= 0 && e->has_uid)
		r = nsexec_plan_set_uid(e->plan, e->uid, err);
	if (r >= 0 && e->has_gid)
		r = nsexec_plan_set_gid(e->plan, e->gid, err);
	if (r >= 0)
		r = nsexec_plan_add_caps(e->plan, e->caps_add, err);
	if (r >= 0)
		r = nsexec_plan_drop_caps(e->plan, e->caps_drop, err);
	if (r >= 0)
		r = plan_terminal(e, err);
	return r < 0 ? r : nsexec_plan_set_flags(e->plan, flags, err);
}

static int enter(struct enter *e, char **words, struct nsx_err *err)
{
	struct run_options options = { .plan = e->plan,
				       .output = &e->output,
				       .detach = e->detach,
				       .pid_file = e->pid_file,
				       .die_with_parent = e->die_with_parent };
	int status = 0;
	int r = make_plan(e, words, err);

	if (r < 0)
		return r;
	if (e->explain)
		return run_explain(e->plan, err);
	r = run_plan(&options, &status, err);
	return r < 0 ? r : status;
}

int cmd_enter(char **argv)
{
	struct enter e = { .output = { .verb = "enter" }, .tty = -1 };
	struct nsx_err err = { 0 };
	char **words = NULL;
	int r;

	e.plan = nsexec_plan_new();
	r = e.plan == NULL ? nsx_err_set(&err, -ENOMEM, "malloc", "plan", NSX_HINT_NONE) :
			     opt_parse(&enter_verb, argv, &e, &words, &err);
	if (r == 0)
		r = enter(&e, words, &err);
	else if (r == 1)
		r = 0;
	e.plan = nsexec_plan_free(e.plan);
	return r < 0 ? output_error(&e.output, &err) : r;
}
