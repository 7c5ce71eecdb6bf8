/* SPDX-License-Identifier: Apache-2.0 */
/* program.c owns the arguments and the environment of the program. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "base/sys.h"
#include "lib/context.h"

/* execve(2) takes 6 MiB at most by default; the target can make its own as large as that. */
enum { ENV_BYTES_MAX = 8 << 20 };

static size_t count_texts(const struct nsx_spec *spec, enum nsx_list list)
{
	size_t count = 0;

	for (const char *p = NULL; (p = nsx_spec_next_text(spec, list, p)) != NULL;)
		count++;
	return count;
}

static size_t name_length(const char *assignment)
{
	return strcspn(assignment, "=");
}

/* Add or replace: the last one wins, as with putenv(3). */
static void put_env(char **envp, size_t *count, char *assignment)
{
	size_t len = name_length(assignment);

	for (size_t i = 0; i < *count; i++)
		if (strncmp(envp[i], assignment, len) == 0 && envp[i][len] == '=') {
			envp[i] = assignment;
			return;
		}
	envp[(*count)++] = assignment;
}

/*
 * The file may belong to a subordinate id of the caller, who may read it only as somebody inside the user namespace: a
 * child goes there, and sends it through a pipe.
 */
static int read_inside(struct nsx_run *run, struct nsx_err *err)
{
	int fds[2];
	size_t used = 0;
	int status = 0;
	ssize_t n = 0;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return nsx_err_sys(err, "pipe2", "environ");

	auto_close int from = fds[0];
	auto_close int to = fds[1];

	run->env_text = calloc(1, ENV_BYTES_MAX);
	if (run->env_text == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", "environ", NSX_HINT_NONE);
	pid = nsx_sys_clone(0, NULL);
	if (pid < 0)
		return nsx_err_sys(err, "clone", "environ");
	if (pid == 0) {
		int r = nsx_sys_setns(run->target.pidfd, NSX_CLONE_NEWUSER) < 0 ? -errno : 0;

		if (r == 0)
			r = (int)nsx_file_read(run->target.proc_fd, "environ", run->env_text,
					       ENV_BYTES_MAX, NULL);
		if (r > 0)
			r = nsx_file_write_all(to, run->env_text, (size_t)r);
		(void)nsx_sys_close_range(0, ~0U);
		_exit(r < 0 ? 1 : 0);
	}
	nsx_close_fd(&to);
	while (used < ENV_BYTES_MAX - 1 &&
	       (n = read(from, run->env_text + used, ENV_BYTES_MAX - 1 - used)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		used += n > 0 ? (size_t)n : 0;
	}
	run->env_text[used] = '\0';
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return nsx_err_set(err, -EACCES, "openat", "environ", NSX_HINT_CLEAR_ENV);
	return (int)used;
}

static int target_env(struct nsx_run *run, char **ret_text, size_t *ret_bytes, struct nsx_err *err)
{
	struct nsx_err detail = { 0 };
	ssize_t n = nsx_run_read(run, run->target.proc_fd, "environ", run->room->env,
				 sizeof(run->room->env), &detail);

	*ret_text = run->room->env;
	if (n == -EFBIG) {
		n = nsx_file_read_alloc(run->target.proc_fd, "environ", ENV_BYTES_MAX,
					&run->env_text, err);
		*ret_text = run->env_text;
	} else if (n == -EACCES && (run->join & NSEXEC_NS_USER) != 0) {
		n = read_inside(run, err);
		*ret_text = run->env_text;
	} else if (n < 0) {
		*err = detail;
	}

	if (n < 0) {
		nsx_err_hint(err, NSX_HINT_CLEAR_ENV);
		return (int)n;
	}
	*ret_bytes = (size_t)n;
	return 0;
}

static int make_envp(struct nsx_run *run, struct nsx_err *err)
{
	const struct nsx_spec *spec = run->spec;
	char *text = NULL;
	size_t bytes = 0;
	size_t room = count_texts(spec, NSX_LIST_ENV) + count_texts(spec, NSX_LIST_ENV_ADD) + 1;
	size_t count = 0;
	int r;

	if ((spec->set & NSX_SET_ENV) == 0 && nsx_run_takes(run, NSEXEC_CONTEXT_ENV)) {
		r = target_env(run, &text, &bytes, err);
		if (r < 0)
			return r;
		for (size_t i = 0; i < bytes; i++)
			room += text[i] == '\0';
		room++;
	}

	run->envp = calloc(room, sizeof(*run->envp));
	if (run->envp == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", "environment", NSX_HINT_NONE);

	for (size_t i = 0; i < bytes; i += strlen(text + i) + 1)
		if (text[i] != '\0')
			run->envp[count++] = text + i;
	if ((spec->set & NSX_SET_ENV) != 0)
		for (const char *p = NULL; (p = nsx_spec_next_text(spec, NSX_LIST_ENV, p)) != NULL;)
			run->envp[count++] = (char *)p;
	for (const char *p = NULL; (p = nsx_spec_next_text(spec, NSX_LIST_ENV_ADD, p)) != NULL;)
		put_env(run->envp, &count, (char *)p);
	return 0;
}

int nsx_context_program(struct nsx_run *run, struct nsx_err *err)
{
	size_t count = 0;

	run->argv = calloc(count_texts(run->spec, NSX_LIST_ARGV) + 1, sizeof(*run->argv));
	if (run->argv == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", "arguments", NSX_HINT_NONE);
	for (const char *p = NULL; (p = nsx_spec_next_text(run->spec, NSX_LIST_ARGV, p)) != NULL;)
		run->argv[count++] = (char *)p;
	return make_envp(run, err);
}
