/* SPDX-License-Identifier: Apache-2.0 */
/* inroot.c owns the resolution of paths below an untrusted root. */
#include "base/inroot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"

enum { LINKS_MAX = 40, RACES_MAX = 128 };

/* What is left to resolve; symbolic links are put in front of it. */
struct walk {
	char rest[PATH_MAX];
	int links;
};

/* Split the first component off. Returns false at the end. */
static bool next_component(struct walk *walk, char *name, size_t size, int *ret_error)
{
	char *p = walk->rest;

	*ret_error = 0;
	while (*p == '/')
		p++;
	if (*p == '\0')
		return false;

	size_t len = strcspn(p, "/");

	if (len >= size) {
		*ret_error = -ENAMETOOLONG;
		return false;
	}
	memcpy(name, p, len);
	name[len] = '\0';
	memmove(walk->rest, p + len, strlen(p + len) + 1);
	return true;
}

static bool only_slashes(const char *text)
{
	return text[strspn(text, "/")] == '\0';
}

/* Put the text of a link in front of the rest. */
static int push_link(struct walk *walk, int link_fd, bool *ret_absolute)
{
	char text[PATH_MAX];
	ssize_t len = readlinkat(link_fd, "", text, sizeof(text) - 1);

	if (len < 0)
		return -errno;
	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	text[len] = '\0';

	size_t rest = strlen(walk->rest);

	if ((size_t)len + 1 + rest + 1 > sizeof(walk->rest))
		return -ENAMETOOLONG;
	memmove(walk->rest + len + 1, walk->rest, rest + 1);
	memcpy(walk->rest, text, (size_t)len);
	walk->rest[len] = '/';
	*ret_absolute = text[0] == '/';
	return 0;
}

/* Is this a link of procfs that jumps instead of being read? Those we never follow. */
static bool is_magic(int fd)
{
	struct stat st;

	/* magic links are in procfs only, and report no size; ordinary links of procfs have none either: refuse both */
	return fstat(fd, &st) == 0 && st.st_size == 0;
}

/* The way without openat2: O_PATH|O_NOFOLLOW for each component; ".." goes back to the root, which we can not check. */
static int walk_open(int root, const char *path, int flags, mode_t mode)
{
	struct walk walk = { .links = 0 };
	auto_close int at = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[NAME_MAX + 1];
	int r;

	if (at < 0)
		return -errno;
	if (!nsx_str_copy(walk.rest, sizeof(walk.rest), path))
		return -ENAMETOOLONG;

	while (next_component(&walk, name, sizeof(name), &r)) {
		bool last = only_slashes(walk.rest);

		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0)
			return -EXDEV;

		auto_close int next = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		struct stat st;

		if (next < 0) {
			if (errno != ENOENT || !last || (flags & O_CREAT) == 0)
				return -errno;
			int made = openat(at, name, flags | O_NOFOLLOW | O_EXCL, mode);

			return made < 0 ? -errno : made;
		}
		if (fstat(next, &st) < 0)
			return -errno;
		if (S_ISLNK(st.st_mode) && !(last && (flags & O_NOFOLLOW) != 0)) {
			bool absolute = false;

			if (is_magic(next))
				return -ELOOP;
			r = push_link(&walk, next, &absolute);
			if (r < 0)
				return r;
			if (absolute) {
				nsx_close_fd(&at);
				at = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
				if (at < 0)
					return -errno;
			}
			continue;
		}
		if (last && (flags & O_PATH) == 0) {
			/* reopen by name: O_NOFOLLOW makes a change into a link fail instead of being followed */
			int fd = openat(at, name, flags | O_NOFOLLOW, mode);

			return fd < 0 ? -errno : fd;
		}
		nsx_close_fd(&at);
		at = nsx_take_fd(&next);
	}
	if (r < 0)
		return r;
	if ((flags & O_PATH) == 0) {
		int fd = openat(at, ".", flags, mode);

		return fd < 0 ? -errno : fd;
	}
	return nsx_take_fd(&at);
}

int nsx_inroot_open(int root, const char *path, int flags, mode_t mode, struct nsx_err *err)
{
	struct nsx_open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC |
					      ((flags & O_PATH) != 0 ? 0 : O_NOCTTY)),
		.mode = (flags & O_CREAT) != 0 ? mode : 0,
		.resolve = NSX_RESOLVE_IN_ROOT | NSX_RESOLVE_NO_MAGICLINKS,
	};

	for (int i = 0;; i++) {
		int fd = nsx_sys_openat2(root, path, &how);

		if (fd >= 0)
			return fd;
		if (errno == EAGAIN &&
		    i < RACES_MAX) /* something was renamed meanwhile; the kernel asks to try again */
			continue;
		if (errno != ENOSYS && errno != EPERM)
			return nsx_err_sys(err, "openat2", path);
		break;
	}

	int fd = walk_open(root, path, (int)how.flags, mode);

	if (fd < 0)
		return nsx_err_set(err, fd, "openat", path, NSX_HINT_NONE);
	return fd;
}

/* Make the directories of a path; on the way everything that exists is resolved inside the root. */
static int make_parents(int root, const char *path, mode_t mode, char *leaf, size_t leaf_size,
			struct nsx_err *err)
{
	struct walk walk = { .links = 0 };
	auto_close int at = nsx_inroot_open(root, "/", O_PATH | O_DIRECTORY, 0, err);
	char name[NAME_MAX + 1];
	char done[PATH_MAX];
	struct nsx_str so_far = NSX_STR(done, sizeof(done));
	int r;

	if (at < 0)
		return at;
	done[0] = '\0';
	leaf[0] = '\0';
	if (!nsx_str_copy(walk.rest, sizeof(walk.rest), path))
		return nsx_err_set(err, -ENAMETOOLONG, "mkdir", path, NSX_HINT_NONE);

	while (next_component(&walk, name, sizeof(name), &r)) {
		if (strcmp(name, "..") == 0)
			return nsx_err_set(err, -EINVAL, "mkdir", path, NSX_HINT_SYMLINK);
		if (only_slashes(walk.rest)) {
			(void)nsx_str_copy(leaf, leaf_size, name);
			break;
		}
		nsx_str_add(&so_far, "/");
		nsx_str_add(&so_far, name);
		if (mkdirat(at, name, mode) < 0 && errno != EEXIST)
			return nsx_err_sys(err, "mkdirat", done);

		int next = nsx_inroot_open(root, done, O_PATH | O_DIRECTORY, 0, err);

		if (next < 0)
			return next;
		nsx_close_fd(&at);
		at = next;
	}
	if (r < 0)
		return nsx_err_set(err, r, "mkdir", path, NSX_HINT_NONE);
	return nsx_take_fd(&at);
}

int nsx_inroot_mkdir(int root, const char *path, mode_t mode, struct nsx_err *err)
{
	int fd = nsx_inroot_open(root, path, O_PATH | O_DIRECTORY, 0, NULL);
	char leaf[NAME_MAX + 1];

	if (fd >= 0)
		return fd;
	if (fd != -ENOENT)
		return nsx_err_set(err, fd, "openat2", path, NSX_HINT_SYMLINK);

	auto_close int parent = make_parents(root, path, mode, leaf, sizeof(leaf), err);

	if (parent < 0)
		return parent;
	if (leaf[0] != '\0' && mkdirat(parent, leaf, mode) < 0 && errno != EEXIST)
		return nsx_err_sys(err, "mkdirat", path);
	return nsx_inroot_open(root, path, O_PATH | O_DIRECTORY, 0, err);
}

int nsx_inroot_mkfile(int root, const char *path, struct nsx_err *err)
{
	int fd = nsx_inroot_open(root, path, O_PATH, 0, NULL);
	char leaf[NAME_MAX + 1];
	struct stat st;

	if (fd == -ENOENT) {
		auto_close int parent = make_parents(root, path, 0755, leaf, sizeof(leaf), err);

		if (parent < 0)
			return parent;

		auto_close int made = openat(
			parent, leaf, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, 0644);

		if (made < 0)
			return nsx_err_sys(err, "openat", path);
		fd = nsx_inroot_open(root, path, O_PATH, 0, err);
	}
	if (fd < 0)
		return nsx_err_set(err, fd, "openat2", path, NSX_HINT_SYMLINK);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		(void)close(fd);
		return nsx_err_set(err, -EISDIR, "mkfile", path, NSX_HINT_SYMLINK);
	}
	return fd;
}
