/* SPDX-License-Identifier: Apache-2.0 */
/* feature.c owns finding out what the kernel can do. */
#include <nsexec/feature.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/own.h"
#include "base/sys.h"
#include "lib/cgroup_path.h"

#define PIDFD_GET_INFO_V0 _IOWR(0xFF, 11, char[64])

/* Arguments that must fail otherwise: only "no such call" and, from filters, "not permitted" mean that it is not there. */
static bool answers(long result)
{
	return result >= 0 || (errno != ENOSYS && errno != EPERM);
}

static bool has_clone3(void)
{
	return answers(syscall(SYS_clone3, NULL, 0));
}

static bool has_openat2(void)
{
	return answers(syscall(SYS_openat2, -1, NULL, NULL, 0));
}

static bool has_setns_pidfd(void)
{
	auto_close int fd = nsx_sys_pidfd_open(nsx_sys_getpid());

	/* to our own UTS namespace, which changes nothing: EPERM without power, EINVAL where a pidfd is not understood */
	return fd >= 0 && (nsx_sys_setns(fd, NSX_CLONE_NEWUTS) == 0 || errno == EPERM);
}

static bool has_close_range(void)
{
	return answers(syscall(SYS_close_range, ~0U, ~0U, 0));
}

static bool has_mount_setattr(void)
{
	return answers(syscall(SYS_mount_setattr, -1, NULL, 0, NULL, 0));
}

static bool has_lsm_self_attr(void)
{
	return answers(syscall(SYS_lsm_set_self_attr, 0, NULL, 0, 0));
}

static bool has_pidfd_info(void)
{
	char info[64] = { 0 };
	auto_close int fd = nsx_sys_pidfd_open(nsx_sys_getpid());

	return fd >= 0 && ioctl(fd, PIDFD_GET_INFO_V0, info) == 0;
}

static bool has_seccomp(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static bool has_time_ns(void)
{
	return access("/proc/self/ns/time", F_OK) == 0;
}

static bool has_cgroup2(void)
{
	return nsx_cgroup_mount() != NULL;
}

/* clang-format off */
static const struct {
	uint64_t bit;
	const char *name;
	bool (*probe)(void);
} features[NSEXEC_FEATURE_COUNT] = {
	{ NSEXEC_FEATURE_CLONE3,         "clone3",         has_clone3 },
	{ NSEXEC_FEATURE_OPENAT2,        "openat2",        has_openat2 },
	{ NSEXEC_FEATURE_SETNS_PIDFD,    "setns-pidfd",    has_setns_pidfd },
	{ NSEXEC_FEATURE_CLOSE_RANGE,    "close_range",    has_close_range },
	{ NSEXEC_FEATURE_MOUNT_SETATTR,  "mount_setattr",  has_mount_setattr },
	{ NSEXEC_FEATURE_LSM_SELF_ATTR,  "lsm-self-attr",  has_lsm_self_attr },
	{ NSEXEC_FEATURE_PIDFD_INFO,     "pidfd-info",     has_pidfd_info },
	{ NSEXEC_FEATURE_SECCOMP_FILTER, "seccomp-filter", has_seccomp },
	{ NSEXEC_FEATURE_TIME_NS,        "time-ns",        has_time_ns },
	{ NSEXEC_FEATURE_CGROUP2,        "cgroup2",        has_cgroup2 },
};
/* clang-format on */

uint64_t nsexec_feature_probe(void)
{
	uint64_t found = 0;

	for (size_t i = 0; i < NSEXEC_FEATURE_COUNT; i++)
		if (features[i].probe())
			found |= features[i].bit;
	return found;
}

const char *nsexec_feature_name(uint64_t feature)
{
	for (size_t i = 0; i < NSEXEC_FEATURE_COUNT; i++)
		if (features[i].bit == feature)
			return features[i].name;
	return NULL;
}
