/* SPDX-License-Identifier: Apache-2.0 */
/* plan_mounts.c owns the setters for mounts, hidden paths and filters. */
#include <nsexec/plan.h>

#include <errno.h>
#include <string.h>

#include "base/own.h"
#include "lib/bpf_sim.h"
#include "lib/plan_internal.h"

#define MOUNT_FLAGS                                                                             \
	(NSEXEC_MOUNT_RDONLY | NSEXEC_MOUNT_NOSUID | NSEXEC_MOUNT_NODEV | NSEXEC_MOUNT_NOEXEC | \
	 NSEXEC_MOUNT_NOATIME | NSEXEC_MOUNT_RECURSIVE)

static int add_mount(struct nsexec_plan *plan, const struct nsx_mount *kind, const char *source,
		     const char *target, const char *options, struct nsx_err *err)
{
	struct nsx_mount mount = *kind;
	int r;

	if ((mount.flags & ~MOUNT_FLAGS) != 0)
		return nsx_err_set(err, -EINVAL, "check-plan", "mount: unknown flag",
				   NSX_HINT_NONE);
	if (target == NULL || target[0] != '/')
		return nsx_err_set(err, -EINVAL, "check-plan",
				   "mount: the target is an absolute path in the container",
				   NSX_HINT_NONE);

	r = nsx_plan_text(plan, source, "mount: empty source", &mount.source, err);
	if (r < 0)
		return r;
	r = nsx_plan_text(plan, target, "mount: empty target", &mount.target, err);
	if (r < 0)
		return r;
	if (options != NULL && options[0] != '\0') {
		r = nsx_plan_text(plan, options, "mount: empty options", &mount.options, err);
		if (r < 0)
			return r;
	}
	return nsx_plan_append(plan, NSX_LIST_MOUNTS, &mount, sizeof(mount), err);
}

int nsexec_plan_add_bind(struct nsexec_plan *plan, const char *source, const char *target,
			 uint32_t flags, struct nsexec_err *err)
{
	struct nsx_mount bind = { .kind = NSX_MOUNT_BIND, .flags = flags };

	return add_mount(plan, &bind, source, target, NULL, err);
}

int nsexec_plan_add_mount(struct nsexec_plan *plan, const char *type, const char *target,
			  const char *options, uint32_t flags, struct nsexec_err *err)
{
	static const char *const types[] = { "tmpfs",  "proc",    "sysfs",  "devpts",
					     "mqueue", "cgroup2", "overlay" };
	struct nsx_mount mount = { .kind = NSX_MOUNT_FS, .flags = flags };

	for (size_t i = 0; type != NULL && i < NSX_ARRAY_SIZE(types); i++)
		if (strcmp(type, types[i]) == 0)
			return add_mount(plan, &mount, type, target, options, err);
	return nsx_err_set(err, -EINVAL, "check-plan", "mount: unknown file system type",
			   NSX_HINT_NONE);
}

static int add_path(struct nsexec_plan *plan, enum nsx_list list, const char *path,
		    struct nsx_err *err)
{
	if (path == NULL || path[0] != '/')
		return nsx_err_set(err, -EINVAL, "check-plan",
				   "masked or read-only path: an absolute path is needed",
				   NSX_HINT_NONE);
	return nsx_plan_append(plan, list, path, strlen(path) + 1, err);
}

int nsexec_plan_add_masked_path(struct nsexec_plan *plan, const char *path, struct nsexec_err *err)
{
	return add_path(plan, NSX_LIST_MASKED, path, err);
}

int nsexec_plan_add_readonly_path(struct nsexec_plan *plan, const char *path,
				  struct nsexec_err *err)
{
	return add_path(plan, NSX_LIST_READONLY, path, err);
}

int nsexec_plan_add_standard_mounts(struct nsexec_plan *plan, uint32_t flags,
				    struct nsexec_err *err)
{
	enum {
		CGROUP_INDEX = 6,
		NOTHING = NSEXEC_MOUNT_NOSUID | NSEXEC_MOUNT_NODEV | NSEXEC_MOUNT_NOEXEC
	};
	/* what `runc spec` and Docker hide and protect */
	static const char *const masked[] = {
		"/proc/acpi",        "/proc/asound",  "/proc/interrupts",
		"/proc/kcore",       "/proc/keys",    "/proc/latency_stats",
		"/proc/sched_debug", "/proc/scsi",    "/proc/timer_list",
		"/proc/timer_stats", "/sys/firmware", "/sys/devices/virtual/powercap",
	};
	static const char *const readonly[] = {
		"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
	};
	static const struct nsx_mount dev = { .kind = NSX_MOUNT_DEV };
	bool open = (flags & NSEXEC_STANDARD_OPEN) != 0;
	uint32_t shielded = open ? NOTHING : NOTHING | NSEXEC_MOUNT_RDONLY;
	int r;

	if ((flags & ~NSEXEC_STANDARD_OPEN) != 0)
		return nsx_err_set(err, -EINVAL, "check-plan", "standard mounts: unknown flag",
				   NSX_HINT_NONE);
	r = nsexec_plan_add_mount(plan, "proc", "/proc", NULL, NOTHING, err);
	if (r >= 0)
		r = add_mount(plan, &dev, "dev", "/dev", NULL, err);
	if (r >= 0)
		r = nsexec_plan_add_mount(plan, "sysfs", "/sys", NULL, shielded, err);
	if (r >= 0 && plan->spec.ns[CGROUP_INDEX].mode == NSEXEC_NS_MODE_NEW)
		r = nsexec_plan_add_mount(plan, "cgroup2", "/sys/fs/cgroup", NULL, shielded, err);
	for (size_t i = 0; r >= 0 && !open && i < NSX_ARRAY_SIZE(masked); i++)
		r = nsexec_plan_add_masked_path(plan, masked[i], err);
	for (size_t i = 0; r >= 0 && !open && i < NSX_ARRAY_SIZE(readonly); i++)
		r = nsexec_plan_add_readonly_path(plan, readonly[i], err);
	return r;
}

int nsexec_plan_add_seccomp(struct nsexec_plan *plan, const struct sock_filter *filter,
			    size_t count, struct nsexec_err *err)
{
	uint32_t len = (uint32_t)count;
	int r = nsx_bpf_check(filter, count, err);

	if (r < 0)
		return r;

	r = nsx_plan_append(plan, NSX_LIST_FILTERS, filter, count * sizeof(*filter), err);
	if (r < 0)
		return r;
	return nsx_plan_append(plan, NSX_LIST_FILTER_LENS, &len, sizeof(len), err);
}

int nsexec_plan_set_seccomp_default(struct nsexec_plan *plan, struct nsexec_err *err)
{
	(void)err;
	plan->spec.set |= NSX_SET_SECCOMP_DEFAULT;
	return 0;
}
