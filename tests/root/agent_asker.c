/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process of a container that asks an agent, for test_seccomp_agent.
 *
 *	agent_asker connect SOCKET COMMAND...	outside: COMMAND with a connection to the socket as descriptor 3
 *	agent_asker ask				inside: installs the filter, sends its descriptor to 3, asks, prints
 *
 * Each question prints a line "what: 0" or "what: name of the error". It ends when its standard input does.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { AGENT_FD = 3 };

static int connect_and_run(char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[2]);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror("agent_asker: connect");
		return 1;
	}
	if (fd != AGENT_FD && (dup2(fd, AGENT_FD) < 0 || close(fd) < 0))
		return 1;
	(void)execvp(argv[3], argv + 3);
	perror("agent_asker: execvp");
	return 1;
}

static int install_filter(void)
{
	const struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_mkdir
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 4, 0),
#endif
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sethostname, 1, 0), /* not the agent's */
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	const struct sock_fprog program = { sizeof(code) / sizeof(code[0]),
					    (struct sock_filter *)code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

static int send_fd(int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char state[] = "{}";
	struct iovec data = { .iov_base = state, .iov_len = 2 };
	struct msghdr msg = { .msg_iov = &data,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(AGENT_FD, &msg, 0) < 0 ? -1 : 0;
}

static void say(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "0");
	(void)fflush(stdout);
}

static void say_if(const char *what, int holds)
{
	errno = ERANGE;
	say(what, holds ? 0 : -1);
}

static int is_directory(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 0777) == 0750;
}

/* The options of the mount at a path, or "". */
static const char *mount_options(const char *path)
{
	static char line[4096];
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char at[256];
	char *found = NULL;

	(void)snprintf(at, sizeof(at), " %s ", path);
	while (file != NULL && found == NULL && fgets(line, sizeof(line), file) != NULL)
		found = strstr(line, at);
	if (file != NULL)
		(void)fclose(file);
	return found == NULL ? "" : found + strlen(at);
}

static int count_entries(const char *path)
{
	const struct dirent *entry;
	DIR *dir = opendir(path);
	int count = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	if (dir != NULL)
		(void)closedir(dir);
	return count;
}

static int count_lines(const char *path)
{
	FILE *file = fopen(path, "re");
	int count = 0;
	int c;

	while (file != NULL && (c = fgetc(file)) != EOF)
		count += c == '\n';
	if (file != NULL)
		(void)fclose(file);
	return count;
}

static void ask_for_directories(void)
{
	static char longest[5000];
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)umask(027);
	say("mkdir /nsx-agent", mkdir("/nsx-agent", 0777));
	say_if("it is there", is_directory("/nsx-agent"));
	say("mkdir /nsx-agent", mkdir("/nsx-agent", 0777));
	say("mkdir relative", mkdir("relative", 0777));
	say_if("it is there", is_directory("/tmp/relative"));
	say("mkdirat in a directory", mkdirat(fd, "at", 0777));
	say_if("it is there", is_directory("/tmp/at"));
	say("mkdirat in no directory", mkdirat(fd + 100, "at", 0777));
	say("mkdirat in no directory, absolute", mkdirat(fd + 100, "/tmp/absolute", 0777));
	say("mkdir nowhere", syscall(SYS_mkdirat, AT_FDCWD, NULL, 0777));
	memset(longest, 'x', sizeof(longest) - 1);
	say("mkdir of a long path", mkdir(longest, 0777));
	(void)munmap(page + 4096, 4096);
	memcpy(page + 4096 - 9, "/tmp/end", 9);
	say("mkdir at the end of memory", mkdir(page + 4096 - 9, 0777));
	say_if("it is there", is_directory("/tmp/end"));
	memset(page, 'x', 4096);
	say("mkdir over the end of memory", mkdir(page + 4096 - 9, 0777));
	(void)close(fd);
}

static void ask_for_mounts(void)
{
	char text[64] = "";
	char self[16];

	say("mount tmpfs", mount("none", "/tmp/end", "tmpfs", 0, "size=1M"));
	say_if("it is there",
	       strncmp(mount_options("/tmp/end"), "rw,nosuid,nodev,noexec", 22) == 0);
	say("mount proc", mount("none", "relative", "proc", 0, NULL));
	(void)snprintf(self, sizeof(self), "%d", getpid());
	say_if("it is that of the container",
	       readlink("/tmp/relative/self", text, sizeof(text) - 1) > 0 &&
		       strcmp(text, self) == 0);
	say("mount sysfs", mount("none", "/tmp/at", "sysfs", 0, NULL));
	say_if("it is that of the container",
	       count_entries("/tmp/at/class/net") == count_lines("/proc/self/net/dev") - 2);
	say("mount ext4", mount("/dev/sda", "/tmp/end", "ext4", 0, NULL));
	say("mount nowhere", mount("none", "/no/such", "tmpfs", 0, NULL));
	say("sethostname goes on", sethostname("asker", 5));
}

static int ask(void)
{
	char byte;
	int fd = install_filter();

	if (fd < 0 || send_fd(fd) < 0 || close(fd) < 0 || close(AGENT_FD) < 0 ||
	    chdir("/tmp") < 0) {
		perror("agent_asker: filter");
		return 1;
	}
	ask_for_directories();
	ask_for_mounts();
	if (setresuid(65534, 65534, 65534) < 0)
		return 1;
	say("mkdir without permission", mkdir("/nsx-agent/mine", 0777));
	say("mkdir with permission", mkdir("/tmp/mine", 0777));
	say_if("it is there", is_directory("/tmp/mine"));
	say("mount without permission", mount("none", "/tmp/mine", "tmpfs", 0, NULL));
	printf("done\n");
	(void)fflush(stdout);
	(void)read(0, &byte, 1);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "connect") == 0)
		return connect_and_run(argv);
	return argc == 2 && strcmp(argv[1], "ask") == 0 ? ask() : 2;
}
