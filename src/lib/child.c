/* SPDX-License-Identifier: Apache-2.0 */
/* child.c owns the tables of the children: which steps, when, and why in this order. */
#include "lib/child.h"

#include <unistd.h>

#include "lib/child_steps.h"
#include "lib/context.h"
#include "lib/root.h"
#include "lib/tty.h"

static bool joins(const struct nsx_run *run)
{
	return run->join != 0;
}

static bool sets_oom(const struct nsx_run *run)
{
	return run->set_oom;
}

static bool has_v1(const struct nsx_run *run)
{
	return run->tasks_count > 0;
}

static bool verifies(const struct nsx_run *run)
{
	return nsx_run_verifies(run);
}

static bool opens_own(const struct nsx_run *run)
{
	return nsx_run_verifies(run) || run->label != NULL || (run->spec->set & NSX_SET_TTY) != 0;
}

static bool needs_dirs(const struct nsx_run *run)
{
	return nsx_run_takes(run, NSEXEC_CONTEXT_ROOT | NSEXEC_CONTEXT_CWD) ||
	       run->spec->root_dir != 0 || run->spec->cwd_dir != 0;
}

static bool new_time(const struct nsx_run *run)
{
	return (run->fresh & (NSEXEC_NS_TIME | NSEXEC_NS_USER)) == NSEXEC_NS_TIME;
}

static bool own_time(const struct nsx_run *run)
{
	return (~run->fresh & (NSEXEC_NS_TIME | NSEXEC_NS_USER)) == 0;
}

static bool is_inner(const struct nsx_run *run)
{
	return run->inner;
}

static bool unshares(const struct nsx_run *run)
{
	return run->final && run->fresh != 0;
}

static bool new_user(const struct nsx_run *run)
{
	return (run->fresh & NSEXEC_NS_USER) != 0;
}

static bool late_cgroup(const struct nsx_run *run)
{
	return (run->fresh & NSEXEC_NS_CGROUP) != 0 && run->own_cgroup;
}

static bool sets_hostname(const struct nsx_run *run)
{
	return run->spec->hostname != 0;
}

static bool sets_loopback(const struct nsx_run *run)
{
	return (run->spec->set & NSX_SET_LOOPBACK) != 0;
}

static bool new_mnt(const struct nsx_run *run)
{
	return (run->fresh & NSEXEC_NS_MNT) != 0;
}

static bool new_root(const struct nsx_run *run)
{
	return run->spec->root != NSX_ROOT_KEEP;
}

static bool default_root(const struct nsx_run *run)
{
	return run->spec->root == NSX_ROOT_DEFAULT;
}

/* Not made undumpable yet, or made dumpable again by new credentials. */
static bool still_dumpable(const struct nsx_run *run)
{
	return ((run->join | run->fresh) & NSEXEC_NS_USER) != 0 || run->join == 0;
}

static bool target_root(const struct nsx_run *run)
{
	return run->spec->root_dir != 0 || nsx_run_takes(run, NSEXEC_CONTEXT_ROOT);
}

static bool sets_rlimits(const struct nsx_run *run)
{
	return run->spec->lists[NSX_LIST_RLIMITS].bytes > 0;
}

static bool own_keyring(const struct nsx_run *run)
{
	return (run->spec->set & NSX_SET_OWN_KEYRING) != 0;
}

static bool sets_umask(const struct nsx_run *run)
{
	return run->identity.set_umask;
}

static bool sets_groups(const struct nsx_run *run)
{
	return run->identity.set_groups;
}

static bool sets_caps(const struct nsx_run *run)
{
	return run->identity.set_caps;
}

static bool caps_or_filter(const struct nsx_run *run)
{
	return run->identity.set_caps || (run->filters.count > 0 && !run->identity.no_new_privs);
}

static bool sets_securebits(const struct nsx_run *run)
{
	return (run->spec->set & NSX_SET_SECUREBITS) != 0;
}

static bool sets_ids(const struct nsx_run *run)
{
	return run->identity.change_ids;
}

static bool sets_cwd(const struct nsx_run *run)
{
	return run->spec->cwd != 0 || run->spec->cwd_dir != 0 ||
	       nsx_run_takes(run, NSEXEC_CONTEXT_CWD);
}

static bool sets_nnp(const struct nsx_run *run)
{
	return run->identity.no_new_privs;
}

static bool sets_label(const struct nsx_run *run)
{
	return run->label != NULL;
}

static bool filters(const struct nsx_run *run)
{
	return run->filters.count > 0 && run->identity.no_new_privs;
}

static bool makes_tty(const struct nsx_run *run)
{
	return (run->spec->set & NSX_SET_TTY) != 0;
}

static bool has_final(const struct nsx_run *run)
{
	return run->final;
}

static bool has_init(const struct nsx_run *run)
{
	return (run->spec->flags & NSEXEC_PLAN_INIT) != 0;
}

/* clang-format off */

/* Up to being in every namespace; all of it with the caller's root, and outside of the target's pid namespace. */
const struct nsx_step nsx_join_steps[] = {
	{ "signals",       NULL,        nsx_step_signals,        "the caller's signal mask and dispositions are not the program's" },
	{ "oom-score",     sets_oom,    nsx_step_oom,            "oom_score_adj differs; written while the process may still write its own /proc" },
	{ "cgroup-v1",     has_v1,      nsx_step_cgroup_v1,      "a single-threaded process moves itself; v2 is entered by birth" },
	{ "open-own",      opens_own,   nsx_step_open_own,       "what is needed of the caller's /proc and /dev later is opened while they can be trusted" },
	{ "directories",   needs_dirs,  nsx_context_dirs,        "root and working directory, as descriptors that can not be exchanged" },
	{ "fds",           NULL,        nsx_step_fds,            "before the join, so that nothing of the host can be reached from inside" },
	{ "undumpable",    joins,       nsx_step_undumpable,     "before the join, so that processes of the container can not trace us" },
	{ "join",          joins,       nsx_step_join,           "one setns(2) for all kinds of the target that differ" },
	{ "verify-join",   verifies,    nsx_step_verify,         "what was joined is what was asked for" },
	{ "time",          new_time,    nsx_step_time,           "clocks can be set only before a process lives in the time namespace" },
	{ "clone-inner",   is_inner,    nsx_step_clone_inner,    "what is joined comes before what is made" },
	{ "unshare",       unshares,    nsx_step_unshare,        "made before the process becomes visible in the pid namespace that is joined" },
	{ "private",       new_mnt,     nsx_root_private,        "before any mount, so that none reaches the host" },
	{ "sources",       new_root,    nsx_root_sources,        "with the caller's ids, which may be needed to look them up" },
	{ "maps",          new_user,    nsx_step_maps,           "only the starter, outside, may write the id maps" },
	{ "own-time",      own_time,    nsx_step_own_time,       "a new user namespace gives the power over clocks; the process enters what it has made" },
	{ NULL, NULL, NULL, NULL },
};

/* The new container around the process. */
const struct nsx_step nsx_build_steps[] = {
	{ "unshare-cgroup", late_cgroup,   nsx_step_unshare_cgroup, "after the birth in the new cgroup, which is to be the root inside" },
	{ "hostname",      sets_hostname,  nsx_step_hostname,       "needs the power over the new UTS namespace" },
	{ "loopback",      sets_loopback,  nsx_step_loopback,       "a new network namespace has lo down" },
	{ "attach-root",   new_root,       nsx_root_attach,         "the new root is attached over the old one, which is still needed" },
	{ "default-root",  default_root,   nsx_root_default,        "system directories appear through overlays, everything else is new" },
	{ "mounts",        new_root,       nsx_root_mounts,         "in the order of the plan, each onto a descriptor" },
	{ "hide-paths",    new_root,       nsx_root_hide,           "after the mounts whose files it covers; and the mounts are still where they were made" },
	{ "pivot-root",    new_root,       nsx_root_pivot,          "from here on nothing of the host can be reached" },
	{ NULL, NULL, NULL, NULL },
};

/* Power is dropped here, all of it, before the process becomes visible to the container. */
const struct nsx_step nsx_confine_steps[] = {
	{ "undumpable",    still_dumpable,   nsx_step_undumpable,     "a change of the user namespace changes credentials, which makes the process dumpable again" },
	{ "target-root",   target_root,    nsx_step_target_root,    "setns(2) gives the root of the mount namespace, the target may have another" },
	{ "keyring",       own_keyring,    nsx_step_keyring,        "the caller's session keyring would come along" },
	{ "rlimits",       sets_rlimits,   nsx_step_rlimits,        "while there is CAP_SYS_RESOURCE, if there is" },
	{ "umask",         sets_umask,     nsx_step_umask,          "as the target has it" },
	{ "groups",        sets_groups,    nsx_step_groups,         "needs CAP_SETGID: before the ids" },
	{ "bounding-set",  sets_caps,      nsx_step_bounding,       "needs CAP_SETPCAP: before the ids" },
	{ "securebits",    sets_securebits, nsx_step_securebits,    "needs CAP_SETPCAP: before the ids" },
	{ "ids",           sets_ids,       nsx_step_ids,            "group before user, or there is no power left for it" },
	{ "terminal",      makes_tty,      nsx_tty_make,            "as the program's user, who will own it" },
	{ "workdir",       sets_cwd,       nsx_step_workdir,        "as the program's user, and only if it can be reached" },
	{ "capabilities",  caps_or_filter, nsx_step_caps,           "after the ids, which change the sets; a filter without no_new_privs comes just before" },
	{ "label",         sets_label,     nsx_step_label,          "takes effect at execve; before the filter, which may forbid it" },
	{ "no-new-privs",  sets_nnp,       nsx_step_no_new_privs,   "lets an unprivileged process install the filter" },
	{ "seccomp",       filters,        nsx_step_seccomp,        "as late as possible: few calls of ours remain" },
	{ "clone-final",   has_final,      nsx_step_clone_final,    "visible in the target's pid namespace, with nothing that the container has not" },
	{ NULL, NULL, NULL, NULL },
};

const struct nsx_step nsx_final_steps[] = {
	{ "session",       NULL,           nsx_step_session,        "no access to the caller's terminal" },
	{ "parent-death",  NULL,           nsx_step_parent_death,   "after the last change of credentials, which clears the signal" },
	{ "init",          has_init,       nsx_step_init,           "a reaping pid 1 starts the program" },
	{ "exec",          NULL,           nsx_step_exec,           "the program" },
	{ NULL, NULL, NULL, NULL },
};

/* clang-format on */

_Noreturn void nsx_child_main(struct nsx_run *run)
{
	const struct nsx_step *const tables[] = { nsx_join_steps, nsx_build_steps,
						  nsx_confine_steps, nsx_final_steps };
	struct nsx_err err = { 0 };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (nsx_steps_run(tables[i], run, &err) < 0)
			break;
	nsx_fail(run, &err);
}
