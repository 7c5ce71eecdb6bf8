/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read a file in another network namespace, without starting a program: /proc/PID/net/dev of ourselves, which shows the
 * network devices of the namespace we are in.
 *
 *     gcc -o call call.c libnsexec.a
 *     ./call 4242
 */
#include <errno.h>
#include <fcntl.h>
#include <nsexec/nsexec.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Runs in a child that shares our memory, inside of the namespace: only what is async-signal-safe, and no change of
 * credentials. (errno of this thread may be changed: the thread waits meanwhile.)
 */
static int64_t read_devices(void *data, void *buf, size_t size)
{
	size_t used = 0;
	ssize_t n;
	int fd = open((const char *)data, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while ((n = read(fd, (char *)buf + used, size - used)) > 0)
		used += (size_t)n;
	(void)close(fd); /* descriptors are not closed for us */
	return n < 0 ? -errno : (int64_t)used;
}

int main(int argc, char **argv)
{
	static char path[] = "/proc/thread-self/net/dev";
	static char devices[65536];
	struct nsexec_call_args args = {
		.size = sizeof(args),
		.flags = NSEXEC_CALL_SIGNAL_SAFE,
		.ns_mask = NSEXEC_NS_NET,
	};
	struct nsexec_err err = { 0 };
	char text[NSEXEC_ERR_TEXT_MAX];
	uint32_t class = 0;
	int64_t n;

	args.pidfd = argc == 2 ? (int32_t)syscall(SYS_pidfd_open, atoi(argv[1]), 0) : -1;
	if (args.pidfd < 0) {
		fprintf(stderr, "usage: call PID (of a process that runs)\n");
		return 125;
	}
	n = nsexec_call(&args, read_devices, path, devices, sizeof(devices), &class, &err);
	(void)close(args.pidfd);
	if (n < 0) {
		(void)nsexec_err_format(&err, text, sizeof(text));
		fprintf(stderr, "call: %s\n", text);
		return 125;
	}
	printf("%s child, %lld bytes\n",
	       class == NSEXEC_CALL_CLASS_SHARED ? "memory-sharing" : "forked", (long long)n);
	(void)fwrite(devices, 1, (size_t)n, stdout);
	return 0;
}
