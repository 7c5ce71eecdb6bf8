/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An agent that makes directories and mounts on behalf of a container, in the container's namespaces: it answers what a
 * seccomp filter with SECCOMP_RET_USER_NOTIF asks (seccomp_unotify(2)). Who installs the filter connects to the socket
 * and sends its descriptor. One container, one question at a time; the agent ends with the last process of the filter.
 *
 *     gcc -o seccomp_agent seccomp_agent.c libnsexec.a
 *     ./seccomp_agent /run/agent.sock
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <nsexec/nsexec.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#ifdef __x86_64__
#define OUR_ARCH AUDIT_ARCH_X86_64
#else
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

enum { TIMEOUT_MS = 5000 };

/* What a module is told: the arguments of the call, as they were read once, and who makes it. */
struct request {
	char path[4096];
	char type[32];
	unsigned mode, mask, uid, gid;
	unsigned long long caps;
};

/* What the process that asks has open or is in; -1: not opened. */
struct place {
	int root, cwd, mnt, net, pid;
};

/* As the caller would: it must not get what only the agent may. */
static int64_t make_directory(void *data, void *buf, size_t size)
{
	const struct request *request = ((struct nsexec_module_params *)data)->bytes;

	(void)buf;
	(void)size;
	(void)umask(request->mask);
	/* the second call tells whether the first has worked; the uid takes the power to overrule permissions away */
	(void)setfsgid(request->gid);
	(void)setfsuid(request->uid);
	if (setgroups(0, NULL) < 0 || setfsgid(request->gid) != (int)request->gid ||
	    setfsuid(request->uid) != (int)request->uid)
		return -EPERM;
	return mkdir(request->path, request->mode) < 0 ? -errno : 0;
}

/* Nothing of the caller's options gets to the kernel: neither flags nor data. */
static int64_t make_mount(void *data, void *buf, size_t size)
{
	const struct request *request = ((struct nsexec_module_params *)data)->bytes;

	(void)buf;
	(void)size;
	return mount(request->type, request->path, request->type, MS_NOSUID | MS_NODEV | MS_NOEXEC,
		     NULL) < 0 ?
		       -errno :
		       0;
}

static int open_of(uint32_t pid, const char *what, int flags)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%u/%s", pid, what);
	return open(path, flags | O_CLOEXEC);
}

static void close_all(struct place *place)
{
	const int fds[] = { place->root, place->cwd, place->mnt, place->net, place->pid };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

/* A text in the memory of the process: 0, or an error. It may end right before what can not be read. */
static int read_text(uint32_t pid, uint64_t address, char *text, size_t size)
{
	int memory = open_of(pid, "mem", O_RDONLY);
	ssize_t n = memory < 0 ? -1 : pread(memory, text, size, (off_t)address);

	if (memory >= 0)
		(void)close(memory);
	if (n <= 0)
		return -EFAULT;
	if (memchr(text, '\0', (size_t)n) != NULL)
		return 0;
	return (size_t)n == size ? -ENAMETOOLONG : -EFAULT;
}

/* Who asks: ids that the file system takes it for, mask of modes, capabilities. */
static int read_identity(uint32_t pid, struct request *request)
{
	char text[4096];
	int fd = open_of(pid, "status", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *uid, *gid, *caps, *mask;

	if (fd >= 0)
		(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	mask = strstr(text, "\nUmask:");
	uid = strstr(text, "\nUid:");
	gid = strstr(text, "\nGid:");
	caps = strstr(text, "\nCapEff:");
	if (mask == NULL || uid == NULL || gid == NULL || caps == NULL ||
	    sscanf(mask, "\nUmask: %o", &request->mask) != 1 ||
	    sscanf(uid, "\nUid: %*u %*u %*u %u", &request->uid) != 1 ||
	    sscanf(gid, "\nGid: %*u %*u %*u %u", &request->gid) != 1 ||
	    sscanf(caps, "\nCapEff: %llx", &request->caps) != 1)
		return -ESRCH;
	return 0;
}

/* mkdir(2), mkdirat(2): args[0] is the path in the first, and a directory in the second. */
static const char *prepare_mkdir(const struct seccomp_notif *notif, int at, struct request *request,
				 struct place *place, int *ret_code)
{
	char directory[32] = "cwd";
	int fd = at ? (int)notif->data.args[0] : AT_FDCWD;

	if (fd != AT_FDCWD)
		(void)snprintf(directory, sizeof(directory), "fd/%d", fd);
	request->mode = (unsigned)notif->data.args[1 + at] & 07777;
	*ret_code =
		read_text(notif->pid, notif->data.args[at], request->path, sizeof(request->path));
	place->cwd = open_of(notif->pid, directory, O_PATH | O_DIRECTORY);
	if (place->cwd < 0 && *ret_code == 0 && request->path[0] != '/')
		*ret_code = errno == ENOTDIR ? -ENOTDIR : -EBADF;
	return "mkdir";
}

static const char *prepare_mount(const struct seccomp_notif *notif, struct request *request,
				 struct place *place, int *ret_code)
{
	*ret_code =
		read_text(notif->pid, notif->data.args[1], request->path, sizeof(request->path));
	if (*ret_code == 0)
		*ret_code = read_text(notif->pid, notif->data.args[2], request->type,
				      sizeof(request->type));
	place->cwd = open_of(notif->pid, "cwd", O_PATH | O_DIRECTORY);
	/* joined only where the file system shows it: in a pid namespace the container can see us */
	if (*ret_code == 0 && strcmp(request->type, "proc") == 0)
		*ret_code = (place->pid = open_of(notif->pid, "ns/pid", O_RDONLY)) < 0 ? -EIO : 0;
	else if (*ret_code == 0 && strcmp(request->type, "sysfs") == 0)
		*ret_code = (place->net = open_of(notif->pid, "ns/net", O_RDONLY)) < 0 ? -EIO : 0;
	else if (*ret_code == 0 && strcmp(request->type, "tmpfs") != 0)
		*ret_code = -EPERM;
	return "mount";
}

/*
 * Everything is opened and read by number first. If the question is still there after that, then it was all of the
 * process that asks, and not of another one that has got its number meanwhile. Returns 0 or a negative errno.
 */
static int act(const struct nsexec_modules *modules, int notify, const struct seccomp_notif *notif)
{
	struct place place = { -1, -1, -1, -1, -1 };
	struct request request = { 0 };
	struct nsexec_err err = { 0 };
	char text[NSEXEC_ERR_TEXT_MAX];
	const char *module;
	int code;

	if (notif->data.nr == SYS_mount)
		module = prepare_mount(notif, &request, &place, &code);
	else
		module = prepare_mkdir(notif, notif->data.nr == SYS_mkdirat, &request, &place,
				       &code);
	place.mnt = open_of(notif->pid, "ns/mnt", O_RDONLY);
	place.root = open_of(notif->pid, "root", O_PATH | O_DIRECTORY);
	if (code == 0 && (place.mnt < 0 || place.root < 0))
		code = -EIO; /* not to be mistaken for "stays", which is here */
	if (code == 0)
		code = read_identity(notif->pid, &request);
	if (code == 0 && notif->data.nr == SYS_mount && (request.caps & 1ULL << CAP_SYS_ADMIN) == 0)
		code = -EPERM;
	if (ioctl(notify, SECCOMP_IOCTL_NOTIF_ID_VALID, &notif->id) < 0)
		code = -ESRCH;
	if (code == 0) {
		const struct nsexec_module_args args = {
			.size = sizeof(args),
			.root_fd = place.root + 1,
			.cwd_fd = place.cwd + 1,
			.mnt_fd = place.mnt + 1,
			.net_fd = place.net + 1,
			.pid_fd = place.pid + 1,
			.timeout_ms = TIMEOUT_MS,
			.params = &request,
			.params_size = sizeof(request),
		};

		code = (int)nsexec_module_run(modules, module, &args, NULL, 0, &err);
		if (code < 0 && strcmp(err.operation, "function") != 0) { /* not its own answer */
			(void)nsexec_err_format(&err, text, sizeof(text));
			fprintf(stderr, "seccomp_agent: %s for %u: %s\n", module, notif->pid, text);
			code = -EIO;
		}
	}
	close_all(&place);
	return code;
}

static int is_ours(const struct seccomp_notif *notif)
{
#ifdef SYS_mkdir
	if (notif->data.nr == SYS_mkdir)
		return 1;
#endif
	return notif->data.nr == SYS_mkdirat || notif->data.nr == SYS_mount;
}

/* Answer until nobody is left who could ask. */
static int serve(const struct nsexec_modules *modules, int notify)
{
	union { /* with room for what newer kernels have more */
		struct seccomp_notif notif;
		char room[1024];
	} in;
	union {
		struct seccomp_notif_resp answer;
		char room[1024];
	} out;
	struct pollfd pollfd = { .fd = notify, .events = POLLIN };

	for (;;) {
		if (poll(&pollfd, 1, -1) < 0 && errno != EINTR)
			return -1;
		if ((pollfd.revents & POLLIN) == 0) {
			if ((pollfd.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
				return 0;
			continue;
		}
		memset(&in, 0, sizeof(in));
		memset(&out, 0, sizeof(out));
		if (ioctl(notify, SECCOMP_IOCTL_NOTIF_RECV, &in) < 0) {
			if (errno == EINTR || errno == ENOENT) /* it was killed meanwhile */
				continue;
			return -1;
		}
		out.answer.id = in.notif.id;
		if (in.notif.data.arch != OUR_ARCH || !is_ours(&in.notif))
			out.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		else if (in.notif.pid == 0) /* it is not in our pid namespace, nor below it */
			out.answer.error = -EPERM;
		else
			out.answer.error = act(modules, notify, &in.notif);
		if (ioctl(notify, SECCOMP_IOCTL_NOTIF_SEND, &out) < 0 && errno != ENOENT)
			return -1;
	}
}

/* One connection, one message, one descriptor. Returns it, or -1. */
static int receive(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char state[32768]; /* of the container, in JSON, if the sender is a runtime; not looked at */
	struct iovec data = { .iov_base = state, .iov_len = sizeof(state) };
	struct msghdr msg = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen =
			CMSG_LEN(sizeof(int)), /* the padding would be room for a second one */
	};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = -1, fd = -1;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	(void)umask(077);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 1) < 0)
		return -1;
	client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	(void)close(listener);
	(void)unlink(path);
	if (client < 0 || recvmsg(client, &msg, MSG_CMSG_CLOEXEC) < 0)
		return -1;
	(void)close(client);

	const struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

	if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	if (fd < 0 || (msg.msg_flags & MSG_CTRUNC) != 0) {
		errno = EPROTO;
		return -1;
	}
	return fd;
}

int main(int argc, char **argv)
{
	struct nsexec_modules *modules = nsexec_modules_new();
	int notify;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: seccomp_agent SOCKET\n");
		return 125;
	}
	if (nsexec_module_register(modules, "mkdir", make_directory, NULL) < 0 ||
	    nsexec_module_register(modules, "mount", make_mount, NULL) < 0)
		return 125;
	notify = receive(argv[1]);
	if (notify < 0) {
		perror("seccomp_agent: receive");
		return 125;
	}
	r = serve(modules, notify);
	if (r < 0)
		perror("seccomp_agent: serve");
	(void)close(notify);
	modules = nsexec_modules_free(modules);
	return r < 0 ? 125 : 0;
}
