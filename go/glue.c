// SPDX-License-Identifier: Apache-2.0

//go:build linux && (amd64 || arm64)

// glue.c owns the way from the texts of the Go code to a plan. A table of keys; each is one setter of the library.
#define NSX_GO_PREFIX nsexec_go_direct_
#include "internal/csrc/names.h"

#include "glue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal/csrc/nsexec_plan.h"
#include "internal/csrc/nsexec_process.h"
#include "internal/csrc/lib_plan_internal.h"

enum { WORDS_MAX = 1 << 16 };

struct request {
	struct nsexec_plan *plan;
	char **argv;
	size_t argc;
	char **envp;
	size_t envc;
	int has_env;
	uint32_t context;
	uint32_t fresh;
	const char *source; // of the next bind mount
	uint32_t bind_flags;
	uint64_t pid;
	uint64_t start;
	uint64_t caps;
	int launches;
};

struct key {
	const char *name;
	int (*take)(struct request *r, const char *value, struct nsexec_err *err);
};

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 10); // the Go code has made it
}

static int grow(char ***list, size_t *count, const char *value, struct nsexec_err *err)
{
	char **grown;

	if (*count == WORDS_MAX) {
		err->code = -E2BIG;
		return err->code;
	}
	grown = realloc(*list, (*count + 2) * sizeof(**list));
	if (grown == NULL) {
		err->code = -ENOMEM;
		return err->code;
	}
	grown[(*count)++] = (char *)value;
	grown[*count] = NULL;
	*list = grown;
	return 0;
}

static int take_arg(struct request *r, const char *value, struct nsexec_err *err)
{
	return grow(&r->argv, &r->argc, value, err);
}

static int take_env(struct request *r, const char *value, struct nsexec_err *err)
{
	r->has_env = 1;
	return *value == '\0' ? 0 : grow(&r->envp, &r->envc, value, err);
}

static int take_add_env(struct request *r, const char *value, struct nsexec_err *err)
{
	return nsexec_plan_add_env(r->plan, value, err);
}

static int take_dir(struct request *r, const char *value, struct nsexec_err *err)
{
	r->context &= ~NSEXEC_CONTEXT_CWD;
	return nsexec_plan_set_cwd(r->plan, value, err);
}

static int take_uid(struct request *r, const char *value, struct nsexec_err *err)
{
	return nsexec_plan_set_uid(r->plan, (uint32_t)number(value), err);
}

static int take_gid(struct request *r, const char *value, struct nsexec_err *err)
{
	return nsexec_plan_set_gid(r->plan, (uint32_t)number(value), err);
}

static int take_fd(struct request *r, const char *value, struct nsexec_err *err)
{
	return nsexec_plan_add_fd(r->plan, (int)number(value), (int)number(strchr(value, '=') + 1),
				  err);
}

static int take_pid(struct request *r, const char *value, struct nsexec_err *err)
{
	(void)err;
	r->pid = number(value);
	return 0;
}

static int take_start(struct request *r, const char *value, struct nsexec_err *err)
{
	(void)err;
	r->start = number(value);
	return 0;
}

static int take_pidfd(struct request *r, const char *value, struct nsexec_err *err)
{
	return nsexec_plan_set_target_pidfd(r->plan, (int)number(value), err);
}

static int take_without(struct request *r, const char *value, struct nsexec_err *err)
{
	static const struct {
		const char *name;
		uint32_t bits;
	} parts[] = {
		{ "cgroup", NSEXEC_CONTEXT_CGROUP },
		{ "seccomp", NSEXEC_CONTEXT_SECCOMP },
		{ "lsm", NSEXEC_CONTEXT_LSM },
	};

	(void)err;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(parts[i].name, value) == 0)
			r->context &= ~parts[i].bits;
	return 0;
}

static int take_launch(struct request *r, const char *value, struct nsexec_err *err)
{
	(void)err;
	(void)value;
	r->launches = 1;
	r->context = 0;
	r->caps = NSEXEC_CAPS_STANDARD;
	r->fresh = NSEXEC_NS_ALL & ~(NSEXEC_NS_TIME | NSEXEC_NS_USER);
	if (geteuid() != 0)
		r->fresh |= NSEXEC_NS_USER;
	return 0;
}

static int take_share(struct request *r, const char *value, struct nsexec_err *err)
{
	uint32_t kind = 0;
	int code = nsexec_ns_parse(value, &kind, err);

	r->fresh &= ~kind;
	return code;
}

static int take_root(struct request *r, const char *value, struct nsexec_err *err)
{
	return *value != '\0' ? nsexec_plan_set_root_path(r->plan, value, err) :
				nsexec_plan_set_root_default(r->plan, err);
}

static int take_read_only(struct request *r, const char *value, struct nsexec_err *err)
{
	(void)value;
	return nsexec_plan_set_root_readonly(r->plan, true, err);
}

static int take_hostname(struct request *r, const char *value, struct nsexec_err *err)
{
	return nsexec_plan_set_hostname(r->plan, value, err);
}

static int take_map(struct request *r, const char *value, struct nsexec_err *err,
		    int (*add)(struct nsexec_plan *plan, const struct nsexec_idmap *map,
			       struct nsexec_err *err))
{
	struct nsexec_idmap map;
	int code = nsexec_idmap_parse(value, &map, err);

	r->fresh |= NSEXEC_NS_USER;
	return code < 0 ? code : add(r->plan, &map, err);
}

static int take_uid_map(struct request *r, const char *value, struct nsexec_err *err)
{
	return take_map(r, value, err, nsexec_plan_add_uid_map);
}

static int take_gid_map(struct request *r, const char *value, struct nsexec_err *err)
{
	return take_map(r, value, err, nsexec_plan_add_gid_map);
}

static int take_bind_flags(struct request *r, const char *value, struct nsexec_err *err)
{
	(void)err;
	r->bind_flags = strcmp(value, "ro") == 0 ? NSEXEC_MOUNT_RDONLY : 0;
	return 0;
}

static int take_bind_source(struct request *r, const char *value, struct nsexec_err *err)
{
	(void)err;
	r->source = value;
	return 0;
}

static int take_bind_target(struct request *r, const char *value, struct nsexec_err *err)
{
	return nsexec_plan_add_bind(r->plan, r->source, value,
				    r->bind_flags | NSEXEC_MOUNT_RECURSIVE, err);
}

static int take_mounts(struct request *r, const char *value, struct nsexec_err *err)
{
	(void)value;
	return nsexec_plan_add_standard_mounts(r->plan, 0, err);
}

static const struct key keys[] = {
	{ "arg", take_arg },
	{ "env", take_env },
	{ "add-env", take_add_env },
	{ "dir", take_dir },
	{ "uid", take_uid },
	{ "gid", take_gid },
	{ "fd", take_fd },
	{ "pid", take_pid },
	{ "start", take_start },
	{ "pidfd", take_pidfd },
	{ "without", take_without },
	{ "launch", take_launch },
	{ "share", take_share },
	{ "root", take_root },
	{ "read-only", take_read_only },
	{ "hostname", take_hostname },
	{ "uid-map", take_uid_map },
	{ "gid-map", take_gid_map },
	{ "mounts", take_mounts },
	{ "bind-flags", take_bind_flags },
	{ "bind-source", take_bind_source },
	{ "bind-target", take_bind_target },
};

static int take_texts(struct request *r, const char *texts, size_t bytes, struct nsexec_err *err)
{
	const char *end = texts + bytes;

	for (const char *key = texts; key < end;) {
		const char *value = key + strlen(key) + 1;
		int code = -EINVAL;

		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (strcmp(keys[i].name, key) == 0)
				code = keys[i].take(r, value, err);
		if (code < 0)
			return code;
		key = value + strlen(value) + 1;
	}
	return 0;
}

// What `nsexec launch` does by default.
static int finish_launch(struct request *r, struct nsexec_err *err)
{
	int code = nsexec_plan_set_ns(r->plan, r->fresh, NSEXEC_NS_MODE_NEW, err);

	if (code >= 0 && (r->fresh & NSEXEC_NS_NET) != 0)
		code = nsexec_plan_set_loopback(r->plan, true, err);
	if (code >= 0)
		code = nsexec_plan_set_launch_caps(r->plan, r->caps, err);
	if (code >= 0)
		code = nsexec_plan_set_seccomp_default(r->plan, err);
	if (code >= 0)
		code = nsexec_plan_set_umask(r->plan, 022, err);
	return code < 0 ? code : nsexec_plan_set_no_new_privs(r->plan, true, err);
}

static int finish_enter(struct request *r, struct nsexec_err *err)
{
	int code = 0;

	if (r->pid != 0)
		code = nsexec_plan_set_target_pid(r->plan, (pid_t)r->pid, r->start, err);
	if (code >= 0)
		code = nsexec_plan_set_ns(r->plan, NSEXEC_NS_ALL, NSEXEC_NS_MODE_TARGET, err);
	if (r->has_env)
		r->context &= ~NSEXEC_CONTEXT_ENV;
	return code < 0 ? code : nsexec_plan_set_context(r->plan, r->context, err);
}

static int build(struct request *r, const char *texts, size_t bytes, struct nsexec_err *err)
{
	static char *none[] = { NULL };
	int code = take_texts(r, texts, bytes, err);

	if (code >= 0)
		code = r->launches ? finish_launch(r, err) : finish_enter(r, err);
	if (code >= 0)
		code = nsexec_plan_set_argv(r->plan, r->argv != NULL ? r->argv : none, err);
	if (code >= 0 && r->has_env)
		code = nsexec_plan_set_env(r->plan, r->envp != NULL ? r->envp : none, err);
	return code;
}

static void fill(struct nsexec_go_failure *ret, int code, const struct nsexec_err *err)
{
	const char *hint = nsexec_err_hint(err);

	ret->code = code;
	memcpy(ret->step, err->step, sizeof(ret->step));
	memcpy(ret->operation, err->operation, sizeof(ret->operation));
	memcpy(ret->object, err->object, sizeof(ret->object));
	(void)snprintf(ret->hint, sizeof(ret->hint), "%s", hint != NULL ? hint : "");
}

static int start(struct request *r, struct nsexec_go_started *ret, struct nsexec_err *err)
{
	struct nsexec_process *process = NULL;
	int code = nsexec_spawn(r->plan, NULL, &process, err);

	if (code < 0)
		return code;
	ret->pidfd = fcntl(nsexec_process_pidfd(process), F_DUPFD_CLOEXEC, 3);
	if (ret->pidfd < 0) {
		err->code = -errno;
		(void)nsexec_process_free(process);
		return err->code;
	}
	ret->pid = nsexec_process_pid(process);
	ret->process = process;
	return 0;
}

void nsexec_go_start(const char *texts, size_t bytes, int image, struct nsexec_go_started *ret)
{
	struct request r = { .plan = nsexec_plan_new(), .context = NSEXEC_CONTEXT_ALL };
	struct nsexec_err err = { .code = 0 };
	int code = r.plan == NULL ? -ENOMEM : build(&r, texts, bytes, &err);

	if (code >= 0) {
		code = nsexec_plan_set_helper(r.plan, image, &err);
		if (code >= 0)
			code = start(&r, ret, &err);
	}
	if (code < 0)
		fill(&ret->failure, code, &err);
	(void)nsexec_plan_free(r.plan);
	free(r.argv);
	free(r.envp);
}

int nsexec_go_wait(void *process, struct nsexec_go_failure *ret)
{
	struct nsexec_status status;
	struct nsexec_err err = { .code = 0 };
	int code = nsexec_process_wait(process, -1, &status, &err);

	if (code < 0) {
		fill(ret, code, &err);
		return code;
	}
	return status.exited ? status.code : 256 + status.code;
}

void nsexec_go_free(void *process)
{
	(void)nsexec_process_free(process);
}
