/* SPDX-License-Identifier: Apache-2.0 */
/* Paths below a root that is not trusted, both with openat2(2) and without. */
#include "../tap.h"

#include <dirent.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/stat.h>

#include "base/inroot.h"

/* In a directory of the case: root/ with the corpus, and outside/ that nothing may reach. */
static char top[64];
static int root = -1;

static int make_file(int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -1;
	return close(fd);
}

/* What the links are: relative, absolute, climbing, of several steps, a loop, one to nothing, one to a file. */
static const char *const links[][2] = {
	{ "etc/passwd", "file" },
	{ "/etc/passwd", "absolute" },
	{ "../../../../etc/passwd", "climbing" },
	{ "absolute", "twice" },
	{ "/etc", "dir" },
	{ "loop-b", "loop-a" },
	{ "loop-a", "loop-b" },
	{ "/no/such", "dangling" },
	{ "/proc/self/root/etc/passwd", "magic" },
	{ "../outside", "escape" },
	{ "/../../outside", "escape2" },
	{ ".", "self" },
	{ "..", "up" },
	{ "etc/passwd/", "slash" },
};

static int setup(void)
{
	(void)snprintf(top, sizeof(top), "/tmp/nsexec-test.XXXXXX");
	CHECK(mkdtemp(top) != NULL);

	int dir = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);

	CHECK_OK(dir);
	CHECK_OK(mkdirat(dir, "root", 0755));
	CHECK_OK(mkdirat(dir, "root/etc", 0755));
	CHECK_OK(mkdirat(dir, "root/deep", 0755));
	CHECK_OK(mkdirat(dir, "root/deep/er", 0755));
	CHECK_OK(mkdirat(dir, "outside", 0755));
	CHECK_OK(make_file(dir, "root/etc/passwd", "inside"));
	CHECK_OK(make_file(dir, "outside/secret", "outside"));
	CHECK_OK(mkfifoat(dir, "root/fifo", 0644));
	root = openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_OK(root);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		CHECK_OK(symlinkat(links[i][0], root, links[i][1]));
	return close(dir);
}

static int remove_below(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fdopendir(fd);
	struct dirent *entry;

	if (stream == NULL)
		return -1;
	while ((entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(stream), entry->d_name, 0) < 0) {
			int sub = openat(dirfd(stream), entry->d_name,
					 O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			(void)remove_below(sub);
			(void)close(sub);
			(void)unlinkat(dirfd(stream), entry->d_name, AT_REMOVEDIR);
		}
	}
	return closedir(stream);
}

static int teardown(void)
{
	int dir = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)close(root);
	(void)remove_below(dir);
	(void)close(dir);
	return rmdir(top);
}

/* What a seccomp filter of an engine does to a call that it does not know. */
static int forbid_openat2(int code)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 437, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = rules };

	CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK_OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	return 0;
}

struct row {
	const char *name;  /* the path */
	int code;          /* 0: it is root/etc/passwd, or a directory of the corpus */
	bool slow_refuses; /* component by component ".." may be refused */
};

/* clang-format off */
static const struct row rows[] = {
	{ "etc/passwd", 0, false }, { "/etc/passwd", 0, false }, { "//etc//passwd", 0, false }, { "./etc/./passwd", 0, false },
	{ "file", 0, false }, { "absolute", 0, false }, { "twice", 0, false }, { "dir/passwd", 0, false },
	{ "self/self/etc/passwd", 0, false },
	{ "climbing", 0, true }, { "../../etc/passwd", 0, true }, { "/../etc/passwd", 0, true }, { "deep/er/../../etc/passwd", 0, true },
	{ "up/etc/passwd", 0, true },
	{ "loop-a", -ELOOP, false }, { "dangling", -ENOENT, false }, { "no/such", -ENOENT, false },
	{ "etc/passwd/x", -ENOTDIR, false },
	{ "escape/secret", -ENOENT, true }, { "escape2/secret", -ENOENT, true }, { "up/outside/secret", -ENOENT, true },
	{ "../outside/secret", -ENOENT, true },
};
/* clang-format on */

static int check_row(const struct row *row, bool slow)
{
	char text[32] = "";
	int fd = nsx_inroot_open(root, row->name, O_RDONLY, 0, NULL);

	if (slow && row->slow_refuses && fd < 0)
		return 0; /* how is its own business, as long as nothing outside is opened */
	if (row->code != 0) {
		CHECK_INT(fd, row->code);
		return 0;
	}
	CHECK_OK(fd);
	CHECK_OK(read(fd, text, sizeof(text) - 1));
	CHECK_STR(text, "inside");
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	return close(fd);
}

static int resolves_below_the_root(const void *arg)
{
	CHECK_OK(setup());

	int r = check_row(arg, false);

	CHECK_OK(teardown());
	return r;
}

static int in_child(const struct row *row, int code)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(forbid_openat2(code) == 0 && check_row(row, true) == 0 ? 0 : 1);
	CHECK_OK(pid);
	CHECK_OK(waitpid(pid, &status, 0));
	CHECK_INT(status, 0);
	return 0;
}

static int does_without_openat2(const void *arg)
{
	CHECK_OK(setup());

	int r = in_child(arg, ENOSYS);

	CHECK_OK(teardown());
	return r;
}

static int does_where_openat2_is_forbidden(const void *arg)
{
	CHECK_OK(setup());

	int r = in_child(arg, EPERM);

	CHECK_OK(teardown());
	return r;
}

static int does_not_follow_magic_links(void)
{
	CHECK_OK(setup());
	CHECK_OK(mkdirat(root, "proc", 0755));

	/* a procfs in the root: its links to files of processes are not followed */
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = nsx_inroot_open(proc, "self/root/etc/passwd", O_RDONLY, 0, NULL);

	CHECK(fd < 0);
	fd = nsx_inroot_open(proc, "self/exe", O_RDONLY, 0, NULL);
	CHECK(fd < 0);
	fd = nsx_inroot_open(proc, "self/status", O_RDONLY, 0, NULL);
	CHECK_OK(fd);
	CHECK_OK(close(fd));
	CHECK_OK(close(proc));
	return teardown();
}

static int does_not_wait_for_a_fifo(void)
{
	CHECK_OK(setup());

	int fd = nsx_inroot_open(root, "fifo", O_PATH, 0, NULL);

	CHECK_OK(fd);
	CHECK_OK(close(fd));
	return teardown();
}

static int makes_directories_and_files_below_the_root_only(void)
{
	struct stat st;
	int fd;

	CHECK_OK(setup());
	fd = nsx_inroot_mkdir(root, "/new/er/est", 0700, NULL);
	CHECK_OK(fd);
	CHECK_OK(close(fd));
	CHECK_OK(fstatat(root, "new/er/est", &st, 0));
	CHECK(S_ISDIR(st.st_mode));
	fd = nsx_inroot_mkdir(root, "/new/er/est", 0700, NULL);
	CHECK_OK(fd); /* again */
	CHECK_OK(close(fd));
	CHECK_INT(nsx_inroot_mkdir(root, "etc/passwd", 0700, NULL), -ENOTDIR);

	fd = nsx_inroot_mkfile(root, "new/file", NULL);
	CHECK_OK(fd);
	CHECK_OK(close(fd));
	CHECK_OK(fstatat(root, "new/file", &st, 0));
	CHECK(S_ISREG(st.st_mode) && st.st_size == 0);
	fd = nsx_inroot_mkfile(root, "etc/passwd", NULL); /* something is there: stays */
	CHECK_OK(fd);
	CHECK_OK(fstat(fd, &st));
	CHECK_INT(st.st_size, 6);
	CHECK_OK(close(fd));
	CHECK_INT(nsx_inroot_mkfile(root, "etc", NULL), -EISDIR);

	(void)nsx_inroot_mkdir(root, "escape/made", 0700, NULL);
	(void)nsx_inroot_mkfile(root, "escape2/made", NULL);
	(void)nsx_inroot_mkfile(root, "up/made-up", NULL);
	CHECK(fstatat(root, "../outside/made", &st, 0) < 0 && errno == ENOENT);
	CHECK(fstatat(root, "../made-up", &st, 0) < 0 && errno == ENOENT);

	DIR *left = opendir(top); /* what these made inside, if anything, goes with the corpus */

	CHECK(left != NULL);
	CHECK_OK(closedir(left));
	for (int other = 3; other < 64; other++) /* the results that were ignored */
		if (other != root && fcntl(other, F_GETFD) >= 0 && fstat(other, &st) == 0 &&
		    st.st_uid == geteuid() && (fcntl(other, F_GETFL) & O_PATH) != 0)
			(void)close(other);
	return teardown();
}

static int refuses_a_path_that_is_too_long(void)
{
	char path[PATH_MAX + 10];

	CHECK_OK(setup());
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	CHECK(nsx_inroot_open(root, path, O_RDONLY, 0, NULL) < 0);
	memset(path, 'a', 300);
	path[300] = '\0';
	CHECK_INT(nsx_inroot_open(root, path, O_RDONLY, 0, NULL), -ENAMETOOLONG);
	return teardown();
}

TAP_MAIN(CASE_TABLE(resolves_below_the_root, rows), CASE_TABLE(does_without_openat2, rows),
	 CASE_TABLE(does_where_openat2_is_forbidden, rows), CASE(does_not_follow_magic_links),
	 CASE(does_not_wait_for_a_fifo), CASE(makes_directories_and_files_below_the_root_only),
	 CASE(refuses_a_path_that_is_too_long))
