/* SPDX-License-Identifier: Apache-2.0 */
/* plan_set.c owns the setters that fill a plan; each refuses what can be seen to be wrong by itself. */
#include <nsexec/plan.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/own.h"
#include "lib/plan_internal.h"

enum { IDMAP_LINES_MAX = 340, GROUPS_MAX = 65536, FDS_MAX = 256, HOSTNAME_MAX = 64 };

static int refuse(struct nsx_err *err, const char *what)
{
	return nsx_err_set(err, -EINVAL, "check-plan", what, NSX_HINT_NONE);
}

static int check_fd(int fd, const char *what, struct nsx_err *err)
{
	if (fd < 0 || fcntl(fd, F_GETFD) < 0)
		return nsx_err_set(err, -EBADF, "check-plan", what, NSX_HINT_NONE);
	return 0;
}

static int ns_index(uint32_t ns)
{
	return ns != 0 && (ns & (ns - 1)) == 0 && ns <= NSEXEC_NS_TIME ? __builtin_ctz(ns) : -1;
}

static int set_bit(struct nsexec_plan *plan, uint64_t bit, bool on)
{
	plan->spec.set = on ? plan->spec.set | bit : plan->spec.set & ~bit;
	return 0;
}

int nsexec_plan_set_flags(struct nsexec_plan *plan, uint64_t flags, struct nsexec_err *err)
{
	if ((flags & ~(uint64_t)(NSEXEC_PLAN_STRICT | NSEXEC_PLAN_INIT | NSEXEC_PLAN_TRACE |
				 NSEXEC_PLAN_KEEP_CAPS | NSEXEC_PLAN_NO_FORK)) != 0)
		return refuse(err, "flags: unknown bit");
	plan->spec.flags = flags;
	return 0;
}

int nsexec_plan_set_target_pid(struct nsexec_plan *plan, pid_t pid, uint64_t start_time,
			       struct nsexec_err *err)
{
	if (pid <= 0)
		return refuse(err, "target: a process id is at least 1");
	plan->spec.target_pid = pid;
	plan->spec.target_start = start_time;
	plan->spec.target_pidfd = -EBADF;
	return 0;
}

int nsexec_plan_set_target_pidfd(struct nsexec_plan *plan, int pidfd, struct nsexec_err *err)
{
	int r = check_fd(pidfd, "target: not an open descriptor", err);

	if (r < 0)
		return r;
	plan->spec.target_pidfd = pidfd;
	plan->spec.target_pid = 0;
	return 0;
}

int nsexec_plan_set_context(struct nsexec_plan *plan, uint32_t context, struct nsexec_err *err)
{
	if ((context & ~NSEXEC_CONTEXT_ALL) != 0)
		return refuse(err, "context: unknown bit");
	plan->spec.context = context;
	return 0;
}

int nsexec_plan_set_ns(struct nsexec_plan *plan, uint32_t ns, uint32_t mode, struct nsexec_err *err)
{
	if ((ns & ~NSEXEC_NS_ALL) != 0)
		return refuse(err, "ns: unknown kind");
	if (mode > NSEXEC_NS_MODE_TARGET)
		return refuse(err, "ns: unknown mode");
	for (unsigned i = 0; i < NSX_NS_COUNT; i++)
		if ((ns & 1u << i) != 0)
			plan->spec.ns[i].mode = mode;
	return 0;
}

int nsexec_plan_set_ns_fd(struct nsexec_plan *plan, uint32_t ns, int fd, struct nsexec_err *err)
{
	int index = ns_index(ns);
	int r;

	if (index < 0)
		return refuse(err, "ns: one kind is needed");
	r = check_fd(fd, nsexec_ns_name(ns), err);
	if (r < 0)
		return r;
	plan->spec.ns[index] = (struct nsx_ns_choice){ .mode = NSX_NS_MODE_FD, .fd = fd };
	return 0;
}

int nsexec_plan_set_ns_path(struct nsexec_plan *plan, uint32_t ns, const char *path,
			    struct nsexec_err *err)
{
	int index = ns_index(ns);
	uint32_t text;
	int r;

	if (index < 0)
		return refuse(err, "ns: one kind is needed");
	r = nsx_plan_text(plan, path, "ns: empty path", &text, err);
	if (r < 0)
		return r;
	plan->spec.ns[index] = (struct nsx_ns_choice){ .mode = NSX_NS_MODE_PATH, .path = text };
	return 0;
}

static bool ranges_meet(uint32_t a, uint32_t a_count, uint32_t b, uint32_t b_count)
{
	return a < b + b_count && b < a + a_count;
}

static int add_map(struct nsexec_plan *plan, enum nsx_list list, const struct nsexec_idmap *map,
		   struct nsx_err *err)
{
	const struct nsexec_idmap *old = (const void *)plan->lists[list].data;
	size_t count = plan->lists[list].bytes / sizeof(*old);

	if (map->count == 0 || map->inside > UINT32_MAX - map->count ||
	    map->outside > UINT32_MAX - map->count)
		return refuse(err, "id map: the range is empty or wraps");
	if (count >= IDMAP_LINES_MAX)
		return nsx_err_set(err, -E2BIG, "check-plan", "id map: 340 lines at most",
				   NSX_HINT_NONE);
	for (size_t i = 0; i < count; i++)
		if (ranges_meet(map->inside, map->count, old[i].inside, old[i].count) ||
		    ranges_meet(map->outside, map->count, old[i].outside, old[i].count))
			return refuse(err, "id map: two lines overlap");
	return nsx_plan_append(plan, list, map, sizeof(*map), err);
}

int nsexec_plan_add_uid_map(struct nsexec_plan *plan, const struct nsexec_idmap *map,
			    struct nsexec_err *err)
{
	return add_map(plan, NSX_LIST_UID_MAP, map, err);
}

int nsexec_plan_add_gid_map(struct nsexec_plan *plan, const struct nsexec_idmap *map,
			    struct nsexec_err *err)
{
	return add_map(plan, NSX_LIST_GID_MAP, map, err);
}

int nsexec_plan_set_setgroups(struct nsexec_plan *plan, uint32_t policy, struct nsexec_err *err)
{
	if (policy > NSEXEC_SETGROUPS_DENY)
		return refuse(err, "setgroups: unknown policy");
	plan->spec.setgroups = policy;
	return 0;
}

int nsexec_plan_set_time_offset(struct nsexec_plan *plan, int clock, int64_t seconds,
				uint32_t nanoseconds, struct nsexec_err *err)
{
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
		return refuse(err, "time offset: the clock is monotonic or boottime");
	if (nanoseconds > 999999999)
		return refuse(err, "time offset: nanoseconds are 0 to 999999999");

	unsigned index = clock == CLOCK_BOOTTIME;

	plan->spec.time[index] =
		(struct nsx_time_offset){ .seconds = seconds, .nanoseconds = nanoseconds };
	return set_bit(plan, (uint64_t)NSX_SET_TIME0 << index, true);
}

int nsexec_plan_set_root_path(struct nsexec_plan *plan, const char *path, struct nsexec_err *err)
{
	int r = nsx_plan_text(plan, path, "root: empty path", &plan->spec.root_path, err);

	if (r < 0)
		return r;
	plan->spec.root = NSX_ROOT_PATH;
	return 0;
}

int nsexec_plan_set_root_fd(struct nsexec_plan *plan, int fd, struct nsexec_err *err)
{
	int r = check_fd(fd, "root: not an open descriptor", err);

	if (r < 0)
		return r;
	plan->spec.root = NSX_ROOT_FD;
	plan->spec.root_fd = fd;
	return 0;
}

int nsexec_plan_set_root_default(struct nsexec_plan *plan, struct nsexec_err *err)
{
	(void)err;
	plan->spec.root = NSX_ROOT_DEFAULT;
	return 0;
}

int nsexec_plan_set_root_readonly(struct nsexec_plan *plan, bool readonly, struct nsexec_err *err)
{
	(void)err;
	return set_bit(plan, NSX_SET_ROOT_READONLY, readonly);
}

int nsexec_plan_set_hostname(struct nsexec_plan *plan, const char *name, struct nsexec_err *err)
{
	if (name != NULL && strlen(name) > HOSTNAME_MAX)
		return refuse(err, "hostname: 64 bytes at most");
	return nsx_plan_text(plan, name, "hostname: empty", &plan->spec.hostname, err);
}

int nsexec_plan_set_loopback(struct nsexec_plan *plan, bool up, struct nsexec_err *err)
{
	(void)err;
	return set_bit(plan, NSX_SET_LOOPBACK, up);
}

int nsexec_plan_set_ids(struct nsexec_plan *plan, uint32_t uid, uint32_t gid,
			struct nsexec_err *err)
{
	if (uid == UINT32_MAX || gid == UINT32_MAX)
		return refuse(err, "ids: 4294967295 is no id");
	plan->spec.uid = uid;
	plan->spec.gid = gid;
	return set_bit(plan, NSX_SET_IDS, true);
}

int nsexec_plan_set_uid(struct nsexec_plan *plan, uint32_t uid, struct nsexec_err *err)
{
	if (uid == UINT32_MAX)
		return refuse(err, "uid: 4294967295 is no id");
	plan->spec.uid = uid;
	return set_bit(plan, NSX_SET_UID, true);
}

int nsexec_plan_set_gid(struct nsexec_plan *plan, uint32_t gid, struct nsexec_err *err)
{
	if (gid == UINT32_MAX)
		return refuse(err, "gid: 4294967295 is no id");
	plan->spec.gid = gid;
	return set_bit(plan, NSX_SET_GID, true);
}

int nsexec_plan_set_groups(struct nsexec_plan *plan, const uint32_t *groups, size_t count,
			   struct nsexec_err *err)
{
	if (count > GROUPS_MAX)
		return refuse(err, "groups: 65536 at most");
	nsx_plan_clear(plan, NSX_LIST_GROUPS);
	set_bit(plan, NSX_SET_GROUPS, true);
	return nsx_plan_append(plan, NSX_LIST_GROUPS, groups, count * sizeof(*groups), err);
}

int nsexec_plan_set_umask(struct nsexec_plan *plan, uint32_t mask, struct nsexec_err *err)
{
	if (mask > 0777)
		return refuse(err, "umask: 0777 at most");
	plan->spec.umask = mask;
	return set_bit(plan, NSX_SET_UMASK, true);
}

int nsexec_plan_set_caps(struct nsexec_plan *plan, uint32_t set, uint64_t caps,
			 struct nsexec_err *err)
{
	if (set > NSEXEC_CAPS_AMBIENT)
		return refuse(err, "caps: unknown set");
	plan->spec.caps[set] = caps;
	return set_bit(plan, (uint64_t)NSX_SET_CAPS0 << set, true);
}

int nsexec_plan_set_launch_caps(struct nsexec_plan *plan, uint64_t caps, struct nsexec_err *err)
{
	bool root = (plan->spec.set & NSX_SET_UID) == 0 || plan->spec.uid == 0;
	const uint64_t sets[] = { [NSEXEC_CAPS_EFFECTIVE] = root ? caps : 0,
				  [NSEXEC_CAPS_PERMITTED] = root ? caps : 0,
				  [NSEXEC_CAPS_INHERITABLE] = 0,
				  [NSEXEC_CAPS_BOUNDING] = caps,
				  [NSEXEC_CAPS_AMBIENT] = 0 };
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < NSX_ARRAY_SIZE(sets); i++)
		r = nsexec_plan_set_caps(plan, i, sets[i], err);
	return r;
}

int nsexec_plan_add_caps(struct nsexec_plan *plan, uint64_t caps, struct nsexec_err *err)
{
	(void)err;
	plan->spec.caps_add |= caps;
	return 0;
}

int nsexec_plan_drop_caps(struct nsexec_plan *plan, uint64_t caps, struct nsexec_err *err)
{
	(void)err;
	plan->spec.caps_drop |= caps;
	return 0;
}

int nsexec_plan_set_securebits(struct nsexec_plan *plan, uint32_t bits, struct nsexec_err *err)
{
	if ((bits & ~0xffu) != 0)
		return refuse(err, "securebits: unknown bit");
	plan->spec.securebits = bits;
	return set_bit(plan, NSX_SET_SECUREBITS, true);
}

int nsexec_plan_set_no_new_privs(struct nsexec_plan *plan, bool on, struct nsexec_err *err)
{
	(void)err;
	plan->spec.no_new_privs = on;
	return set_bit(plan, NSX_SET_NNP, true);
}

int nsexec_plan_set_lsm_label(struct nsexec_plan *plan, const char *label, struct nsexec_err *err)
{
	return nsx_plan_text(plan, label, "label: empty", &plan->spec.label, err);
}

int nsexec_plan_set_keyring(struct nsexec_plan *plan, bool own, struct nsexec_err *err)
{
	(void)err;
	return set_bit(plan, NSX_SET_OWN_KEYRING, own);
}

int nsexec_plan_set_rlimit(struct nsexec_plan *plan, int resource, uint64_t soft, uint64_t hard,
			   struct nsexec_err *err)
{
	if (resource < 0 || resource >= (int)RLIM_NLIMITS)
		return refuse(err, "rlimit: unknown resource");
	if (soft > hard)
		return refuse(err, "rlimit: the soft limit is above the hard one");

	struct nsx_rlimit limit = { .resource = (uint32_t)resource, .soft = soft, .hard = hard };

	return nsx_plan_append(plan, NSX_LIST_RLIMITS, &limit, sizeof(limit), err);
}

int nsexec_plan_set_oom_score_adj(struct nsexec_plan *plan, int value, struct nsexec_err *err)
{
	if (value < -1000 || value > 1000)
		return refuse(err, "oom_score_adj: -1000 to 1000");
	plan->spec.oom_score_adj = value;
	return set_bit(plan, NSX_SET_OOM, true);
}

int nsexec_plan_set_cgroup_fd(struct nsexec_plan *plan, int fd, struct nsexec_err *err)
{
	int r = check_fd(fd, "cgroup: not an open descriptor", err);

	if (r < 0)
		return r;
	plan->spec.cgroup_fd = fd;
	return 0;
}

int nsexec_plan_set_limit(struct nsexec_plan *plan, uint32_t limit, uint64_t value,
			  struct nsexec_err *err)
{
	if (limit > NSEXEC_LIMIT_CPU_MILLI || value == 0 || value > INT64_MAX / 1000)
		return refuse(err, "limit: unknown, or its value is 0 or too large");
	plan->spec.limits[limit] = value;
	return 0;
}

int nsexec_plan_set_cwd(struct nsexec_plan *plan, const char *path, struct nsexec_err *err)
{
	if (path != NULL && path[0] != '/')
		return refuse(err, "cwd: an absolute path is needed");
	return nsx_plan_text(plan, path, "cwd: empty", &plan->spec.cwd, err);
}

int nsexec_plan_set_root_dir(struct nsexec_plan *plan, const char *path, struct nsexec_err *err)
{
	return nsx_plan_text(plan, path, "root: empty path", &plan->spec.root_dir, err);
}

int nsexec_plan_set_cwd_outside(struct nsexec_plan *plan, const char *path, struct nsexec_err *err)
{
	return nsx_plan_text(plan, path, "cwd: empty", &plan->spec.cwd_dir, err);
}

int nsexec_plan_add_fd(struct nsexec_plan *plan, int from, int to, struct nsexec_err *err)
{
	const struct nsx_fd_pair *old = (const void *)plan->lists[NSX_LIST_FDS].data;
	size_t count = plan->lists[NSX_LIST_FDS].bytes / sizeof(*old);
	struct nsx_fd_pair pair = { .from = from, .to = to };
	int r;

	if (to < 0 || to >= 65536)
		return refuse(err, "fd: the number inside is 0 to 65535");
	if (count >= FDS_MAX)
		return nsx_err_set(err, -E2BIG, "check-plan", "fd: 256 at most", NSX_HINT_NONE);
	for (size_t i = 0; i < count; i++)
		if (old[i].to == to)
			return refuse(err, "fd: the same number inside twice");
	r = check_fd(from, "fd: not an open descriptor", err);
	if (r < 0)
		return r;
	return nsx_plan_append(plan, NSX_LIST_FDS, &pair, sizeof(pair), err);
}

int nsexec_plan_set_tty(struct nsexec_plan *plan, bool on, uint16_t rows, uint16_t columns,
			struct nsexec_err *err)
{
	(void)err;
	plan->spec.tty_rows = rows;
	plan->spec.tty_columns = columns;
	return set_bit(plan, NSX_SET_TTY, on);
}

int nsexec_plan_set_pdeathsig(struct nsexec_plan *plan, int sig, struct nsexec_err *err)
{
	if (sig < 0 || sig > 64)
		return refuse(err, "pdeathsig: no such signal");
	plan->spec.pdeathsig = sig;
	return 0;
}

static int set_texts(struct nsexec_plan *plan, enum nsx_list list, char *const texts[],
		     struct nsx_err *err)
{
	nsx_plan_clear(plan, list);
	for (size_t i = 0; texts[i] != NULL; i++) {
		int r = nsx_plan_append(plan, list, texts[i], strlen(texts[i]) + 1, err);

		if (r < 0)
			return r;
	}
	return 0;
}

int nsexec_plan_set_argv(struct nsexec_plan *plan, char *const argv[], struct nsexec_err *err)
{
	if (argv[0] == NULL || argv[0][0] == '\0')
		return refuse(err, "argv: the name of the program is empty");
	return set_texts(plan, NSX_LIST_ARGV, argv, err);
}

int nsexec_plan_set_env(struct nsexec_plan *plan, char *const envp[], struct nsexec_err *err)
{
	for (size_t i = 0; envp[i] != NULL; i++)
		if (strchr(envp[i], '=') == NULL)
			return refuse(err, "env: NAME=VALUE is needed");
	set_bit(plan, NSX_SET_ENV, true);
	return set_texts(plan, NSX_LIST_ENV, envp, err);
}

int nsexec_plan_add_env(struct nsexec_plan *plan, const char *assignment, struct nsexec_err *err)
{
	const char *equals = strchr(assignment, '=');

	if (equals == NULL || equals == assignment)
		return refuse(err, "env: NAME=VALUE is needed");
	return nsx_plan_append(plan, NSX_LIST_ENV_ADD, assignment, strlen(assignment) + 1, err);
}

int nsexec_plan_add_cleanup(struct nsexec_plan *plan, const char *path, struct nsexec_err *err)
{
	if (path[0] != '/')
		return refuse(err, "cleanup: an absolute path is needed");
	return nsx_plan_append(plan, NSX_LIST_CLEANUP, path, strlen(path) + 1, err);
}
