/* SPDX-License-Identifier: Apache-2.0 */
/* context.c owns what is read of the target: status, directories, oom_score_adj, label. */
#include "lib/context.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/idmap.h"
#include "lib/step.h"

/* What is read of /proc/PID/status, in the order in which the kernel writes it. */
enum status_line {
	LINE_UMASK,
	LINE_STATE,
	LINE_UID,
	LINE_GID,
	LINE_GROUPS,
	LINE_CAP_INH,
	LINE_CAP_PRM,
	LINE_CAP_EFF,
	LINE_CAP_BND,
	LINE_CAP_AMB,
	LINE_NO_NEW_PRIVS,
	LINE_SECCOMP,
	LINE_FILTERS,
	LINE_COUNT,
};

static const char line_names[LINE_COUNT][18] = {
	"Umask:",  "State:",  "Uid:",    "Gid:",        "Groups:",  "CapInh:",          "CapPrm:",
	"CapEff:", "CapBnd:", "CapAmb:", "NoNewPrivs:", "Seccomp:", "Seccomp_filters:",
};

/* Find all lines in one pass: the text behind the name, blanks skipped; NULL for one that this kernel does not write. */
static void find_lines(const char *status, const char *lines[LINE_COUNT])
{
	unsigned next = 0;

	memset(lines, 0, LINE_COUNT * sizeof(lines[0]));
	for (const char *p = status; *p != '\0';) {
		for (unsigned i = next; i < LINE_COUNT; i++) {
			const char *text =
				*p == line_names[i][0] ? nsx_str_starts(p, line_names[i]) : NULL;

			if (text == NULL)
				continue;
			lines[i] = text + strspn(text, " \t");
			next = i + 1;
			break;
		}
		p = strchr(p, '\n');
		if (p == NULL)
			break;
		p++;
	}
}

static uint64_t line_number(const char *p, unsigned base)
{
	uint64_t value = 0;

	for (; p != NULL; p++) {
		unsigned digit = *p >= '0' && *p <= '9' ? (unsigned)(*p - '0') :
				 *p >= 'a' && *p <= 'f' ? (unsigned)(*p - 'a') + 10 :
							  99;

		if (digit >= base)
			break;
		value = value * base + digit;
	}
	return value;
}

/* The second number of "Uid:" and "Gid:" is the effective one. */
static int effective_id(const char *p, uint32_t *ret_id)
{
	uint64_t value;

	if (p == NULL || nsx_num_scan_u64(&p, &value) < 0)
		return -EPROTO;
	p += strspn(p, " \t");
	if (nsx_num_scan_u64(&p, &value) < 0 || value > UINT32_MAX)
		return -EPROTO;
	*ret_id = (uint32_t)value;
	return 0;
}

static int read_groups(const char *p, struct nsx_target *target)
{
	uint64_t value;

	target->group_count = 0;
	while (p != NULL && nsx_num_scan_u64(&p, &value) == 0) {
		if (target->group_count == NSX_GROUPS_SHOWN_MAX)
			return -E2BIG;
		target->groups[target->group_count++] = (uint32_t)value;
		p += strspn(p, " ");
	}
	return 0;
}

/* Translate ids as the caller sees them into those inside the user namespace that is joined. */
static int map_ids(struct nsx_run *run, struct nsx_err *err)
{
	struct nsx_target *target = &run->target;
	char *uid_map = run->room->scratch;
	char *gid_map = run->room->scratch2;
	char policy[16];
	uint32_t kept = 0;

	if (nsx_file_read(target->proc_fd, "uid_map", uid_map, sizeof(run->room->scratch), err) <
		    0 ||
	    nsx_file_read(target->proc_fd, "gid_map", gid_map, sizeof(run->room->scratch2), err) <
		    0 ||
	    nsx_file_read(target->proc_fd, "setgroups", policy, sizeof(policy), err) < 0)
		return err->code;

	target->setgroups_denied = nsx_str_starts(policy, "deny") != NULL;
	if (nsx_run_takes(run, NSEXEC_CONTEXT_IDS)) {
		if ((run->spec->set & NSX_SET_UID) == 0 &&
		    nsx_idmap_to_inside(uid_map, target->uid, &target->uid) < 0)
			return nsx_err_set(err, -EOVERFLOW, "map-id", "the target's user id",
					   NSX_HINT_UNMAPPED_ID);
		if ((run->spec->set & NSX_SET_GID) == 0 &&
		    nsx_idmap_to_inside(gid_map, target->gid, &target->gid) < 0)
			return nsx_err_set(err, -EOVERFLOW, "map-id", "the target's group id",
					   NSX_HINT_UNMAPPED_ID);
	}
	for (uint32_t i = 0; i < target->group_count; i++)
		if (nsx_idmap_to_inside(gid_map, target->groups[i], &target->groups[kept]) == 0)
			kept++; /* groups without a mapping can not be had inside, nor does the kernel show them */
	target->group_count = kept;
	return 0;
}

int nsx_context_status(struct nsx_run *run, struct nsx_err *err)
{
	static const enum status_line caps[5] = { LINE_CAP_EFF, LINE_CAP_PRM, LINE_CAP_INH,
						  LINE_CAP_BND, LINE_CAP_AMB };
	struct nsx_target *target = &run->target;
	const char *lines[LINE_COUNT];
	ssize_t n = nsx_run_read(run, target->proc_fd, "status", run->room->scratch,
				 sizeof(run->room->scratch), err);
	const char *state;

	if (n < 0)
		return (int)n;

	find_lines(run->room->scratch, lines);
	state = lines[LINE_STATE];
	if (state == NULL || *state == 'Z' || *state == 'X')
		return nsx_err_set(err, -ESRCH, "read-status", "target", NSX_HINT_TARGET_GONE);
	if (effective_id(lines[LINE_UID], &target->uid) < 0 ||
	    effective_id(lines[LINE_GID], &target->gid) < 0)
		return nsx_err_set(err, -EPROTO, "read-status", "Uid, Gid", NSX_HINT_NONE);
	if (read_groups(lines[LINE_GROUPS], target) < 0)
		return nsx_err_set(err, -E2BIG, "read-status", "Groups", NSX_HINT_NONE);

	for (unsigned i = 0; i < 5; i++)
		target->caps[i] = line_number(lines[caps[i]], 16);
	target->umask = (uint32_t)line_number(lines[LINE_UMASK], 8);
	target->no_new_privs = line_number(lines[LINE_NO_NEW_PRIVS], 10) != 0;
	target->has_seccomp = line_number(lines[LINE_SECCOMP], 10) != 0;
	target->filter_count = (uint32_t)line_number(lines[LINE_FILTERS], 10);

	return (run->join & NSEXEC_NS_USER) != 0 ? map_ids(run, err) : 0;
}

static int open_dir(int at, const char *name, int *ret_fd, struct nsx_err *err)
{
	*ret_fd = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_fd < 0)
		return nsx_err_set(err, -errno, "openat", name,
				   errno == EACCES ? NSX_HINT_PTRACE_ACCESS :
				   errno == ENOENT ? NSX_HINT_WORKDIR :
						     NSX_HINT_NONE);
	return 0;
}

int nsx_context_dirs(struct nsx_run *run, struct nsx_err *err)
{
	const struct nsx_spec *spec = run->spec;
	int r = 0;

	if (spec->root_dir != 0)
		r = open_dir(AT_FDCWD, nsx_spec_text(spec, spec->root_dir), &run->target.root_fd,
			     err);
	else if (nsx_run_takes(run, NSEXEC_CONTEXT_ROOT))
		r = open_dir(run->target.proc_fd, "root", &run->target.root_fd, err);
	if (r < 0)
		return r;
	if (spec->cwd_dir != 0)
		return open_dir(AT_FDCWD, nsx_spec_text(spec, spec->cwd_dir), &run->target.cwd_fd,
				err);
	if (nsx_run_takes(run, NSEXEC_CONTEXT_CWD) && spec->cwd == 0)
		return open_dir(run->target.proc_fd, "cwd", &run->target.cwd_fd, err);
	return 0;
}

static int read_oom(struct nsx_run *run, int dir, const char *path, int32_t *ret_value,
		    struct nsx_err *err)
{
	char text[24];
	const char *p = text;
	uint64_t value;
	ssize_t n = nsx_run_read(run, dir, path, text, sizeof(text), err);

	if (n < 0)
		return (int)n;
	if (*p == '-')
		p++;
	if (nsx_num_scan_u64(&p, &value) < 0 || value > 1000)
		return nsx_err_set(err, -EPROTO, "read-oom", path, NSX_HINT_NONE);
	*ret_value = text[0] == '-' ? -(int32_t)value : (int32_t)value;
	return 0;
}

int nsx_context_oom(struct nsx_run *run, struct nsx_err *err)
{
	int32_t own = 0;
	int r;

	if ((run->spec->set & NSX_SET_OOM) != 0) {
		run->oom_score_adj = run->spec->oom_score_adj;
	} else {
		r = read_oom(run, run->target.proc_fd, "oom_score_adj", &run->oom_score_adj, err);
		if (r < 0)
			return r;
	}
	r = read_oom(run, AT_FDCWD, "/proc/self/oom_score_adj", &own, err);
	if (r < 0)
		return r;
	run->set_oom = own != run->oom_score_adj;
	return 0;
}

/* Where the mode begins, which is last, as a name may have brackets, too; the end if there is none; NULL: not AppArmor. */
static const char *nsx_label_mode(const char *current)
{
	const char *mode = NULL;

	for (const char *p = current; (p = strstr(p, " (")) != NULL; p++)
		mode = p;
	return mode == NULL && strcmp(current, "unconfined") == 0 ? current + strlen(current) :
								    mode;
}

/* "NAME (enforce)" is how AppArmor shows a profile; SELinux and Smack show the bare context. */
static char *exec_label(const char *current)
{
	const char *mode = nsx_label_mode(current);
	size_t len = mode != NULL ? (size_t)(mode - current) : strlen(current);
	const char *prefix = mode != NULL ? "exec " : "";
	char *label = malloc(strlen(prefix) + len + 1);

	if (label == NULL)
		return NULL;
	memcpy(label, prefix, strlen(prefix));
	memcpy(label + strlen(prefix), current, len);
	label[strlen(prefix) + len] = '\0';
	return label;
}

/* Is there a security module that labels processes? Unknown before 6.8: then it has to be read. */
static bool may_have_label(void)
{
	enum { SELINUX = 101, SMACK = 102, APPARMOR = 104 };
	uint64_t ids[32];
	uint32_t bytes = sizeof(ids);
	long count = syscall(SYS_lsm_list_modules, ids, &bytes, 0);

	if (count < 0)
		return true;
	for (long i = 0; i < count; i++)
		if (ids[i] == SELINUX || ids[i] == SMACK || ids[i] == APPARMOR)
			return true;
	return false;
}

int nsx_context_label(struct nsx_run *run, struct nsx_err *err)
{
	char *theirs = run->room->scratch;
	char *ours = run->room->scratch2;
	const char *wanted = nsx_spec_text(run->spec, run->spec->label);
	struct nsx_err none = { 0 };
	ssize_t n;

	if (wanted[0] == '\0') {
		if (!may_have_label())
			return 0;
		n = nsx_file_read(run->target.proc_fd, "attr/current", theirs,
				  sizeof(run->room->scratch), &none);
		if (n == -EINVAL || n == -ENOENT || n == 0) /* no LSM has anything to say */
			return 0;
		if (n < 0) {
			*err = none;
			nsx_err_hint(err, NSX_HINT_NO_LSM);
			return (int)n;
		}
		theirs[strcspn(theirs, "\n")] = '\0';
		if (nsx_file_read(AT_FDCWD, "/proc/self/attr/current", ours,
				  sizeof(run->room->scratch2), &none) < 0)
			ours[0] = '\0';
		ours[strcspn(ours, "\n")] = '\0';
		if (strcmp(theirs, ours) == 0)
			return 0;
		wanted = theirs;
	}

	run->label = exec_label(wanted);
	if (run->label == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", "label", NSX_HINT_NONE);
	return 0;
}
