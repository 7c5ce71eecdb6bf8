/* SPDX-License-Identifier: Apache-2.0 */
/* identity.c owns the decision on ids, groups and capabilities: the plan's wishes over the target's state. */
#include <errno.h>
#include <nsexec/plan.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

#include "base/own.h"
#include "base/str.h"
#include "lib/caps.h"
#include "lib/context.h"

static bool user_changes(const struct nsx_run *run)
{
	return ((run->fresh | run->join) & NSEXEC_NS_USER) != 0;
}

/* As of the execve that started this program, which changes none of them itself: the kernel wrote them down for it. */
static bool has_ids_already(const struct nsx_identity *id)
{
	return getauxval(AT_UID) == id->uid && getauxval(AT_EUID) == id->uid &&
	       getauxval(AT_GID) == id->gid && getauxval(AT_EGID) == id->gid;
}

static void decide_ids(struct nsx_run *run)
{
	const struct nsx_spec *spec = run->spec;
	struct nsx_identity *id = &run->identity;

	if (nsx_run_takes(run, NSEXEC_CONTEXT_IDS)) {
		id->uid = run->target.uid;
		id->gid = run->target.gid;
	} else if ((run->fresh & NSEXEC_NS_USER) == 0) { /* else 0:0 */
		id->uid = (uint32_t)getauxval(AT_EUID);
		id->gid = (uint32_t)getauxval(AT_EGID);
	}
	if ((spec->set & NSX_SET_UID) != 0)
		id->uid = spec->uid;
	if ((spec->set & NSX_SET_GID) != 0)
		id->gid = spec->gid;
	id->set_ids = (spec->set & NSX_SET_IDS) != 0 || (run->fresh & NSEXEC_NS_USER) != 0 ||
		      nsx_run_takes(run, NSEXEC_CONTEXT_IDS);
	id->change_ids = id->set_ids && (user_changes(run) || !has_ids_already(id));

	if ((spec->set & NSX_SET_GROUPS) != 0) {
		id->set_groups = true;
		id->groups =
			nsx_spec_list(spec, NSX_LIST_GROUPS, sizeof(uint32_t), &id->group_count);
	} else if ((spec->set & NSX_SET_IDS) != 0 || (run->fresh & NSEXEC_NS_USER) != 0) {
		id->set_groups = true; /* none */
	} else if (nsx_run_takes(run, NSEXEC_CONTEXT_GROUPS)) {
		id->set_groups = true;
		id->groups = run->target.groups;
		id->group_count = run->target.group_count;
	}
}

/* Where the sets start from: the target's, or what the caller will have. */
static void base_caps(struct nsx_run *run, uint64_t caps[5])
{
	if (nsx_run_takes(run, NSEXEC_CONTEXT_CAPS)) {
		memcpy(caps, run->target.caps, sizeof(run->target.caps));
		return;
	}
	caps[NSEXEC_CAPS_BOUNDING] = NSX_CAPS_ALL;
	if (user_changes(run)) {
		caps[NSEXEC_CAPS_EFFECTIVE] = NSX_CAPS_ALL;
		caps[NSEXEC_CAPS_PERMITTED] = NSX_CAPS_ALL;
		return;
	}
	nsx_caps_get(&caps[NSEXEC_CAPS_EFFECTIVE], &caps[NSEXEC_CAPS_PERMITTED],
		     &caps[NSEXEC_CAPS_INHERITABLE]);
}

static int decide_caps(struct nsx_run *run, struct nsx_err *err)
{
	const struct nsx_spec *spec = run->spec;
	struct nsx_identity *id = &run->identity;
	uint64_t *caps = id->caps;
	uint64_t all_sets = (uint64_t)NSX_SET_CAPS0 * 0x1f;
	bool root = !id->set_ids || id->uid == 0;

	if ((spec->flags & NSEXEC_PLAN_KEEP_CAPS) != 0)
		return 0;
	id->set_caps = nsx_run_takes(run, NSEXEC_CONTEXT_CAPS) || (spec->set & all_sets) != 0 ||
		       spec->caps_add != 0 || spec->caps_drop != 0;
	if (!id->set_caps)
		return 0;

	base_caps(run, caps);
	if ((spec->set & NSX_SET_UID) != 0) {
		/* what execve(2) would make of it: everything for root, nothing for others */
		uint64_t power = spec->uid == 0 ? caps[NSEXEC_CAPS_BOUNDING] : 0;

		caps[NSEXEC_CAPS_EFFECTIVE] = power;
		caps[NSEXEC_CAPS_PERMITTED] = power;
		caps[NSEXEC_CAPS_AMBIENT] = 0;
	}
	for (unsigned i = 0; i < 5; i++)
		if ((spec->set & (uint64_t)NSX_SET_CAPS0 << i) != 0)
			caps[i] = spec->caps[i];

	for (unsigned i = 0; i < 5; i++)
		caps[i] &= ~spec->caps_drop;
	caps[NSEXEC_CAPS_EFFECTIVE] |= spec->caps_add;
	caps[NSEXEC_CAPS_PERMITTED] |= spec->caps_add;
	caps[NSEXEC_CAPS_BOUNDING] |= spec->caps_add;
	if (!root) {
		caps[NSEXEC_CAPS_INHERITABLE] |= spec->caps_add;
		caps[NSEXEC_CAPS_AMBIENT] |= spec->caps_add;
	}

	if (spec->caps_add != 0 && !user_changes(run)) {
		uint64_t effective;
		uint64_t permitted;
		uint64_t inheritable;
		uint64_t missing;

		nsx_caps_get(&effective, &permitted, &inheritable);
		missing = spec->caps_add & ~permitted;
		if (missing != 0)
			return nsx_err_set(err, -EPERM, "add-capability",
					   nsexec_cap_name((unsigned)__builtin_ctzll(missing)),
					   NSX_HINT_NONE);
	}
	return 0;
}

int nsx_context_identity(struct nsx_run *run, struct nsx_err *err)
{
	const struct nsx_spec *spec = run->spec;
	struct nsx_identity *id = &run->identity;

	decide_ids(run);
	id->no_new_privs = (spec->set & NSX_SET_NNP) != 0 ?
				   spec->no_new_privs != 0 :
				   nsx_run_takes(run, NSEXEC_CONTEXT_NNP) &&
					   run->target.no_new_privs;
	if ((spec->set & NSX_SET_UMASK) != 0 || nsx_run_takes(run, NSEXEC_CONTEXT_UMASK)) {
		id->set_umask = true;
		id->umask = (spec->set & NSX_SET_UMASK) != 0 ? spec->umask : run->target.umask;
	}
	return decide_caps(run, err);
}
