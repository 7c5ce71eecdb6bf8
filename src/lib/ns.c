/* SPDX-License-Identifier: Apache-2.0 */
/* ns.c owns the kinds of namespaces: names, flags of the kernel. */
#include "lib/ns.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/sys.h"

/* clang-format off */
static const struct {
	const char *name;
	const char *other;
	uint64_t clone;
} kinds[NSX_NS_COUNT] = {
	{ "user",   "user",    NSX_CLONE_NEWUSER },
	{ "mnt",    "mount",   NSX_CLONE_NEWNS },
	{ "pid",    "pid",     NSX_CLONE_NEWPID },
	{ "net",    "network", NSX_CLONE_NEWNET },
	{ "ipc",    "ipc",     NSX_CLONE_NEWIPC },
	{ "uts",    "uts",     NSX_CLONE_NEWUTS },
	{ "cgroup", "cgroup",  NSX_CLONE_NEWCGROUP },
	{ "time",   "time",    NSX_CLONE_NEWTIME },
};
/* clang-format on */

const char *nsexec_ns_name(uint32_t ns)
{
	for (unsigned i = 0; i < NSX_NS_COUNT; i++)
		if (ns == 1u << i)
			return kinds[i].name;
	return NULL;
}

int nsexec_ns_parse(const char *name, uint32_t *ret_ns, struct nsexec_err *err)
{
	for (unsigned i = 0; i < NSX_NS_COUNT; i++)
		if (strcmp(name, kinds[i].name) == 0 || strcmp(name, kinds[i].other) == 0) {
			*ret_ns = 1u << i;
			return 0;
		}
	return nsx_err_set(err, -EINVAL, "parse-ns-kind", name, NSX_HINT_HELP);
}

uint64_t nsx_ns_clone_flags(uint32_t mask)
{
	uint64_t flags = 0;

	for (unsigned i = 0; i < NSX_NS_COUNT; i++)
		if ((mask & 1u << i) != 0)
			flags |= kinds[i].clone;
	return flags;
}

void nsx_ns_list_names(uint32_t mask, struct nsx_str *out)
{
	bool first = true;

	for (unsigned i = 0; i < NSX_NS_COUNT; i++) {
		if ((mask & 1u << i) == 0)
			continue;
		if (!first)
			nsx_str_add(out, ",");
		nsx_str_add(out, kinds[i].name);
		first = false;
	}
}
