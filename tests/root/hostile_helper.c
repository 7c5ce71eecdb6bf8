/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The enemy inside: a static program that the tests of hostile containers copy into a root file system. What it does is
 * its first argument. It says what it gained on stdout, in lines that begin with "violation:"; a summary ends them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "lib/step.h"

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static char marker[64]; /* what no byte of must be found */
static struct stat payload;
static unsigned violations, caught, denied, seen;
static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void violation(const char *what, pid_t pid, const char *detail)
{
	if (violations++ < 10)
		printf("violation: %s (pid %d) %s\n", what, pid, detail);
}

/* The text of a file of /proc/PID; "" if that is not possible. */
static ssize_t slurp(pid_t pid, const char *file, char *buf, size_t size)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, buf, size - 1);
		(void)close(fd);
	}
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

/* 1: it executes what the container gave it. 0: it does not yet. -1: not to be seen, see errno. */
static int is_payload(pid_t pid)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (stat(path, &st) < 0)
		return -1;
	return st.st_dev == payload.st_dev && st.st_ino == payload.st_ino;
}

static bool gone(int code)
{
	return code == ESRCH || code == ENOENT;
}

/* An attempt was let through: was that before the process executed the container's program? */
static bool judge(const char *what, pid_t pid)
{
	int r = is_payload(pid);

	if (r == 0)
		violation(what, pid, "was possible before execve");
	else if (r < 0 && !gone(errno))
		violation(what, pid, "was possible, and exe is not");
	return true;
}

static bool refused(int code)
{
	if (code == EPERM || code == EACCES)
		denied++;
	return false;
}

static bool try_open(const char *what, pid_t pid, const char *file, int flags)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno != EROFS && errno != ETXTBSY && errno != ENXIO && errno != EISDIR)
		return refused(errno);
	if (fd >= 0)
		(void)close(fd);
	return judge(what, pid);
}

static bool try_link(const char *what, pid_t pid, const char *file)
{
	char path[64], target[256];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	if (readlink(path, target, sizeof(target)) < 0)
		return refused(errno);
	return judge(what, pid);
}

static int wait_stop(pid_t pid, int *status)
{
	for (int i = 0; i < 20000; i++) {
		pid_t got = waitpid(pid, status, WNOHANG | __WALL);

		if (got == pid)
			return WIFSTOPPED(*status) ? 0 : -1;
		if (got < 0)
			return -1;
		(void)sched_yield();
	}
	return -1;
}

static bool try_seize(pid_t pid)
{
	int status = 0;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		return refused(errno);
	(void)ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	if (wait_stop(pid, &status) == 0 && is_payload(pid) == 0)
		violation("PTRACE_SEIZE", pid, "was possible before execve");
	(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return true;
}

static bool try_vm(pid_t pid)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { (void *)0x10000, 1 };

	if (process_vm_readv(pid, &here, 1, &there, 1, 0) < 0 && errno != EFAULT)
		return refused(errno);
	return judge("process_vm_readv", pid);
}

static bool try_getfd(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool done = false;

	for (int n = 0; pidfd >= 0 && n < 12 && !done; n++) {
		int fd = (int)syscall(SYS_pidfd_getfd, pidfd, n, 0);

		if (fd < 0 && errno == EBADF)
			continue;
		done = fd < 0 ? refused(errno) : judge("pidfd_getfd", pid);
		if (fd >= 0)
			(void)close(fd);
		else
			break;
	}
	if (pidfd >= 0)
		(void)close(pidfd);
	return done;
}

/* Every way in, one after the other. True: it is the container's own program by now. */
static bool try_all(pid_t pid)
{
	unsigned before = denied;
	bool done = try_open("open of exe for writing", pid, "exe", O_WRONLY) ||
		    try_open("open of exe", pid, "exe", O_RDONLY) ||
		    try_link("readlink of fd/0", pid, "fd/0") ||
		    try_link("readlink of fd/3", pid, "fd/3") ||
		    try_link("readlink of fd/4", pid, "fd/4") ||
		    try_open("open of fd/3", pid, "fd/3", O_RDONLY) ||
		    try_open("open of mem", pid, "mem", O_RDWR) ||
		    try_open("open of maps", pid, "maps", O_RDONLY) ||
		    try_link("readlink of cwd", pid, "cwd") ||
		    try_link("readlink of root", pid, "root") ||
		    try_open("open of environ", pid, "environ", O_RDONLY) || try_vm(pid) ||
		    try_getfd(pid) || try_seize(pid);

	if (denied != before)
		seen++;
	return done;
}

static uint64_t status_value(const char *status, const char *name, int base)
{
	const char *p = strstr(status, name);

	return p ? strtoull(p + strlen(name), NULL, base) : 0;
}

static void check_status(pid_t pid)
{
	static const char *const sets[] = { "\nCapInh:\t", "\nCapPrm:\t", "\nCapEff:\t",
					    "\nCapBnd:\t", "\nCapAmb:\t" };
	static const char *const at_least[] = { "\nNoNewPrivs:\t", "\nSeccomp:\t",
						"\nSeccomp_filters:\t" };
	char ours[8192], theirs[8192];

	(void)slurp(getpid(), "status", ours, sizeof(ours));
	(void)slurp(pid, "status", theirs, sizeof(theirs));
	for (size_t i = 0; i < 5; i++) {
		uint64_t more = status_value(theirs, sets[i], 16) &
				~status_value(ours, sets[i], 16);

		if (more) {
			char text[64];

			(void)snprintf(text, sizeof(text), "%.6s: %llx more than we have",
				       sets[i] + 1, (unsigned long long)more);
			violation("capabilities", pid, text);
		}
	}
	for (size_t i = 0; i < 3; i++)
		if (status_value(theirs, at_least[i], 10) < status_value(ours, at_least[i], 10))
			violation("confinement", pid, at_least[i] + 1);
}

static void check_fds(pid_t pid)
{
	char path[64], target[256];
	unsigned sockets = 0;

	for (int n = 0; n < 1024; n++) {
		struct stat st;
		ssize_t len;

		(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, n);
		len = readlink(path, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			violation("a directory descriptor", pid, target);
		else if (n > 2 && (strncmp(target, "socket:", 7) != 0 || sockets++ > 0))
			violation("a descriptor", pid, target);
	}
}

static void check_place(pid_t pid)
{
	struct stat ours, theirs;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/root", pid);
	if (stat("/", &ours) == 0 && stat(path, &theirs) == 0 &&
	    (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino))
		violation("another root", pid, "");
}

static void check_memory(pid_t pid)
{
	static char buf[1 << 16];
	char path[64], line[512];
	FILE *maps;
	int mem;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	if (!maps || mem < 0) {
		puts("note: no maps or mem");
	}
	while (maps && mem >= 0 && fgets(line, sizeof(line), maps)) {
		unsigned long from, to;
		char mode[8];

		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3)
			continue;
		if (mode[1] == 'w' && mode[3] == 's')
			violation("memory that it shares with the caller", pid, line);
		if (mode[0] != 'r')
			continue;
		for (unsigned long at = from; at < to; at += sizeof(buf) - 64) {
			size_t want = to - at < sizeof(buf) ? to - at : sizeof(buf);
			ssize_t n = pread(mem, buf, want, (off_t)at);

			if (n <= 0)
				break;
			if (memmem(buf, (size_t)n, marker, strlen(marker))) {
				line[strcspn(line, "\n")] = '\0';
				violation("the caller's secret in its memory", pid, line);
				break;
			}
		}
	}
	if (maps)
		(void)fclose(maps);
	if (mem >= 0)
		(void)close(mem);
}

/* A descriptor of our program file: nothing may come of it, now or later. */
static void check_file(int fd, pid_t pid, const char *when)
{
	struct {
		uint64_t set, clear, propagation, userns;
	} attr = { .clear = 1 /* MOUNT_ATTR_RDONLY */ };
	char path[64], byte = 0;
	int again;

	if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0)
		violation("mount_setattr of exe", pid, when);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* attributes of a memfd are nobody's business but that of its descriptors */
	if (fcntl(fd, F_GET_SEALS) < 0 && setxattr(path, "user.nsexec", "x", 1, 0) == 0)
		violation("setxattr of exe", pid, when);
	for (int i = 0; i < 2; i++) {
		again = open(path, (i ? O_WRONLY : O_RDWR) | O_CLOEXEC);
		if (again < 0)
			continue;
		if (pread(fd, &byte, 1, 0) == 1 && pwrite(again, &byte, 1, 0) == 1)
			violation("write to exe", pid, when);
		if (fallocate(again, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0 ||
		    ftruncate(again, 16) == 0)
			violation("size of exe", pid, when);
		if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0) != MAP_FAILED)
			violation("writable map of exe", pid, when);
		(void)close(again);
	}
}

static void inspect(pid_t pid)
{
	char path[64];
	int fd;

	check_status(pid);
	check_fds(pid);
	check_place(pid);
	check_memory(pid);
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		check_file(fd, pid, "while it runs");
	(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
	for (int i = 0; i < 2000 && is_payload(pid) == 0; i++)
		(void)usleep(100);
	if (fd >= 0) {
		check_file(fd, pid, "afterwards");
		(void)close(fd);
	}
}

/* What to do with the socket on which the process tells its parent about errors. */
static void forge(pid_t pid, const char *mode)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), sock = -1;
	struct nsx_msg msg;

	for (int n = 3; n < 64 && sock < 0; n++) {
		struct stat st;
		int fd = (int)syscall(SYS_pidfd_getfd, pidfd, n, 0);

		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
			sock = fd;
		else if (fd >= 0)
			(void)close(fd);
	}
	if (sock < 0)
		violation("no socket", pid, "the test needs it");
	memset(&msg, 0xff, sizeof(msg));
	memcpy(msg.err.object, "\033]0;owned\007\r\n\nnsexec: \x9b", 22);
	if (strcmp(mode, "error") == 0) {
		msg.type = NSX_MSG_ERROR;
		(void)send(sock, &msg, sizeof(msg), MSG_NOSIGNAL);
		msg.err.code = 0; /* an error that is none */
		(void)send(sock, &msg, sizeof(msg), MSG_NOSIGNAL);
	} else if (strcmp(mode, "warning") == 0) {
		msg.type = NSX_MSG_WARNING;
		(void)send(sock, &msg, sizeof(msg), MSG_NOSIGNAL);
	} else if (strcmp(mode, "flood") == 0) {
		msg.type = NSX_MSG_WARNING;
		for (int i = 0; i < 3000; i++)
			(void)send(sock, &msg, sizeof(msg), MSG_NOSIGNAL);
	} else if (strcmp(mode, "noise") == 0) {
		static char big[4096];
		uint32_t seed = (uint32_t)pid;

		for (int i = 0; i < 2000; i++) {
			for (size_t k = 0; k < sizeof(msg); k++)
				((char *)&msg)[k] =
					(char)((seed = seed * 1103515245 + 12345) >> 16);
			msg.type = seed >> 8 & 7;
			if (msg.type == NSX_MSG_ERROR)
				msg.type = NSX_MSG_TTY;
			(void)send(sock, i & 1 ? (void *)&msg : big,
				   i & 1 ? sizeof(msg) : seed >> 20, MSG_NOSIGNAL);
		}
	} else if (strcmp(mode, "terminal") ==
		   0) { /* a terminal that nobody asked for: the caller's input, please */
		union {
			struct cmsghdr header;
			char room[CMSG_SPACE(sizeof(int))];
		} control = { .room = { 0 } };
		struct iovec iov = { &msg, sizeof(msg) };
		struct msghdr header = { .msg_iov = &iov,
					 .msg_iovlen = 1,
					 .msg_control = control.room,
					 .msg_controllen = sizeof(control.room) };
		int pair[2];

		msg.type = NSX_MSG_TTY;
		(void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
		(void)write(pair[1], "forged output\n", 14);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &pair[0], sizeof(int));
		(void)sendmsg(sock, &header, MSG_NOSIGNAL);
		(void)close(pair[0]);
	} else if (strcmp(mode, "fds") == 0) {
		union {
			struct cmsghdr header;
			char room[CMSG_SPACE(100 * sizeof(int))];
		} control = { .room = { 0 } };
		struct iovec iov = { &msg, sizeof(msg) };
		struct msghdr header = { .msg_iov = &iov,
					 .msg_iovlen = 1,
					 .msg_control = control.room,
					 .msg_controllen = sizeof(control.room) };

		msg.type = NSX_MSG_TTY;
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(100 * sizeof(int));
		for (int i = 0; i < 100; i++)
			memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &pidfd, sizeof(int));
		for (int i = 0; i < 100; i++)
			(void)sendmsg(sock, &header, MSG_NOSIGNAL);
	}
	if (strcmp(mode, "kill") == 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, __WALL);
	} else {
		(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
	if (strcmp(mode, "hold") != 0)
		(void)close(sock);
	(void)close(pidfd);
}

/* The newest pid of this pid namespace, as far as there was one. */
static pid_t newest(void)
{
	char text[128], *last;

	if (slurp(getpid(), "../loadavg", text, sizeof(text)) <= 0)
		return 0;
	last = strrchr(text, ' ');
	return last ? (pid_t)atoi(last) : 0;
}

static void catch (pid_t pid, const char *mode)
{
	int status = 0;

	(void)ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	if (wait_stop(pid, &status) < 0) {
		(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
		return;
	}
	if (strcmp(mode, "keep") == 0) { /* it goes on, and ends, and is never waited for */
		caught++;
		(void)ptrace(PTRACE_CONT, pid, NULL, NULL);
		return;
	}
	if (is_payload(pid) != 0) { /* too late */
		(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
		return;
	}
	caught++;
	if (strcmp(mode, "inspect") == 0) {
		inspect(pid);
	} else if (strcmp(mode, "pause") == 0) {
		puts("paused");
		(void)fflush(stdout);
		(void)usleep(1500000);
		(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
	} else
		forge(pid, mode);
}

/*
 * attack MODE PROGRAM SECRET SECONDS: lie in wait for whoever enters. MODE "denied": every attempt has to fail until the
 * process executes PROGRAM. Others need CAP_SYS_PTRACE, and seize it before. SECRET is spelled backwards.
 */
static int attack(char **argv)
{
	const char *mode = argv[0], *secret = argv[2];
	int64_t end = now_ms() + atoi(argv[3]) * 1000;
	struct sigaction action = { .sa_handler = on_term };
	pid_t next = newest() + 1;
	size_t len = strlen(secret);

	for (size_t i = 0; i < len && i < sizeof(marker) - 1; i++)
		marker[i] = secret[len - 1 - i];
	if (stat(argv[1], &payload) < 0)
		return perror(argv[1]), 1;
	(void)sigaction(SIGTERM, &action, NULL);
	puts("ready");
	(void)fflush(stdout);

	for (unsigned round = 1; !stop && (round % 256 != 0 || now_ms() < end); round++) {
		for (pid_t pid = next; pid < next + 2 && !stop; pid++) {
			if (strcmp(mode, "denied") == 0) {
				unsigned before = denied;

				if (try_all(pid))
					next = pid + 1;
				else if (denied != before)
					pid--; /* there it is: again, until it has executed its program or is gone */
			} else if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0) {
				catch (pid, mode);
				next = pid + 1;
			}
		}
		if (round % 64 == 0 && newest() >= next && kill(newest(), 0) < 0)
			next = newest() + 1; /* missed */
	}
	printf("caught %u seen %u denied %u violations %u\n", caught, seen, denied, violations);
	return violations > 0;
}

/*
 * overwrite OWN OWN SECONDS: keep a descriptor of each program that some process executes and that is not of the
 * container, and try to write to it, now and when nobody executes it any more (ETXTBSY).
 */
static int overwrite(char **argv)
{
	enum { KEPT = 16 };
	int64_t end = now_ms() + atoi(argv[2]) * 1000;
	struct stat own[2], st;
	ino_t known[KEPT];
	int fds[KEPT];
	unsigned foreign = 0, kept = 0;

	if (stat(argv[0], &own[0]) < 0 || stat(argv[1], &own[1]) < 0)
		return perror(argv[0]), 1;
	(void)signal(SIGTERM, on_term);
	puts("ready");
	(void)fflush(stdout);
	while (!stop && now_ms() < end) {
		pid_t last = newest();

		for (pid_t pid = 1; pid <= last + 2; pid++) {
			char path[64];
			bool is_known = false;
			int fd;

			if (pid > 1 && pid < last - 8)
				pid = last - 8;
			(void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
			fd = open(path, O_RDONLY | O_CLOEXEC);
			if (fd < 0 || fstat(fd, &st) < 0 ||
			    (st.st_dev == own[0].st_dev && st.st_ino == own[0].st_ino) ||
			    (st.st_dev == own[1].st_dev && st.st_ino == own[1].st_ino)) {
				(void)close(fd);
				continue;
			}
			foreign++;
			check_file(fd, pid, "while it runs");
			for (unsigned i = 0; i < kept; i++)
				is_known = is_known || known[i] == st.st_ino;
			if (!is_known && kept < KEPT) {
				known[kept] = st.st_ino;
				fds[kept++] = fd;
			} else {
				(void)close(fd);
			}
		}
		for (unsigned i = 0; i < kept; i++)
			check_file(fds[i], 0, "kept");
	}
	printf("foreign %u violations %u\n", foreign, violations);
	return violations > 0;
}

/* report: what this process is and has, without the help of /proc. */
static int report(void)
{
	char cwd[4096] = "?";
	struct stat st;
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (tty >= 0)
		(void)close(tty);
	if (syscall(SYS_getcwd, cwd, sizeof(cwd)) < 0)
		(void)snprintf(cwd, sizeof(cwd), "none: %s", strerror(errno));
	printf("cwd %s\nterminal %s\nsession %s\n", cwd, tty >= 0 ? "yes" : "no",
	       getsid(0) == getpid() ? "own" : "shared");
	for (int fd = 0; fd < 4096; fd++)
		if (fstat(fd, &st) == 0)
			printf("fd %d %s\n", fd,
			       S_ISDIR(st.st_mode)  ? "directory" :
			       S_ISSOCK(st.st_mode) ? "socket" :
			       S_ISFIFO(st.st_mode) ? "pipe" :
			       S_ISCHR(st.st_mode)  ? "character" :
			       st.st_nlink == 0     ? "memfd" :
						      "file");
	return 0;
}

/* tiocsti: type a command into whatever terminal there is. */
static int tiocsti(void)
{
	const char *text = "echo injected\n";
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC), gained = 0;

	for (int fd = -1; fd < 3; fd++)
		for (const char *p = text; *p; p++)
			gained += ioctl(fd < 0 ? tty : fd, TIOCSTI, p) == 0;
	(void)ioctl(0, TIOCSCTTY, 1); /* stealing needs CAP_SYS_ADMIN */
	for (const char *p = text; *p; p++)
		gained += ioctl(0, TIOCSTI, p) == 0;
	printf("injected %d\n", gained);
	return 0;
}

/* race A B SECONDS: exchange two names, over and over. */
static int race(char **argv)
{
	int64_t end = now_ms() + atoi(argv[2]) * 1000;

	(void)signal(SIGTERM, on_term);
	for (unsigned i = 1; !stop && (i % 512 != 0 || now_ms() < end); i++)
		(void)syscall(SYS_renameat2, AT_FDCWD, argv[0], AT_FDCWD, argv[1], RENAME_EXCHANGE);
	return 0;
}

/* environ BYTES: execute ourselves with an environment that is hostile to who reads it, and stay. */
static int hostile_environ(char **argv)
{
	static char *envp[4096];
	size_t bytes = strtoul(argv[0], NULL, 10), count = 0, piece = 100000;

	envp[count++] = (char *)"";
	envp[count++] = (char *)"no-assignment";
	envp[count++] = (char *)"=empty-name";
	envp[count++] = (char *)"PATH=/bin";
	envp[count++] = (char *)"PATH=/second";
	envp[count++] = (char *)"LD_PRELOAD=/evil.so";
	envp[count++] = (char *)"\033[31m=\377\376";
	for (size_t got = 0; got < bytes && count < 4000; got += piece) {
		char *text = malloc(piece + 1);

		memset(text, 'E', piece);
		text[piece] = '\0';
		envp[count++] = text;
	}
	(void)execve("/bin/helper", (char *[]){ (char *)"helper", (char *)"stay", NULL }, envp);
	return perror("execve"), 1;
}

static int stay(void);

#ifndef PR_SET_MM_MAP
#define PR_SET_MM_MAP 14
#endif

/* memory KIND MIB: let /proc/PID/environ show memory of our choice; no capability is needed for that */
static int hostile_memory(char **argv)
{
	struct {
		uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack,
			arg_start, arg_end, env_start, env_end;
		uint64_t *auxv;
		uint32_t auxv_size, exe_fd;
	} map = { .exe_fd = (uint32_t)-1 };
	size_t bytes = strtoul(argv[1], NULL, 10) << 20;
	char *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char text[4096], *p;
	unsigned long long f[52] = { 0 };

	if (memory == MAP_FAILED || slurp(getpid(), "stat", text, sizeof(text)) <= 0 ||
	    !(p = strrchr(text, ')')))
		return perror("memory"), 1;
	p += 4;
	for (int i = 4; i < 52; i++)
		f[i] = strtoull(p, &p, 10);
	map.start_code = f[26];
	map.end_code = f[27];
	map.start_stack = f[28];
	map.start_data = f[45];
	map.end_data = f[46];
	map.start_brk = f[47];
	map.brk = (uint64_t)(uintptr_t)sbrk(0);
	map.arg_start = map.env_start = (uint64_t)(uintptr_t)memory;
	map.arg_end = map.env_end = map.env_start + bytes;
	if (strcmp(argv[0], "letters") == 0)
		memset(memory, 'A', bytes);
	for (size_t i = 0; strcmp(argv[0], "short") == 0 && i + 3 < bytes; i += 3)
		memcpy(memory + i, "A=", 3);
	if (strcmp(argv[0], "hole") == 0)
		(void)mprotect(memory, bytes, PROT_NONE);
	if (strcmp(argv[0], "beyond") == 0) /* a file that ends before its mapping */
		(void)mmap(memory, bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED,
			   open("/etc/passwd", O_RDONLY), 0);
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0)
		return perror("prctl(PR_SET_MM_MAP)"), 1;
	return stay();
}

/* named: a name that looks like fields of /proc/PID/stat and lines of /proc/PID/status */
static int named(void)
{
	(void)prctl(PR_SET_NAME, ") R 1 1\nUid: 7");
	return stay();
}

/* traced: a child of ours that is stopped under us for ever, like the program that a debugger runs */
static int traced(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			(void)poll(NULL, 0, 60000);
	}
	(void)ptrace(PTRACE_SEIZE, pid, NULL, NULL);
	(void)ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	return stay();
}

static int stay(void)
{
	struct sigaction action = { .sa_handler = on_term };

	(void)sigaction(SIGTERM, &action, NULL);
	puts("ready");
	(void)fflush(stdout);
	while (!stop)
		(void)poll(NULL, 0, 60000);
	return 0;
}

/* escaped: a working directory outside of the root, the old way. */
static int escaped(void)
{
	(void)mkdir("/jail", 0755);
	if (chdir("/") < 0 || chroot("/jail") < 0)
		return perror("chroot"), 1;
	return stay();
}

/* deleted: a working directory that is no more. */
static int deleted(void)
{
	if (mkdir("/deleted", 0755) < 0 || chdir("/deleted") < 0 || rmdir("/deleted") < 0)
		return perror("/deleted"), 1;
	return stay();
}

/* zombie: keep a dead child. */
static int zombie(void)
{
	if (fork() == 0)
		_exit(0);
	return stay();
}

/* frames: child processes that live for a very short time, one after the other. */
static int mayflies(void)
{
	(void)signal(SIGTERM, on_term);
	puts("ready");
	(void)fflush(stdout);
	while (!stop) {
		pid_t pid = fork();

		if (pid == 0) {
			(void)usleep(1500);
			_exit(0);
		}
		(void)waitpid(pid, NULL, 0);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	(void)setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (strcmp(what, "attack") == 0 && argc > 5)
		return attack(argv + 2);
	if (strcmp(what, "overwrite") == 0 && argc > 4)
		return overwrite(argv + 2);
	if (strcmp(what, "race") == 0 && argc > 4)
		return race(argv + 2);
	if (strcmp(what, "environ") == 0 && argc > 2)
		return hostile_environ(argv + 2);
	if (strcmp(what, "memory") == 0 && argc > 3)
		return hostile_memory(argv + 2);
	if (strcmp(what, "named") == 0)
		return named();
	if (strcmp(what, "traced") == 0)
		return traced();
	if (strcmp(what, "report") == 0)
		return report();
	if (strcmp(what, "tiocsti") == 0)
		return tiocsti();
	if (strcmp(what, "stay") == 0)
		return stay();
	if (strcmp(what, "escaped") == 0)
		return escaped();
	if (strcmp(what, "deleted") == 0)
		return deleted();
	if (strcmp(what, "zombie") == 0)
		return zombie();
	if (strcmp(what, "mayflies") == 0)
		return mayflies();
	if (strcmp(what, "exit") == 0)
		return argc > 2 ? atoi(argv[2]) : 0;
	fprintf(stderr, "helper: what?\n");
	return 2;
}
