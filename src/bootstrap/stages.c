/* SPDX-License-Identifier: Apache-2.0 */
/* stages.c owns the tables of the three stages: which steps, when, and why in this order. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/own.h"
#include "base/sys.h"
#include "bootstrap/boot.h"
#include "lib/child_steps.h"
#include "lib/context.h"
#include "lib/ns.h"
#include "lib/target.h"

/* A child of the runtime, which returns here as well. */
#define SIBLING (NSX_CLONE_PARENT | NSX_CLONE_PARENT_SETTID | SIGCHLD)

static bool joins(const struct nsx_run *run)
{
	return run->join != 0;
}

static bool joins_user(const struct nsx_run *run)
{
	return (run->join & NSEXEC_NS_USER) != 0;
}

static bool verifies(const struct nsx_run *run)
{
	return nsx_run_verifies(run);
}

static bool new_user(const struct nsx_run *run)
{
	return run->spec->ns[0].mode == NSEXEC_NS_MODE_NEW;
}

static bool joins_and_new_user(const struct nsx_run *run)
{
	return joins(run) && new_user(run);
}

static bool new_others(const struct nsx_run *run)
{
	return (run->fresh & ~(NSEXEC_NS_USER | NSEXEC_NS_TIME)) != 0;
}

static bool new_time(const struct nsx_run *run)
{
	return (run->fresh & NSEXEC_NS_TIME) != 0;
}

static bool has_oom(const struct nsx_run *run)
{
	return (run->spec->set & NSX_SET_OOM) != 0;
}

static bool sets_oom(const struct nsx_run *run)
{
	return run->set_oom;
}

static const struct nsx_boot *of(const struct nsx_run *run)
{
	return (const struct nsx_boot *)run;
}

static bool is_direct(const struct nsx_run *run)
{
	return of(run)->direct;
}

static bool is_staged(const struct nsx_run *run)
{
	return !of(run)->direct;
}

static bool names_two(const struct nsx_run *run)
{
	return of(run)->direct && !of(run)->era->by_environment;
}

/* A child that is made after the join would be seen in the container. */
static bool before_join(const struct nsx_run *run)
{
	return names_two(run) && run->join != 0;
}

static bool beside_stage2(const struct nsx_run *run)
{
	return names_two(run) && run->join == 0 && of(run)->stage == 0;
}

static bool direct_oom(const struct nsx_run *run)
{
	return of(run)->direct && run->set_oom;
}

static bool direct_join(const struct nsx_run *run)
{
	return of(run)->direct && run->join != 0;
}

static bool direct_verify(const struct nsx_run *run)
{
	return of(run)->direct && nsx_run_verifies(run);
}

static bool direct_join_user(const struct nsx_run *run)
{
	return of(run)->direct && joins_user(run);
}

static bool direct_user(const struct nsx_run *run)
{
	return of(run)->direct && new_user(run);
}

static bool has_sources(const struct nsx_run *run)
{
	return of(run)->message.mounts.text != NULL;
}

static bool has_groups(const struct nsx_run *run)
{
	return of(run)->message.setgroups && !of(run)->message.rootless;
}

static bool awaits_cgroup(const struct nsx_run *run)
{
	return of(run)->late_cgroup && of(run)->era->awaits_cgroup;
}

static bool late_cgroup(const struct nsx_run *run)
{
	return of(run)->late_cgroup;
}

static bool has_console(const struct nsx_run *run)
{
	return of(run)->console_fd >= 0;
}

/* Stage 1 and 2 together, before anything is made: what can be wrong with paths is said by stage 0. */
static int resolve(struct nsx_run *run, struct nsx_err *err)
{
	struct nsx_boot *boot = nsx_boot_of(run);
	int r = nsx_target_compare(run, err);

	boot->late_cgroup = boot->era->late_cgroup && (run->fresh & NSEXEC_NS_CGROUP) != 0;
	if (boot->late_cgroup)
		run->fresh &= ~NSEXEC_NS_CGROUP;
	/* what stage 0 has to do outside on behalf of another stage it could not do once it had joined */
	boot->direct = (run->fresh & NSEXEC_NS_TIME) == 0 && boot->message.mounts.text == NULL &&
		       (run->join == 0 || (run->fresh & NSEXEC_NS_USER) == 0);
	return r;
}

struct nsx_page *nsx_boot_share(const struct nsx_boot *boot)
{
	void *page = mmap(NULL, boot->page_bytes, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? NULL : page;
}

/* Stage 1 says there who stage 2 is, and what it is at. */
static int share_page(struct nsx_run *run, struct nsx_err *err)
{
	struct nsx_boot *boot = nsx_boot_of(run);
	struct nsx_page *page = nsx_boot_share(boot);

	if (page == NULL)
		return nsx_err_sys(err, "mmap", "page of stage-1");
	boot->page = page;
	run->page = page;
	return 0;
}

static void set_name(const char *name)
{
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

static int clone_stage1(struct nsx_run *run, struct nsx_err *err)
{
	struct nsx_boot *boot = nsx_boot_of(run);
	pid_t pid = nsx_thread_clone(&boot->thread, SIBLING, &boot->page->helper_pid);

	if (pid < 0)
		return nsx_err_sys(err, "clone", "stage-1");
	if (pid == 0) {
		boot->stage = 1;
		boot->log.tag = "nsexec-1";
		set_name("runc:[1:CHILD]");
		nsx_close_fd(&run->status_fd);
		return 0;
	}
	boot->stage_fd[1] = nsx_sys_pidfd_open(pid);
	return 0;
}

static int become_root(struct nsx_run *run, struct nsx_err *err)
{
	(void)run;
	/* later steps need to be somebody there (runc #4466) */
	if (syscall(SYS_setresuid, 0, 0, 0) < 0)
		return nsx_err_set(err, -errno, "setresuid", "0", NSX_HINT_UNMAPPED_ID);
	return 0;
}

static int unshare_user(struct nsx_run *run, struct nsx_err *err)
{
	if (unshare(NSX_CLONE_NEWUSER) < 0)
		return nsx_err_sys(err, "unshare", "user");
	run->fresh &= ~NSEXEC_NS_USER;
	return 0;
}

static int set_dumpable(struct nsx_run *run, struct nsx_err *err)
{
	(void)run;
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return nsx_err_sys(err, "prctl(PR_SET_DUMPABLE)", NULL);
	return 0;
}

static int ask_maps(struct nsx_run *run, struct nsx_err *err)
{
	int r = nsx_boot_ask(nsx_boot_of(run), NSX_BOOT_MAPS, err);

	if (r < 0)
		return r;
	/* without a map there is nobody to become */
	if (syscall(SYS_setresuid, 0, 0, 0) < 0 && errno != EINVAL)
		return nsx_err_sys(err, "setresuid", "0");
	return 0;
}

static int make_time(struct nsx_run *run, struct nsx_err *err)
{
	if (unshare(NSX_CLONE_NEWTIME) < 0)
		return nsx_err_sys(err, "unshare", "time");
	return nsx_boot_ask(nsx_boot_of(run), NSX_BOOT_OFFSETS, err);
}

static int clone_stage2(struct nsx_run *run, struct nsx_err *err)
{
	struct nsx_boot *boot = nsx_boot_of(run);
	pid_t pid;

	/* the pids in it are what stage 0 tells the runtime: stage 2, whom a container may trace, can not write them */
	if (!boot->direct && madvise(boot->page, sizeof(*boot->page), MADV_DONTFORK) < 0)
		return nsx_err_sys(err, "madvise(MADV_DONTFORK)", NULL);
	pid = nsx_thread_clone(&boot->thread,
			       SIBLING | (boot->direct ? nsx_ns_clone_flags(run->fresh) : 0),
			       &boot->page->final_pid);
	if (pid < 0)
		return nsx_err_set(err, -errno, "clone", "stage-2",
				   errno == ENOMEM ? NSX_HINT_PIDNS_DEAD : NSX_HINT_NONE);
	if (pid == 0) {
		boot->stage = 2;
		boot->log.tag = "nsexec-2";
		run->page = boot->note;
		nsx_close_fd(&run->status_fd); /* of 2015, where stage 0 is stage 1 */
		set_name("runc:[2:INIT]");
	}
	return 0;
}

/*
 * The protocol names two children of the runtime, whatever the kernel needs: this one is nothing but a child. A time
 * namespace can not be joined while memory is shared; and where stage 2 waits for the runtime, the runtime has waited for
 * the end of this one before.
 */
static int clone_nothing(struct nsx_run *run, struct nsx_err *err)
{
	bool lasts = (run->join & NSEXEC_NS_TIME) == 0 && !awaits_cgroup(run);
	int r = nsx_boot_clone_nothing(nsx_boot_of(run), lasts);

	return r < 0 ? nsx_err_set(err, r, "clone", "stage-1", NSX_HINT_NONE) : 0;
}

static int new_session(struct nsx_run *run, struct nsx_err *err)
{
	(void)run;
	if (syscall(SYS_setsid) < 0)
		return nsx_err_sys(err, "setsid", NULL);
	return 0;
}

/* The runtime's own credentials are not those of a process in the container. */
static int become_init(struct nsx_run *run, struct nsx_err *err)
{
	bool unmapped = (run->spec->ns[0].mode == NSEXEC_NS_MODE_NEW) &&
			run->spec->lists[NSX_LIST_UID_MAP].bytes == 0;

	if (syscall(SYS_setuid, 0) < 0 && !(unmapped && errno == EINVAL))
		return nsx_err_set(err, -errno, "setuid", "0", NSX_HINT_UNMAPPED_ID);
	if (syscall(SYS_setgid, 0) < 0 && !(unmapped && errno == EINVAL))
		return nsx_err_set(err, -errno, "setgid", "0", NSX_HINT_UNMAPPED_ID);
	return 0;
}

static int drop_groups(struct nsx_run *run, struct nsx_err *err)
{
	(void)run;
	if (syscall(SYS_setgroups, 0, NULL) < 0)
		return nsx_err_sys(err, "setgroups", "none");
	return 0;
}

/* Until the runtime can know this process by its number, it has to be in the group that a runtime can end as a whole. */
static int tell_pids(struct nsx_run *run, struct nsx_err *err)
{
	struct nsx_boot *boot = nsx_boot_of(run);

	return nsx_boot_tells_first(boot) ? nsx_boot_hear(boot, err) :
					    nsx_boot_ask(boot, NSX_BOOT_PIDS, err);
}

/* The runtime has moved us into our cgroup when it sends this: now a cgroup namespace has the right root. */
static int await_cgroup(struct nsx_run *run, struct nsx_err *err)
{
	enum { CREATE_CGROUPNS = 0x80 };
	unsigned char byte = 0;
	ssize_t n;

	while ((n = read(nsx_boot_of(run)->init_fd, &byte, 1)) < 0 && errno == EINTR)
		;
	if (n < 0)
		return nsx_err_sys(err, "read", "runtime");
	if (n == 0)
		return nsx_err_set(err, -ECANCELED, "wait", "the runtime, which is gone",
				   NSX_HINT_NONE);
	if (byte != CREATE_CGROUPNS)
		return nsx_err_set(err, -EPROTO, "read", "byte that is not 0x80", NSX_HINT_NONE);
	return 0;
}

static int say_done(struct nsx_run *run, struct nsx_err *err)
{
	return nsx_boot_say(nsx_boot_of(run), NSX_BOOT_DONE, err);
}

/* The terminal that the runtime has made becomes ours, and standard input, output and error. */
static int take_console(struct nsx_run *run, struct nsx_err *err)
{
	int console = nsx_boot_of(run)->console_fd;

	if (ioctl(console, TIOCSCTTY, 0) < 0)
		return nsx_err_sys(err, "ioctl(TIOCSCTTY)", "console");
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(console, fd) < 0)
			return nsx_err_sys(err, "dup2", "console");
	return 0;
}

/* clang-format off */

/* The program that the runtime has started, outside. */
const struct nsx_step nsx_boot_stage0_steps[] = {
	{ "namespaces",    NULL,        resolve,                 "every path is opened before anything is joined; one's own is left out" },
	{ "oom",           has_oom,     nsx_context_oom,         "written later only if it differs" },
	{ "page",          is_staged,        share_page,          "what stage 1 tells of itself and of stage 2 is in memory of both" },
	{ "clone-stage-1", is_staged,        clone_stage1,        "a child of the runtime, which reaps it" },
	{ "oom-score",     direct_oom,       nsx_step_oom,        "while the process may write its own /proc; the kernel would look for whoever shares its memory" },
	{ "stage-1",       before_join,      clone_nothing,       "a child that does nothing, since this stage does its work" },
	{ "open-own",      direct_verify,    nsx_step_open_own,   "what is needed of the caller's /proc later is opened while it can be trusted" },
	{ "undumpable",    direct_join,      nsx_step_undumpable, "before the join, so that processes of the container can not trace us" },
	{ "join",          direct_join,      nsx_step_join,       "all but the user namespace, that one, then what belongs to it" },
	{ "verify-join",   direct_verify,    nsx_step_verify,     "what was joined is what was asked for" },
	{ "become-root",   direct_join_user, become_root,         "who is nobody in the user namespace can make nothing there" },
	{ "clone-stage-2", is_direct,        clone_stage2,        "with the namespaces that are made; a pid namespace is for children" },
	{ "beside",        beside_stage2,    clone_nothing,       "the same, while stage 2 begins" },
	{ NULL, NULL, NULL, NULL },
};

/* Joins and makes; nothing sees it in a pid namespace of a container. */
const struct nsx_step nsx_boot_stage1_steps[] = {
	{ "oom-score",     sets_oom,    nsx_step_oom,            "written while the process may still write its own /proc" },
	{ "open-own",      verifies,    nsx_step_open_own,       "what is needed of the caller's /proc later is opened while it can be trusted" },
	{ "undumpable",    joins,       nsx_step_undumpable,     "before the join, so that processes of the container can not trace us" },
	{ "join",          joins,       nsx_step_join,           "all but the user namespace, that one, then what belongs to it" },
	{ "verify-join",   verifies,    nsx_step_verify,         "what was joined is what was asked for" },
	{ "become-root",   joins_user,  become_root,             "who is nobody in the user namespace can make nothing there" },
	{ "unshare-user",  new_user,    unshare_user,            "before the others, which belong to it" },
	{ "dumpable",      joins_and_new_user, set_dumpable,     "stage 0 writes files of ours in /proc, which need not belong to root" },
	{ "maps",          new_user,    ask_maps,                "only stage 0, outside, may write the id maps" },
	{ "hide-again",    joins_and_new_user, nsx_step_undumpable, "as before" },
	{ "unshare",       new_others,  nsx_step_unshare,        "all the others at once" },
	{ "time",          new_time,    make_time,               "clocks can be set only before a process lives in the time namespace" },
	{ "mount-sources", has_sources, nsx_boot_take_sources,   "stage 0 may look up what the mapped ids may not" },
	{ "clone-stage-2", NULL,        clone_stage2,            "a pid and a time namespace are for children; and the runtime's child as well" },
	{ NULL, NULL, NULL, NULL },
};

/* What the runtime goes on with: the last process, which returns from nsexec(). */
const struct nsx_step nsx_boot_stage2_steps[] = {
	{ "maps",          direct_user,   ask_maps,              "only stage 0, outside, may write the id maps" },
	{ "pids",          NULL,          tell_pids,             "before the session: whoever can not be named must be found by its group" },
	{ "session",       NULL,          new_session,           "no access to the runtime's terminal" },
	{ "console",       has_console,   take_console,          "the terminal that the runtime has made for it" },
	{ "ids",           NULL,          become_init,           "root inside; the program's ids are the runtime's business" },
	{ "groups",        has_groups,    drop_groups,           "where the user namespace allows it" },
	{ "await-cgroup",  awaits_cgroup, await_cgroup,          "the runtime, which knows the pids, has moved us when it says so" },
	{ "cgroup",        late_cgroup,   nsx_step_unshare_cgroup, "after the move, which decides on its root" },
	{ "done",          NULL,          say_done,              "stage 0 lives until then: what goes wrong has been reported" },
	{ NULL, NULL, NULL, NULL },
};

/* clang-format on */
