/* SPDX-License-Identifier: Apache-2.0 */
/* registry.c owns the names of containers. */
#include "cli/registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "base/own.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/parse.h"

enum { PATH_BYTES = 512 };

/* "/run/nsexec", or that of the user. */
static int run_dir(char *buf, size_t size, struct nsx_err *err)
{
	struct nsx_str out = NSX_STR(buf, size);
	const char *own = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0) {
		nsx_str_add(&out, "/run/nsexec");
		return 0;
	}
	if (own == NULL || own[0] != '/')
		return nsx_err_set(err, -ENOENT, "find-run-directory", "XDG_RUNTIME_DIR (not set)",
				   NSX_HINT_NONE);
	nsx_str_add(&out, own);
	nsx_str_add(&out, "/nsexec");
	return out.cut ? nsx_err_set(err, -ENAMETOOLONG, "find-run-directory", own, NSX_HINT_NONE) :
			 0;
}

static int path_of(char *buf, size_t size, const char *name, const char *file, struct nsx_err *err)
{
	int r = run_dir(buf, size, err);
	struct nsx_str out = { .buf = buf, .size = size, .used = r < 0 ? 0 : strlen(buf) };

	if (r < 0)
		return r;
	nsx_str_add(&out, "/");
	nsx_str_add(&out, name);
	if (file != NULL) {
		nsx_str_add(&out, "/");
		nsx_str_add(&out, file);
	}
	return out.cut ?
		       nsx_err_set(err, -ENAMETOOLONG, "find-run-directory", name, NSX_HINT_NONE) :
		       0;
}

static int write_file(const char *path, const void *data, size_t bytes, struct nsx_err *err)
{
	auto_close int fd =
		openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return nsx_err_sys(err, "open", path);
	r = nsx_file_write_all(fd, data, bytes);
	return r < 0 ? nsx_err_set(err, r, "write", path, NSX_HINT_NONE) : 0;
}

static uint64_t number_of(const char *text, const char *key)
{
	const char *p = strstr(text, key);
	uint64_t value = 0;

	if (p == NULL)
		return 0;
	p += strlen(key);
	return nsx_num_scan_u64(&p, &value) < 0 ? 0 : value;
}

static void text_of(const char *text, const char *key, char *buf, size_t size)
{
	const char *p = strstr(text, key);
	size_t len;

	buf[0] = '\0';
	if (p == NULL)
		return;
	p += strlen(key);
	len = strcspn(p, "\n");
	if (len >= size)
		len = size - 1;
	memcpy(buf, p, len);
	buf[len] = '\0';
}

/* Returns 0, -ENOENT, or why it could not be read. */
static int read_entry(const char *name, struct registry_entry *entry)
{
	char path[PATH_BYTES];
	char text[2048];
	ssize_t n;

	memset(entry, 0, sizeof(*entry));
	(void)nsx_str_copy(entry->name, sizeof(entry->name), name);
	if (path_of(path, sizeof(path), name, "state", NULL) < 0)
		return -ENOENT;
	n = nsx_file_read(AT_FDCWD, path, text, sizeof(text), NULL);
	if (n <= 0)
		return n < 0 ? (int)n : -ENOENT;
	entry->pid = (pid_t)number_of(text, "\npid ");
	entry->start = number_of(text, "\nstart ");
	entry->supervisor = (pid_t)number_of(text, "\nsupervisor ");
	entry->supervisor_start = number_of(text, "\nsupervisor-start ");
	entry->created = (int64_t)number_of(text, "\ncreated ");
	text_of(text, "\nseccomp ", entry->seccomp, sizeof(entry->seccomp));
	text_of(text, "\ncommand ", entry->command, sizeof(entry->command));
	return 0;
}

static bool is_alive(const struct registry_entry *entry)
{
	if (entry->pid > 0)
		return nsx_proc_is(entry->pid, entry->start);
	return entry->supervisor > 0 && nsx_proc_is(entry->supervisor, entry->supervisor_start);
}

/* Without a state file it is either being made this moment, or its maker was killed in that moment: time decides. */
static bool is_stale(const char *name, struct registry_entry *entry)
{
	char path[PATH_BYTES];
	struct stat st;
	struct timespec now;

	int r = read_entry(name, entry);

	if (r != -ENOENT)
		return r == 0 &&
		       !is_alive(entry); /* what can not be read is not ours to call dead */
	return path_of(path, sizeof(path), name, NULL, NULL) == 0 && stat(path, &st) == 0 &&
	       clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec - st.st_mtim.tv_sec > 1;
}

void registry_release(const char *name)
{
	static const char *const files[] = { "state.new", "state", "filter" };
	char path[PATH_BYTES];

	for (size_t i = 0; i < NSX_ARRAY_SIZE(files); i++)
		if (path_of(path, sizeof(path), name, files[i], NULL) == 0)
			(void)unlink(path);
	if (path_of(path, sizeof(path), name, NULL, NULL) == 0)
		(void)rmdir(path);
	if (run_dir(path, sizeof(path), NULL) == 0)
		(void)rmdir(path); /* stays while there are others */
}

void registry_release_own(const struct registry_entry *entry)
{
	struct registry_entry now;

	if (read_entry(entry->name, &now) == 0 && now.supervisor == entry->supervisor &&
	    now.supervisor_start == entry->supervisor_start)
		registry_release(entry->name);
}

int registry_update(const struct registry_entry *entry, struct nsx_err *err)
{
	char path[PATH_BYTES];
	char temporary[PATH_BYTES] = "";
	char text[1024];
	int n = snprintf(text, sizeof(text),
			 "nsexec 1\npid %d\nstart %llu\nsupervisor %d\nsupervisor-start %llu\n"
			 "created %lld\nseccomp %s\ncommand %s\n",
			 entry->pid, (unsigned long long)entry->start, entry->supervisor,
			 (unsigned long long)entry->supervisor_start, (long long)entry->created,
			 entry->seccomp, entry->command);
	int r = path_of(path, sizeof(path), entry->name, "state", err);

	if (r >= 0)
		r = path_of(temporary, sizeof(temporary), entry->name, "state.new", err);
	if (r >= 0)
		r = write_file(temporary, text, (size_t)n, err);
	if (r >= 0 && rename(temporary, path) < 0)
		r = nsx_err_sys(err, "rename", path);
	return r;
}

static int add_cleanup(struct nsexec_plan *plan, const char *name, struct nsx_err *err)
{
	static const char *const files[] = { "state.new", "state", "filter", NULL };
	char path[PATH_BYTES];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < NSX_ARRAY_SIZE(files); i++) {
		r = path_of(path, sizeof(path), name, files[i], err);
		if (r >= 0)
			r = nsexec_plan_add_cleanup(plan, path, err);
	}
	if (r >= 0)
		r = run_dir(path, sizeof(path), err);
	return r < 0 ? r : nsexec_plan_add_cleanup(plan, path, err);
}

int registry_claim(struct nsexec_plan *plan, struct registry_entry *entry, struct nsx_err *err)
{
	char dir[PATH_BYTES];
	char path[PATH_BYTES];
	struct registry_entry other;
	int r = run_dir(dir, sizeof(dir), err);

	if (r < 0)
		return r;
	r = path_of(path, sizeof(path), entry->name, NULL, err);
	for (int tries = 0; r >= 0; tries++) {
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			return nsx_err_sys(err, "mkdir", dir);
		if (mkdir(path, 0700) == 0)
			break;
		if (errno == ENOENT &&
		    tries < 100) /* the run directory went with its last container */
			continue;
		if (errno != EEXIST) {
			r = nsx_err_sys(err, "mkdir", path);
			(void)rmdir(dir); /* stays if it was there before us with something in it */
			return r;
		}
		if (tries >= 100 || !is_stale(entry->name, &other))
			return nsx_err_set(err, -EEXIST, "claim-name", entry->name,
					   NSX_HINT_NAME_TAKEN);
		registry_release(entry->name);
	}
	if (r < 0)
		return r;

	entry->supervisor = getpid();
	entry->supervisor_start = nsx_proc_start_of(entry->supervisor);
	r = registry_update(entry, err);
	if (r >= 0)
		r = add_cleanup(plan, entry->name, err);
	if (r < 0)
		registry_release(entry->name);
	return r;
}

int registry_save_filter(const struct registry_entry *entry, const void *filter, size_t bytes,
			 struct nsx_err *err)
{
	char path[PATH_BYTES];
	int r = path_of(path, sizeof(path), entry->name, "filter", err);

	return r < 0 ? r : write_file(path, filter, bytes, err);
}

ssize_t registry_load_filter(const char *name, char **ret_filter, struct nsx_err *err)
{
	char path[PATH_BYTES];
	int r = path_of(path, sizeof(path), name, "filter", err);

	return r < 0 ? r : nsx_file_read_alloc(AT_FDCWD, path, 1 << 20, ret_filter, err);
}

int registry_find(const char *name, struct registry_entry *ret_entry, struct nsx_err *err)
{
	int r = parse_name(name) ? read_entry(name, ret_entry) : -ENOENT;

	if (r == 0 && ret_entry->pid > 0 && is_alive(ret_entry))
		return 0;
	if (r == 0 && !is_alive(ret_entry))
		registry_release(name);
	r = r < 0 ? r : -ENOENT;
	return nsx_err_set(err, r, "find-name", name,
			   r == -ENOENT ? NSX_HINT_NO_SUCH_NAME : NSX_HINT_NONE);
}

void registry_each(void (*visit)(void *data, const struct registry_entry *entry), void *data,
		   unsigned most)
{
	char path[PATH_BYTES];
	auto_dir DIR *dir = NULL;

	if (run_dir(path, sizeof(path), NULL) < 0)
		return;
	dir = opendir(path);
	for (struct dirent *file; dir != NULL && (file = readdir(dir)) != NULL;) {
		struct registry_entry entry;

		if (!parse_name(file->d_name))
			continue;
		if (is_stale(file->d_name, &entry))
			registry_release(file->d_name);
		else if (visit != NULL && entry.pid > 0)
			visit(data, &entry);
		if (most != 0 && --most == 0)
			return;
	}
	(void)rmdir(
		path); /* the last one took only its own directory along; stays if there are others */
}
