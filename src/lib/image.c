/* SPDX-License-Identifier: Apache-2.0 */
/* image.c owns the helper image: its bytes, its memfd, its start. */
#include "lib/image.h"

#include <errno.h>
#include <fcntl.h>
#include <nsexec/plan.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "base/sys.h"
#include "lib/plan_internal.h"

#ifndef NSX_NO_IMAGE
#include "image_file.h"

/* The bytes; image_file.h, made by the build, says where they are. */
__asm__(".pushsection .rodata\n"
	".balign 16\n"
	".hidden nsx_image_start\n"
	".hidden nsx_image_end\n"
	".globl nsx_image_start\n"
	".globl nsx_image_end\n"
	"nsx_image_start:\n"
	".incbin \"" NSX_IMAGE_FILE "\"\n"
	"nsx_image_end:\n"
	".byte 0\n"
	".popsection\n");
extern const char nsx_image_start[] __attribute__((visibility("hidden")));
extern const char nsx_image_end[] __attribute__((visibility("hidden")));

static int make_memfd(void)
{
	/* MFD_EXEC is unknown before 6.3 */
	int fd = (int)syscall(SYS_memfd_create, "nsexec-image",
			      MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = (int)syscall(SYS_memfd_create, "nsexec-image",
				  MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

int nsx_image_open(int *cache, struct nsx_err *err)
{
	int r;

	if (*cache >= 0)
		return *cache;

	/* two symbols of the assembler, for the compiler two objects: their distance is one of addresses */
	size_t bytes = (size_t)((uintptr_t)nsx_image_end - (uintptr_t)nsx_image_start);
	auto_close int fd = make_memfd();

	if (fd < 0)
		return nsx_err_set(err, -errno, "memfd_create", "helper image",
				   errno == EACCES ? NSX_HINT_MEMFD_NOEXEC : NSX_HINT_NONE);
	r = nsx_file_write_all(fd, nsx_image_start, bytes);
	if (r < 0)
		return nsx_err_set(err, r, "write", "helper image", NSX_HINT_NONE);
	/* a container that gets hold of /proc/PID/exe can open it for writing, and every write fails */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return nsx_err_sys(err, "fcntl(F_ADD_SEALS)", "helper image");
	*cache = nsx_take_fd(&fd);
	return *cache;
}
#else
/* The Go package has it in another form, and puts its descriptor into each plan. */
int nsx_image_open(int *cache, struct nsx_err *err)
{
	if (*cache < 0)
		return nsx_err_set(err, -ENOENT, "open", "helper image", NSX_HINT_NONE);
	return *cache;
}
#endif

int nsexec_helper_open(struct nsexec_err *err)
{
	int fd = -EBADF;
	int r = nsx_image_open(&fd, err);

	if (r < 0 && err != NULL && err->step[0] == '\0')
		(void)nsx_str_copy(err->step, sizeof(err->step), "helper");
	return r;
}

int nsexec_plan_set_helper(struct nsexec_plan *plan, int fd, struct nsexec_err *err)
{
	enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };
	int seals = fcntl(fd, F_GET_SEALS);
	int own;

	/* whoever could change it would have the power of whoever starts it */
	if (seals < 0 ? errno != EBADF : (seals & SEALS) != SEALS)
		return nsx_err_set(err, -EINVAL, "check-seals", "helper program", NSX_HINT_NONE);
	own = seals < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (own < 0)
		return nsx_err_sys(err, "fcntl", "helper program");
	nsx_close_fd(&plan->image_fd);
	plan->image_fd = own;
	return 0;
}

/*
 * Shares our memory: nothing but system calls. It does not return, so what AddressSanitizer notes about its frame would
 * stay and be taken for one of ours.
 */
__attribute__((no_sanitize("address"))) static int execute(void *data)
{
	struct nsx_image_call *call = data;
	char *const envp[] = { NULL };

	(void)syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	for (int fd = 0; fd <= 2; fd++)
		(void)syscall(SYS_fcntl, fd, F_SETFD, 0); /* one that is closed stays so */
	for (size_t i = 0; i < call->count; i++)
		(void)syscall(SYS_fcntl, call->keep[i], F_SETFD, 0);
	(void)syscall(SYS_execveat, call->image_fd, "", call->argv, envp, AT_EMPTY_PATH);
	call->code = errno;
	return 127;
}

pid_t nsx_image_spawn(struct nsx_image_call *call, struct nsx_err *err)
{
	_Alignas(16) char stack[16384];
	sigset_t all;
	sigset_t before;
	pid_t pid;
	int code;

	/* a handler of the caller must not run in the child, in memory that is ours */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = nsx_sys_clone_vm(0, execute, call, stack, sizeof(stack));
	code = errno;
	if (pid > 0 && call->code != 0)
		(void)waitpid(pid, NULL, __WALL); /* it has ended, and no signal comes between */
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);

	if (pid < 0)
		return nsx_err_set(err, -code, "clone", "helper image", NSX_HINT_NONE);
	if (call->code != 0)
		return nsx_err_set(err, -call->code, "execveat", "helper image",
				   call->code == EACCES ? NSX_HINT_IMAGE_LSM : NSX_HINT_NONE);
	return pid;
}
