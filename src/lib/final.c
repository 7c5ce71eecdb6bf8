/* SPDX-License-Identifier: Apache-2.0 */
/* final.c owns the last steps: the process of the program, its session, its death with the parent, its execution. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/inroot.h"
#include "base/own.h"
#include "base/sys.h"
#include "lib/child_steps.h"
#include "lib/exec.h"
#include "lib/step.h"

/*
 * The memory of the final process is a copy of the starter's, and may be read by the container before execve: what the
 * starter's environment says is nobody's business there. (The helper program of the library has none.)
 */
static void scrub_environment(void)
{
	for (char **p = environ; p != NULL && *p != NULL; p++)
		explicit_bzero(*p, strlen(*p));
}

int nsx_step_clone_final(struct nsx_run *run, struct nsx_err *err)
{
	pid_t pid;

	scrub_environment();
	/* the final process may be taken over by the container: it must not be able to write our notes */
	if (nsx_sys_close_range((unsigned)run->status_fd + 1, ~0U) < 0)
		return nsx_err_sys(err, "close_range", NULL);
	if (!run->page_is_ours && madvise(run->page, sizeof(*run->page), MADV_DONTFORK) < 0)
		return nsx_err_sys(err, "madvise(MADV_DONTFORK)", NULL);

	/* not clone3: the filters of container engines answer ENOSYS to it */
	pid = nsx_sys_clone(NSX_CLONE_PARENT | NSX_CLONE_PARENT_SETTID, &run->page->final_pid);
	if (pid < 0)
		return nsx_err_set(err, -errno, "clone", "pid namespace",
				   errno == ENOMEM ? NSX_HINT_PIDNS_DEAD : NSX_HINT_NONE);
	if (pid > 0) {
		(void)nsx_sys_close_range(0, ~0U);
		_exit(0);
	}
	run->role = "final";
	run->page = NULL;
	return 0;
}

int nsx_step_session(struct nsx_run *run, struct nsx_err *err)
{
	bool tty = (run->spec->set & NSX_SET_TTY) != 0;

	/* a session of its own: no TIOCSTI into the caller's terminal (CVE-2016-10124, CVE-2017-5226) */
	if (syscall(SYS_setsid) < 0)
		return nsx_err_sys(err, "setsid", NULL);
	if (tty && ioctl(0, TIOCSCTTY, 0) < 0)
		return nsx_err_sys(err, "ioctl(TIOCSCTTY)", "terminal");
	return 0;
}

int nsx_step_parent_death(struct nsx_run *run, struct nsx_err *err)
{
	struct nsx_msg ready = { .type = NSX_MSG_READY };

	/* set after the last change of credentials, which would clear it */
	if (run->spec->pdeathsig != 0 && prctl(PR_SET_PDEATHSIG, run->spec->pdeathsig, 0, 0, 0) < 0)
		return nsx_err_sys(err, "prctl(PR_SET_PDEATHSIG)", NULL);

	/*
	 * And if it came too late? getppid() says nothing across pid namespaces, but the parent's end of the socket is
	 * closed when it is dead.
	 */
	if (nsx_msg_send(run, &ready, -1) < 0)
		return nsx_err_set(err, -ECANCELED, "check-parent", "parent", NSX_HINT_NONE);
	return 0;
}

int nsx_step_exec(struct nsx_run *run, struct nsx_err *err)
{
	int r = nsx_exec(run->argv, run->envp, err);

	if (r == -EPERM &&
	    run->label !=
		    NULL) /* AppArmor: no_new_privs forbids to leave a profile, found out only now */
		nsx_err_hint(err, NSX_HINT_NO_LSM);
	return r;
}

int nsx_step_init(struct nsx_run *run, struct nsx_err *err)
{
	return nsx_exec_init(run, err);
}
