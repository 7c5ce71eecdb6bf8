/* SPDX-License-Identifier: Apache-2.0 */
/* caps.c owns the system calls for capability sets. */
#include "lib/caps.h"

#include <errno.h>
#include <nsexec/plan.h>
#include <strings.h>
#include <sys/prctl.h>

#include "base/own.h"
#include "base/sys.h"

void nsx_caps_get(uint64_t *ret_effective, uint64_t *ret_permitted, uint64_t *ret_inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 }, { 0 } };

	(void)nsx_sys_capget(&header, data); /* can not fail for ourselves */
	*ret_effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	*ret_permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	*ret_inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
}

bool nsx_caps_rule_all(void)
{
	const uint64_t needed = 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_SYS_PTRACE |
				1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_DAC_READ_SEARCH;
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;

	nsx_caps_get(&effective, &permitted, &inheritable);
	return (effective & needed) == needed;
}

int nsx_caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable, struct nsx_err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
		  (uint32_t)(inheritable >> 32) },
	};

	if (nsx_sys_capset(&header, data) < 0)
		return nsx_err_set(err, -errno, "capset", "capability sets", NSX_HINT_KEEP_CAPS);
	return 0;
}

int nsx_caps_limit(uint64_t keep, struct nsx_err *err)
{
	/* the kernel says EINVAL behind its last capability: no need to ask for it */
	for (unsigned cap = 0; cap < 63; cap++) {
		if ((keep & 1ULL << cap) != 0)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
			if (errno == EINVAL)
				return 0;
			return nsx_err_set(err, -errno, "prctl(PR_CAPBSET_DROP)",
					   nsexec_cap_name(cap), NSX_HINT_KEEP_CAPS);
		}
	}
	return 0;
}

/* clang-format off */
static const char *const names[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
	"CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
	"CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
	"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};
/* clang-format on */

const char *nsexec_cap_name(unsigned cap)
{
	return cap < NSX_ARRAY_SIZE(names) ? names[cap] : "CAP_?";
}

int nsexec_cap_parse(const char *name, unsigned *ret_cap, struct nsexec_err *err)
{
	const char *rest = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;

	for (unsigned cap = 0; cap < NSX_ARRAY_SIZE(names); cap++)
		if (strcasecmp(rest, names[cap] + 4) == 0) {
			*ret_cap = cap;
			return 0;
		}
	return nsx_err_set(err, -EINVAL, "parse-capability", name, NSX_HINT_HELP);
}
