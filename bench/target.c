// SPDX-License-Identifier: Apache-2.0
/*
 * target ROOTFS COUNT V2_CGROUP_DIR|- [V1_TASKS_FILE...]
 *
 * Containers to enter: COUNT of them, with own mnt, pid, net, ipc, uts and cgroup namespaces, and
 * ROOTFS, Docker's default capabilities, no_new_privs; each in a V2_CGROUP_DIR/cN that it makes
 * and in the v1 cgroups of the tasks files. Prints their process ids and "ready", and lives until
 * its standard input ends; then it takes all of it away.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define KINDS (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define DOCKER_CAPS 0xa80425fbU

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "target: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void make_root(const char *rootfs)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) < 0 || chdir(rootfs) < 0 ||
	    syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		die("root");

	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ||
	    mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "size=64k,mode=755") < 0 ||
	    mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3)) < 0)
		die("mounts");

	if (sethostname("bench-target", 12) < 0)
		die("sethostname");
}

static void drop_power(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = { { DOCKER_CAPS, DOCKER_CAPS, 0 }, { 0, 0, 0 } };

	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		bool keep = cap < 32 && (DOCKER_CAPS >> cap & 1);

		if (!keep && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			die("PR_CAPBSET_DROP");
	}
	if (syscall(SYS_capset, &head, caps) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die("capset");
}

static void enter_v1_cgroups(char **tasks_files)
{
	for (; *tasks_files; tasks_files++) {
		int fd = open(*tasks_files, O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, "0", 1) != 1)
			die(*tasks_files);
		(void)close(fd);
	}
}

static _Noreturn void become_container(const char *rootfs, char **tasks_files)
{
	static char *const argv[] = { "/bin/pause", NULL };
	static char *const envp[] = { "PATH=/bin", NULL };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGCHLD, SIG_IGN); /* nobody reaps in there */
	enter_v1_cgroups(tasks_files);
	/* Rooted where its creator is at that moment: after the v1 cgroups. */
	if (unshare(CLONE_NEWCGROUP) < 0)
		die("unshare");
	make_root(rootfs);
	drop_power();
	(void)execve(argv[0], argv, envp);
	die(argv[0]);
}

/* Return: the pid of a container whose process 1 has been exec'd. */
static pid_t make_container(const char *rootfs, const char *cgroup, char **tasks_files)
{
	struct clone_args args = { .flags = KINDS, .exit_signal = SIGCHLD };
	int cgroup_fd = -1;
	int running[2];
	char byte;
	pid_t pid;

	if (pipe2(running, O_CLOEXEC) < 0)
		die("pipe");

	if (cgroup) {
		cgroup_fd = open(cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (cgroup_fd < 0)
			die(cgroup);
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}

	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		die("clone3");
	if (pid == 0)
		become_container(rootfs, tasks_files);

	(void)close(running[1]);
	if (read(running[0], &byte, 1) != 0) /* ends when it is exec'd, or dead */
		die("read");
	(void)close(running[0]);
	(void)close(cgroup_fd);
	if (waitpid(pid, NULL, WNOHANG) != 0)
		die("a container ended");
	return pid;
}

static const char *cgroup_path(char *path, const char *dir, long i)
{
	if (strcmp(dir, "-") == 0)
		return NULL;
	snprintf(path, PATH_MAX, "%s/c%ld", dir, i);
	return path;
}

static void wait_for_the_end(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

int main(int argc, char **argv)
{
	long count = argc >= 4 ? strtol(argv[2], NULL, 10) : 0;
	pid_t *pids = calloc(count > 0 ? (size_t)count : 1, sizeof(*pids));
	char path[PATH_MAX];

	if (count < 1 || !pids) {
		fprintf(stderr, "usage: target ROOTFS COUNT V2_CGROUP_DIR|- [V1_TASKS_FILE...]\n");
		return 2;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);

	for (long i = 0; i < count; i++) {
		const char *cgroup = cgroup_path(path, argv[3], i);

		if (cgroup && mkdir(cgroup, 0755) < 0 && errno != EEXIST)
			die(cgroup);
		pids[i] = make_container(argv[1], cgroup, argv + 4);
		printf("%d\n", (int)pids[i]);
	}
	printf("ready\n");
	fflush(stdout);
	wait_for_the_end();

	for (long i = 0; i < count; i++)
		(void)kill(pids[i], SIGKILL);
	for (long i = 0; i < count; i++) {
		const char *cgroup = cgroup_path(path, argv[3], i);

		(void)waitpid(pids[i], NULL, 0);
		if (cgroup)
			(void)rmdir(cgroup);
	}
	return 0;
}
