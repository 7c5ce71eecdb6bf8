/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enter.c owns the way of an agent's module into a container, before the runtime of its language begins: from the
 * environment to a plan, and the table of steps. No path of a container is looked up.
 */
#include "agent/enter.h"

#include <errno.h>
#include <nsexec/plan.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/child_steps.h"
#include "lib/context.h"
#include "lib/plan_internal.h"
#include "lib/step.h"
#include "lib/target.h"

#define PREFIX "_LIBNSENTER_"

struct agent {
	struct nsx_run run; /* first: the steps get this one */
	struct nsexec_plan *plan;
	struct nsx_spec *spec;
	int reply_fd;
	int fds[NSX_NS_COUNT + 4]; /* what the agent has passed */
	size_t count;
};

static const char *variable(const char *name)
{
	char text[64] = "";
	struct nsx_str out = NSX_STR(text, sizeof(text));
	const char *value;

	nsx_str_add(&out, PREFIX);
	nsx_str_add(&out, name);
	value = getenv(text);
	return value != NULL && *value != '\0' ? value : NULL;
}

/*
 * Our own parent is told first that it is an error, and how long (see answer() in init_linux.go); the parent of the original
 * takes all of standard output for the error.
 */
static _Noreturn void fail(const struct agent *agent, const struct nsx_err *err)
{
	static const char line[] = "nsenter: ";
	char text[1 + sizeof(uint64_t) + NSEXEC_ERR_TEXT_MAX + 1];
	size_t head = agent->reply_fd >= 0 ? 1 + sizeof(uint64_t) : sizeof(line) - 1;
	uint64_t length;

	(void)nsexec_err_format(err, text + head, sizeof(text) - head - 1);
	length = strlen(text + head);
	text[head + length++] = '\n';
	if (agent->reply_fd >= 0) {
		text[0] = 'E';
		memcpy(text + 1, &length, sizeof(length));
	} else {
		memcpy(text, line, head);
	}
	(void)nsx_file_write_all(agent->reply_fd >= 0 ? agent->reply_fd : STDOUT_FILENO, text,
				 head + (size_t)length);
	_exit(1);
}

static int bad(const char *name, struct nsx_err *err)
{
	return nsx_err_set(err, -EINVAL, "read-environment", name, NSX_HINT_NONE);
}

/* A descriptor that was passed, or -EBADF if it was not. */
static int take_fd(struct agent *agent, const char *name, int *ret_fd, struct nsx_err *err)
{
	const char *value = variable(name);

	*ret_fd = -EBADF;
	if (value == NULL)
		return 0;
	if (nsx_num_parse_fd(value, ret_fd) < 0)
		return bad(name, err);
	agent->fds[agent->count++] = *ret_fd;
	return 0;
}

static int take_id(struct agent *agent, const char *name,
		   int (*set)(struct nsexec_plan *plan, uint32_t id, struct nsexec_err *err),
		   struct nsx_err *err)
{
	const char *value = variable(name);
	uint64_t id;

	if (value == NULL)
		return 0;
	if (nsx_num_scan_u64(&value, &id) < 0 || *value != '\0' || id >= UINT32_MAX)
		return bad(name, err);
	return set(agent->plan, (uint32_t)id, err);
}

static int take_namespaces(struct agent *agent, struct nsx_err *err)
{
	static const struct {
		const char *name;
		uint32_t kind;
	} kinds[] = {
		{ "MNTNSFD", NSEXEC_NS_MNT },       { "NETNSFD", NSEXEC_NS_NET },
		{ "IPCNSFD", NSEXEC_NS_IPC },       { "UTSNSFD", NSEXEC_NS_UTS },
		{ "CGROUPNSFD", NSEXEC_NS_CGROUP }, { "PIDNSFD", NSEXEC_NS_PID },
		{ "USERNSFD", NSEXEC_NS_USER },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < NSX_ARRAY_SIZE(kinds); i++) {
		int fd;

		r = take_fd(agent, kinds[i].name, &fd, err);
		if (r >= 0 && fd >= 0)
			r = nsexec_plan_set_ns_fd(agent->plan, kinds[i].kind, fd, err);
	}
	return r;
}

/* Whoever is not root has no capabilities, as after execve(2); of root nothing is taken. */
static int take_ids(struct agent *agent, struct nsx_err *err)
{
	static const uint32_t sets[] = { NSEXEC_CAPS_EFFECTIVE, NSEXEC_CAPS_PERMITTED,
					 NSEXEC_CAPS_INHERITABLE, NSEXEC_CAPS_AMBIENT };
	const struct nsx_spec *spec = &agent->plan->spec;
	int r = take_id(agent, "UID", nsexec_plan_set_uid, err);

	if (r >= 0)
		r = take_id(agent, "GID", nsexec_plan_set_gid, err);
	if (r >= 0 && (spec->set & NSX_SET_IDS) != 0 && (spec->set & NSX_SET_IDS) != NSX_SET_IDS)
		return bad("UID, GID", err); /* the other one is not to be guessed */
	if (r < 0 || (spec->set & NSX_SET_UID) == 0 || spec->uid == 0)
		return r;
	for (size_t i = 0; r >= 0 && i < NSX_ARRAY_SIZE(sets); i++)
		r = nsexec_plan_set_caps(agent->plan, sets[i], 0, err);
	return r;
}

static int read_environment(struct agent *agent, struct nsx_err *err)
{
	int command;
	int r = take_fd(agent, "REPLYFD", &agent->reply_fd, err);

	if (r >= 0)
		r = take_fd(agent, "COMMANDFD", &command, err);
	if (r >= 0)
		r = take_fd(agent, "ROOTFD", &agent->run.target.root_fd, err);
	if (r >= 0)
		r = take_fd(agent, "CWDFD", &agent->run.target.cwd_fd, err);
	if (r >= 0)
		r = take_namespaces(agent, err);
	return r < 0 ? r : take_ids(agent, err);
}

/*
 * What the agent has inherited from whoever started it, and its runtime has left open, a container shall not get
 * (CVE-2024-21626). What we are given are the lowest numbers.
 */
static int close_others(struct nsx_run *run, struct nsx_err *err)
{
	const struct agent *agent = (const struct agent *)run;
	int highest = STDERR_FILENO;

	for (size_t i = 0; i < agent->count; i++)
		if (agent->fds[i] > highest)
			highest = agent->fds[i];
	if (nsx_sys_close_range((unsigned)highest + 1, ~0U) < 0)
		return nsx_err_sys(err, "close_range", NULL);
	return 0;
}

/* Descriptors of ours for the plan's, which are closed. */
static int resolve(struct nsx_run *run, struct nsx_err *err)
{
	int r = nsx_target_compare(run, err);

	for (size_t i = 0; i < NSX_NS_COUNT; i++)
		if (run->spec->ns[i].mode == NSX_NS_MODE_FD)
			(void)close(run->spec->ns[i].fd);
	return r < 0 ? r : nsx_context_identity(run, err);
}

/* The user namespace may forbid setgroups(2), and the agent's groups would stay: while there is the power for it. */
static int drop_groups(struct nsx_run *run, struct nsx_err *err)
{
	(void)run;
	(void)err;
	(void)syscall(SYS_setgroups, 0, NULL);
	return 0;
}

static int no_groups(struct nsx_run *run, struct nsx_err *err)
{
	(void)run;
	if (syscall(SYS_setgroups, 0, NULL) < 0 && syscall(SYS_getgroups, 0, NULL) != 0)
		return nsx_err_set(err, -EPERM, "setgroups", "none", NSX_HINT_NONE);
	return 0;
}

static bool joins_user(const struct nsx_run *run)
{
	return (run->join & NSEXEC_NS_USER) != 0;
}

static bool has_root(const struct nsx_run *run)
{
	return run->target.root_fd >= 0;
}

static bool has_cwd(const struct nsx_run *run)
{
	return run->target.cwd_fd >= 0;
}

static bool has_ids(const struct nsx_run *run)
{
	return run->identity.set_ids;
}

static bool sets_caps(const struct nsx_run *run)
{
	return run->identity.set_caps;
}

/* clang-format off */

static const struct nsx_step steps[] = {
	{ "undumpable",   NULL,       nsx_step_undumpable,  "before the first join: no process of the container may trace this one" },
	{ "fds",          NULL,       close_others,         "nothing of the agent that it has not passed" },
	{ "namespaces",   NULL,       resolve,              "the caller's own user namespace is left out" },
	{ "drop-groups",  has_ids,    drop_groups,          "the user namespace may forbid it" },
	{ "join",         NULL,       nsx_step_join,        "all but the user namespace, that one, then what belongs to it" },
	{ "hide-again",   joins_user, nsx_step_undumpable,  "another user namespace makes a process dumpable again" },
	{ "root",         has_root,   nsx_step_target_root, "by descriptor" },
	{ "workdir",      has_cwd,    nsx_step_workdir,     "with the agent's power, as the agent has opened it; and only if it lies below the root" },
	{ "groups",       has_ids,    no_groups,            "before the ids, which take the power for it away" },
	{ "ids",          has_ids,    nsx_step_ids,         "group before user" },
	{ "capabilities", sets_caps,  nsx_step_caps,        "another user than root has none" },
	{ NULL, NULL, NULL, NULL },
};

/* clang-format on */

/*
 * The process outside ends as the other one did. At SIGTERM it ends that one before: the agent would leave it to whoever
 * reaps orphans, if it killed this one.
 */
static _Noreturn void stay_outside(pid_t pid, const sigset_t *signals)
{
	sigset_t none;
	int status = 0;
	pid_t r;

	/* nothing of ours stays open in a process that only waits */
	(void)nsx_sys_close_range(3, ~0U);
	while ((r = waitpid(pid, &status, WNOHANG)) == 0)
		if (sigwaitinfo(signals, NULL) == SIGTERM)
			(void)kill(pid, SIGKILL);
	if (r == pid && WIFSIGNALED(status)) {
		(void)sigemptyset(&none);
		(void)signal(WTERMSIG(status), SIG_DFL);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		(void)raise(WTERMSIG(status));
	}
	_exit(r == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* A pid namespace is for children: two processes go on. */
static void go_inside(const struct agent *agent)
{
	struct nsx_err err = { .step = "fork" };
	struct pollfd parent = { .fd = nsx_sys_pidfd_open(getpid()), .events = POLLIN };
	sigset_t signals;
	sigset_t before;
	pid_t pid;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGCHLD);
	(void)sigaddset(&signals, SIGTERM);
	/* the agent may ignore it, and then nobody hears of the end */
	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigprocmask(SIG_BLOCK, &signals, &before);
	pid = fork(); /* not a raw clone: the C library, and what is linked with it, goes on in both */
	if (pid < 0) {
		(void)nsx_err_sys(&err, "fork", "module");
		fail(agent, &err);
	}
	if (pid > 0)
		stay_outside(pid, &signals);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	/* whoever kills the waiting one ends both; getppid() is 0 here: what it was too late for is asked of a pidfd */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
		(void)nsx_err_sys(&err, "prctl(PR_SET_PDEATHSIG)", NULL);
		fail(agent, &err);
	}
	if (parent.fd >= 0 && poll(&parent, 1, 0) != 0)
		_exit(1);
	nsx_close_fd(&parent.fd);
	if (agent->reply_fd < 0) /* the original's sign that what follows is the reply */
		(void)nsx_file_write_all(STDOUT_FILENO, "", 1);
}

bool nsexec_agent_enter(void)
{
	struct agent agent = { .plan = NULL, .reply_fd = -EBADF };
	struct nsx_spec empty = { .flags = 0 };
	struct nsx_room room;
	struct nsx_err err = { 0 };
	int r;

	if (variable("INIT") == NULL)
		return false;
	nsx_run_init(&agent.run, &empty, &room);
	agent.run.role = "module";
	agent.plan = nsexec_plan_new();
	if (agent.plan == NULL) {
		(void)nsx_err_set(&err, -ENOMEM, "malloc", "plan", NSX_HINT_NONE);
		fail(&agent, &err);
	}
	r = read_environment(&agent, &err);
	agent.plan->spec.end = NSX_END_RETURN;
	if (r >= 0)
		r = nsx_plan_pack(agent.plan, &agent.spec, &err);
	if (r < 0) {
		(void)nsx_str_copy(err.step, sizeof(err.step), "environment");
		fail(&agent, &err);
	}
	agent.run.spec = agent.spec;
	if (nsx_steps_run(steps, &agent.run, &err) < 0)
		fail(&agent, &err);

	bool child = (agent.run.join & NSEXEC_NS_PID) != 0 || agent.reply_fd < 0;

	nsx_run_done(&agent.run);
	agent.plan = nsexec_plan_free(agent.plan);
	free(agent.spec);
	if (child)
		go_inside(&agent);
	return true;
}
