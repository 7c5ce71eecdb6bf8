/* SPDX-License-Identifier: Apache-2.0 */
/* exec.c owns the execution of the program, and the search for the reason when it fails. */
#include "lib/exec.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/inroot.h"
#include "base/own.h"
#include "base/stack.h"
#include "base/str.h"
#include "base/sys.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *find_path(char *const envp[])
{
	for (size_t i = 0; envp[i] != NULL; i++) {
		const char *value = nsx_str_starts(envp[i], "PATH=");

		if (value != NULL && value[0] != '\0')
			return value;
	}
	return DEFAULT_PATH;
}

/* Why did it fail? Only looked at after the failure. */
static enum nsx_hint explain(const char *path, int code, bool searched)
{
	struct stat st;
	/* a relative path is one of the working directory, all others of the root */
	auto_close int root =
		openat(AT_FDCWD, path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = nsx_inroot_open(root, path, O_PATH, 0, NULL);

	if (code == ENOENT && fd < 0)
		return searched ? NSX_HINT_NO_COMMAND : NSX_HINT_NONE;
	if (fd >= 0 && code == ENOENT && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return NSX_HINT_INTERPRETER;
	return code == EACCES ? NSX_HINT_NOEXEC : NSX_HINT_NONE;
}

NSX_OWN_FRAME static int search(char *const argv[], char *const envp[], struct nsx_err *err)
{
	const char *name = argv[0];
	char path[PATH_MAX];
	int code = ENOENT;

	for (const char *dir = find_path(envp); dir != NULL;) {
		size_t len = strcspn(dir, ":");
		size_t name_len = strlen(name);

		if (len + 1 + name_len < sizeof(path)) {
			memcpy(path, dir, len);
			path[len] = '\0';
			struct nsx_str out = { .buf = path, .size = sizeof(path), .used = len };

			nsx_str_add(&out, len > 0 ? "/" : "./");
			nsx_str_add(&out, name);
			(void)execve(path, argv, envp);
			if (errno != ENOENT && errno != ENOTDIR) {
				code = errno;
				if (errno != EACCES)
					return nsx_err_set(err, -code, "execve", path,
							   explain(path, code, true));
			}
		}
		dir = dir[len] == ':' ? dir + len + 1 : NULL;
	}
	return nsx_err_set(err, -code, "execve", name, explain(name, code, true));
}

int nsx_exec(char *const argv[], char *const envp[], struct nsx_err *err)
{
	const char *name = argv[0];
	int code;

	if (strchr(name, '/') != NULL) {
		(void)execve(name, argv, envp);
		code = errno;
		return nsx_err_set(err, -code, "execve", name, explain(name, code, false));
	}
	return search(argv, envp, err);
}

int nsx_exec_init(struct nsx_run *run, struct nsx_err *err)
{
	enum { ARGS_MAX = 4096 };
	char *argv[ARGS_MAX];
	char number[16];
	struct nsx_str out = NSX_STR(number, sizeof(number));
	size_t count = 0;

	/* the argument before the program is the socket for errors */
	nsx_str_add_i64(&out, run->status_fd);
	argv[count++] = (char *)"nsexec-init";
	argv[count++] = number;
	for (size_t i = 0; run->argv[i] != NULL; i++) {
		if (count == ARGS_MAX - 1)
			return nsx_err_set(err, -E2BIG, "execveat", "arguments", NSX_HINT_NONE);
		argv[count++] = run->argv[i];
	}
	argv[count] = NULL;
	if (fcntl(run->status_fd, F_SETFD, 0) < 0)
		return nsx_err_sys(err, "fcntl", "status");
	(void)nsx_sys_execveat(run->image_fd, "", argv, run->envp, AT_EMPTY_PATH);
	return nsx_err_sys(err, "execveat", "nsexec-init");
}
