/* SPDX-License-Identifier: Apache-2.0 */
/* What the setters of a plan refuse, and the packed plan that comes of them. */
#include "../tap.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <nsexec/nsexec.h>
#include <sys/resource.h>
#include <time.h>

#include "lib/plan_internal.h"

static struct nsexec_plan *plan;
static struct nsexec_err err;

/* One setter with one argument that is wrong: the code, and a record with the same code. */
#define REFUSES(code_, call)                                              \
	do {                                                              \
		err = (struct nsexec_err){ 0 };                           \
		CHECK_INT(call, code_);                                   \
		CHECK_INT(err.code, code_);                               \
		CHECK(err.operation[0] != '\0' && err.object[0] != '\0'); \
	} while (0)
#define TAKES(call)                             \
	do {                                    \
		err = (struct nsexec_err){ 0 }; \
		CHECK_INT(call, 0);             \
		CHECK_INT(err.code, 0);         \
	} while (0)

static int begin(void)
{
	plan = nsexec_plan_new();
	CHECK(plan != NULL);
	return 0;
}

static int end(void)
{
	CHECK(nsexec_plan_free(plan) == NULL);
	return 0;
}

static int frees_nothing(void)
{
	CHECK(nsexec_plan_free(NULL) == NULL);
	CHECK(nsexec_process_free(NULL) == NULL);
	return 0;
}

static int refuses_unknown_bits_and_kinds(void)
{
	CHECK_OK(begin());
	REFUSES(-EINVAL, nsexec_plan_set_flags(plan, 1ULL << 40, &err));
	REFUSES(-EINVAL, nsexec_plan_set_flags(plan, 0x20, &err));
	REFUSES(-EINVAL, nsexec_plan_set_context(plan, 0x1000, &err));
	REFUSES(-EINVAL, nsexec_plan_set_ns(plan, 0x100, NSEXEC_NS_MODE_NEW, &err));
	REFUSES(-EINVAL, nsexec_plan_set_ns(plan, NSEXEC_NS_NET, 3, &err));
	REFUSES(-EINVAL, nsexec_plan_set_ns_fd(plan, 3, 0, &err));
	REFUSES(-EINVAL, nsexec_plan_set_ns_fd(plan, 0, 0, &err));
	REFUSES(-EINVAL, nsexec_plan_set_ns_path(plan, 0x100, "/x", &err));
	REFUSES(-EINVAL, nsexec_plan_set_ns_path(plan, NSEXEC_NS_NET, "", &err));
	REFUSES(-EINVAL, nsexec_plan_set_setgroups(plan, 3, &err));
	REFUSES(-EINVAL, nsexec_plan_set_limit(plan, 3, 1, &err));
	REFUSES(-EINVAL, nsexec_plan_set_caps(plan, 5, 0, &err));
	REFUSES(-EINVAL, nsexec_plan_add_bind(plan, "/a", "/b", 0x200, &err));
	REFUSES(-EINVAL, nsexec_plan_add_mount(plan, "tmpfs", "/b", "", 0x200, &err));
	TAKES(nsexec_plan_set_ns(plan, NSEXEC_NS_ALL, NSEXEC_NS_MODE_TARGET, &err));
	TAKES(nsexec_plan_set_context(plan, NSEXEC_CONTEXT_ALL, &err));
	TAKES(nsexec_plan_set_context(plan, 0, &err));
	return end();
}

static int refuses_descriptors_that_are_not_open(void)
{
	CHECK_OK(begin());
	for (int i = 0; i < 2; i++) {
		int fd = i == 0 ? -1 : 1000;

		REFUSES(-EBADF, nsexec_plan_set_target_pidfd(plan, fd, &err));
		REFUSES(-EBADF, nsexec_plan_set_ns_fd(plan, NSEXEC_NS_NET, fd, &err));
		REFUSES(-EBADF, nsexec_plan_set_root_fd(plan, fd, &err));
		REFUSES(-EBADF, nsexec_plan_set_cgroup_fd(plan, fd, &err));
		REFUSES(-EBADF, nsexec_plan_add_fd(plan, fd, 3, &err));
	}
	return end();
}

static int refuses_numbers_out_of_range(void)
{
	CHECK_OK(begin());
	REFUSES(-EINVAL, nsexec_plan_set_target_pid(plan, 0, 0, &err));
	REFUSES(-EINVAL, nsexec_plan_set_target_pid(plan, -1, 0, &err));
	REFUSES(-EINVAL, nsexec_plan_set_ids(plan, UINT32_MAX, 0, &err));
	REFUSES(-EINVAL, nsexec_plan_set_ids(plan, 0, UINT32_MAX, &err));
	REFUSES(-EINVAL, nsexec_plan_set_umask(plan, 01000, &err));
	REFUSES(-EINVAL, nsexec_plan_set_oom_score_adj(plan, 1001, &err));
	REFUSES(-EINVAL, nsexec_plan_set_oom_score_adj(plan, -1001, &err));
	REFUSES(-EINVAL, nsexec_plan_set_pdeathsig(plan, -1, &err));
	REFUSES(-EINVAL, nsexec_plan_set_pdeathsig(plan, 65, &err));
	REFUSES(-EINVAL, nsexec_plan_set_rlimit(plan, -1, 0, 0, &err));
	REFUSES(-EINVAL, nsexec_plan_set_rlimit(plan, 99, 0, 0, &err));
	REFUSES(-EINVAL, nsexec_plan_set_rlimit(plan, RLIMIT_NOFILE, 2, 1, &err));
	REFUSES(-EINVAL, nsexec_plan_set_limit(plan, NSEXEC_LIMIT_PIDS, 0, &err));
	REFUSES(-EINVAL, nsexec_plan_set_time_offset(plan, CLOCK_REALTIME, 0, 0, &err));
	REFUSES(-EINVAL, nsexec_plan_set_time_offset(plan, CLOCK_MONOTONIC, 0, 1000000000, &err));
	REFUSES(-EINVAL, nsexec_plan_add_fd(plan, 0, -1, &err));
	TAKES(nsexec_plan_set_ids(plan, UINT32_MAX - 1, 0, &err));
	TAKES(nsexec_plan_set_umask(plan, 0777, &err));
	TAKES(nsexec_plan_set_oom_score_adj(plan, -1000, &err));
	TAKES(nsexec_plan_set_pdeathsig(plan, 0, &err));
	TAKES(nsexec_plan_set_time_offset(plan, CLOCK_BOOTTIME, -5, 999999999, &err));
	return end();
}

static int refuses_texts_that_are_empty_or_relative(void)
{
	char *const none[] = { NULL };
	char *const empty[] = { (char *)"", NULL };
	char *const no_equals[] = { (char *)"A", NULL };
	char long_name[66];

	CHECK_OK(begin());
	memset(long_name, 'a', 65);
	long_name[65] = '\0';
	REFUSES(-EINVAL, nsexec_plan_set_argv(plan, none, &err));
	REFUSES(-EINVAL, nsexec_plan_set_argv(plan, empty, &err));
	REFUSES(-EINVAL, nsexec_plan_set_env(plan, no_equals, &err));
	REFUSES(-EINVAL, nsexec_plan_add_env(plan, "A", &err));
	REFUSES(-EINVAL, nsexec_plan_add_env(plan, "=", &err));
	REFUSES(-EINVAL, nsexec_plan_add_env(plan, "", &err));
	REFUSES(-EINVAL, nsexec_plan_set_cwd(plan, "", &err));
	REFUSES(-EINVAL, nsexec_plan_set_cwd(plan, "x", &err));
	REFUSES(-EINVAL, nsexec_plan_set_root_path(plan, "", &err));
	REFUSES(-EINVAL, nsexec_plan_set_hostname(plan, "", &err));
	REFUSES(-EINVAL, nsexec_plan_set_hostname(plan, long_name, &err));
	REFUSES(-EINVAL, nsexec_plan_add_cleanup(plan, "relative", &err));
	REFUSES(-EINVAL, nsexec_plan_add_bind(plan, "", "/b", 0, &err));
	REFUSES(-EINVAL, nsexec_plan_add_bind(plan, "/a", "b", 0, &err));
	REFUSES(-EINVAL, nsexec_plan_add_mount(plan, "nonsense", "/b", "", 0, &err));
	REFUSES(-EINVAL, nsexec_plan_add_mount(plan, "tmpfs", "b", "", 0, &err));
	REFUSES(-EINVAL, nsexec_plan_add_masked_path(plan, "b", &err));
	REFUSES(-EINVAL, nsexec_plan_add_readonly_path(plan, "", &err));
	TAKES(nsexec_plan_set_hostname(plan, long_name + 1, &err));
	TAKES(nsexec_plan_set_env(plan, none, &err));
	TAKES(nsexec_plan_add_env(plan, "A=", &err));
	return end();
}

static int refuses_id_maps_that_overlap_or_wrap(void)
{
	static const struct nsexec_idmap bad[] = { { 0, 0, 0 },
						   { UINT32_MAX, 0, 1 },
						   { 0, UINT32_MAX, 1 },
						   { 1, 0, UINT32_MAX },
						   { 0, 1, UINT32_MAX } };
	static const struct nsexec_idmap meet[] = { { 10, 500, 1 },  { 19, 500, 1 },
						    { 5, 500, 6 },   { 0, 500, 100 },
						    { 500, 100, 1 }, { 500, 109, 1 },
						    { 500, 95, 6 } };
	static const struct nsexec_idmap good[] = { { 20, 110, 5 }, { 9, 99, 1 } };

	CHECK_OK(begin());
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		REFUSES(-EINVAL, nsexec_plan_add_uid_map(plan, &bad[i], &err));
		REFUSES(-EINVAL, nsexec_plan_add_gid_map(plan, &bad[i], &err));
	}
	TAKES(nsexec_plan_add_uid_map(plan, &(struct nsexec_idmap){ 10, 100, 10 }, &err));
	for (size_t i = 0; i < sizeof(meet) / sizeof(meet[0]); i++) {
		REFUSES(-EINVAL, nsexec_plan_add_uid_map(plan, &meet[i], &err));
		NOTE("row %zu", i);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		TAKES(nsexec_plan_add_uid_map(plan, &good[i], &err));
	return end();
}

static int refuses_more_than_340_lines_of_an_id_map(void)
{
	CHECK_OK(begin());
	for (uint32_t i = 0; i < 340; i++)
		TAKES(nsexec_plan_add_gid_map(plan, &(struct nsexec_idmap){ i, i, 1 }, &err));
	REFUSES(-E2BIG, nsexec_plan_add_gid_map(plan, &(struct nsexec_idmap){ 340, 340, 1 }, &err));
	return end();
}

static int refuses_filters_that_the_kernel_would(void)
{
	const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	const struct sock_filter no_return = BPF_STMT(BPF_LD | BPF_IMM, 0);
	const struct sock_filter far_jump[] = { BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 9, 0),
						allow };
	const struct sock_filter out_of_data[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), allow };
	const struct sock_filter unaligned[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 1), allow };
	const struct sock_filter unknown[] = { { 0xffff, 0, 0, 0 }, allow };

	CHECK_OK(begin());
	REFUSES(-EINVAL, nsexec_plan_add_seccomp(plan, &allow, 0, &err));
	REFUSES(-EINVAL, nsexec_plan_add_seccomp(plan, &allow, 4097, &err));
	REFUSES(-EINVAL, nsexec_plan_add_seccomp(plan, &no_return, 1, &err));
	REFUSES(-EINVAL, nsexec_plan_add_seccomp(plan, far_jump, 2, &err));
	REFUSES(-EINVAL, nsexec_plan_add_seccomp(plan, out_of_data, 2, &err));
	REFUSES(-EINVAL, nsexec_plan_add_seccomp(plan, unaligned, 2, &err));
	REFUSES(-EINVAL, nsexec_plan_add_seccomp(plan, unknown, 2, &err));
	TAKES(nsexec_plan_add_seccomp(plan, &allow, 1, &err));
	return end();
}

static int refuses_a_descriptor_number_that_is_mapped_twice(void)
{
	CHECK_OK(begin());
	TAKES(nsexec_plan_add_fd(plan, 0, 5, &err));
	REFUSES(-EINVAL, nsexec_plan_add_fd(plan, 1, 5, &err));
	TAKES(nsexec_plan_add_fd(plan, 0, 6, &err)); /* one may have two numbers */
	return end();
}

static int setters_copy(void)
{
	char word[] = "/bin/true";
	char variable[] = "A=b";
	char *argv[] = { word, NULL };
	struct nsx_spec *spec;

	CHECK_OK(begin());
	TAKES(nsexec_plan_set_argv(plan, argv, &err));
	TAKES(nsexec_plan_add_env(plan, variable, &err));
	memset(word, 'x', sizeof(word) - 1);
	memset(variable, 'x', sizeof(variable) - 1);
	CHECK_OK(nsx_plan_pack(plan, &spec, &err));
	CHECK_STR(nsx_spec_next_text(spec, NSX_LIST_ARGV, NULL), "/bin/true");
	CHECK_STR(nsx_spec_next_text(spec, NSX_LIST_ENV_ADD, NULL), "A=b");
	free(spec);
	return end();
}

static int contradictions_are_refused_when_spawned(void)
{
	char *argv[] = { (char *)"/bin/true", NULL };
	struct nsexec_process *process = (void *)&err;

	CHECK_OK(begin());
	REFUSES(-EINVAL, nsexec_spawn(plan, NULL, &process, &err)); /* no program */
	CHECK(process == (void *)&err);
	TAKES(nsexec_plan_set_argv(plan, argv, &err));
	TAKES(nsexec_plan_set_ns(plan, NSEXEC_NS_NET, NSEXEC_NS_MODE_TARGET, &err));
	REFUSES(-EINVAL, nsexec_spawn(plan, NULL, &process, &err)); /* no target */
	TAKES(nsexec_plan_set_ns(plan, NSEXEC_NS_NET, NSEXEC_NS_MODE_INHERIT, &err));
	TAKES(nsexec_plan_set_flags(plan, NSEXEC_PLAN_INIT, &err));
	REFUSES(-EINVAL, nsexec_spawn(plan, NULL, &process, &err)); /* no new pid namespace */
	TAKES(nsexec_plan_set_flags(plan, 0, &err));
	TAKES(nsexec_plan_add_uid_map(plan, &(struct nsexec_idmap){ 0, 0, 1 }, &err));
	REFUSES(-EINVAL, nsexec_spawn(plan, NULL, &process, &err)); /* no new user namespace */
	CHECK(process == (void *)&err);
	return end();
}

static struct nsx_spec *full_spec(void)
{
	static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)"true", NULL };
	char *envp[] = { (char *)"A=b", (char *)"C=", NULL };
	struct nsx_spec *spec = NULL;

	plan = nsexec_plan_new();
	(void)nsexec_plan_set_argv(plan, argv, NULL);
	(void)nsexec_plan_set_env(plan, envp, NULL);
	(void)nsexec_plan_add_env(plan, "D=e", NULL);
	(void)nsexec_plan_set_ns(plan, NSEXEC_NS_USER | NSEXEC_NS_MNT | NSEXEC_NS_UTS,
				 NSEXEC_NS_MODE_NEW, NULL);
	(void)nsexec_plan_add_uid_map(plan, &(struct nsexec_idmap){ 0, 0, 1 }, NULL);
	(void)nsexec_plan_add_gid_map(plan, &(struct nsexec_idmap){ 0, 0, 1 }, NULL);
	(void)nsexec_plan_set_ns_path(plan, NSEXEC_NS_NET, "/proc/self/ns/net", NULL);
	(void)nsexec_plan_set_root_path(plan, "/tmp", NULL);
	(void)nsexec_plan_add_standard_mounts(plan, 0, NULL);
	(void)nsexec_plan_add_bind(plan, "/a", "/b", 0, NULL);
	(void)nsexec_plan_set_hostname(plan, "h", NULL);
	(void)nsexec_plan_set_groups(plan, (uint32_t[]){ 1, 2, 3 }, 3, NULL);
	(void)nsexec_plan_set_rlimit(plan, RLIMIT_NOFILE, 1, 2, NULL);
	(void)nsexec_plan_add_seccomp(plan, &allow, 1, NULL);
	(void)nsexec_plan_add_fd(plan, 0, 5, NULL);
	(void)nsexec_plan_add_cleanup(plan, "/c", NULL);
	(void)nsexec_plan_set_cwd(plan, "/d", NULL);
	if (nsx_plan_pack(plan, &spec, &err) < 0)
		NOTE("pack: %s of %s", err.operation, err.object);
	plan = nsexec_plan_free(plan);
	return spec;
}

static int a_packed_plan_is_whole(void)
{
	struct nsx_spec *spec = full_spec();

	CHECK(spec != NULL);
	CHECK_INT(nsx_spec_check(spec, spec->total, &err), 0);
	free(spec);
	return 0;
}

static int every_truncation_of_a_packed_plan_is_refused(void)
{
	struct nsx_spec *spec = full_spec();

	CHECK(spec != NULL);
	for (size_t bytes = 0; bytes < spec->total; bytes++) {
		/* in memory of its own, so that a sanitizer sees who reads behind it */
		struct nsx_spec *cut = malloc(bytes == 0 ? 1 : bytes);

		CHECK(cut != NULL);
		memcpy(cut, spec, bytes);
		CHECK_INT(nsx_spec_check(cut, bytes, NULL), -EPROTO);
		if (bytes >=
		    offsetof(struct nsx_spec, flags)) { /* and one that says that it is so long */
			cut->total = bytes;
			if (bytes >= sizeof(*cut)) {
				int r = nsx_spec_check(cut, bytes, NULL);

				CHECK(r == -EPROTO ||
				      r == 0); /* a list may lack its last items and be well-formed */
				if (r == 0)    /* but never reach beyond the end */
					for (unsigned i = 0; i < NSX_LIST_COUNT; i++)
						CHECK(cut->lists[i].offset + cut->lists[i].bytes <=
						      bytes);
			}
		}
		free(cut);
	}
	free(spec);
	return 0;
}

static int offsets_out_of_the_packed_plan_are_refused(void)
{
	static const uint32_t wrong[] = { 0, 1, 8, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff };
	struct nsx_spec *spec = full_spec();

	CHECK(spec != NULL);
	for (unsigned list = 0; list < NSX_LIST_COUNT; list++) {
		struct nsx_list_ref was = spec->lists[list];

		for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
			spec->lists[list] = (struct nsx_list_ref){ wrong[i], was.bytes };
			CHECK_INT(nsx_spec_check(spec, spec->total, NULL), -EPROTO);
			spec->lists[list] = (struct nsx_list_ref){ was.offset, wrong[i] };
			CHECK(i < 3 || nsx_spec_check(spec, spec->total, NULL) == -EPROTO);
		}
		spec->lists[list] = was;
	}
	for (unsigned i = 0; i < NSX_NS_COUNT; i++) {
		uint32_t was = spec->ns[i].path;

		spec->ns[i].path = spec->lists[NSX_LIST_TEXT].bytes;
		CHECK_INT(nsx_spec_check(spec, spec->total, NULL), -EPROTO);
		spec->ns[i].path = was;
	}
	spec->hostname = UINT32_MAX;
	CHECK_INT(nsx_spec_check(spec, spec->total, NULL), -EPROTO);
	free(spec);
	return 0;
}

static int texts_without_an_end_are_refused(void)
{
	struct nsx_spec *spec = full_spec();

	CHECK(spec != NULL);
	for (unsigned list = 0; list < NSX_LIST_COUNT; list++) {
		char *bytes = (char *)spec + spec->lists[list].offset;
		uint32_t count = spec->lists[list].bytes;

		if (count == 0 || bytes[count - 1] != '\0' ||
		    (list != NSX_LIST_TEXT && list != NSX_LIST_ARGV && list != NSX_LIST_ENV &&
		     list != NSX_LIST_CLEANUP))
			continue;
		bytes[count - 1] = 'x';
		CHECK_INT(nsx_spec_check(spec, spec->total, NULL), -EPROTO);
		bytes[count - 1] = '\0';
	}
	spec->magic++;
	CHECK_INT(nsx_spec_check(spec, spec->total, NULL), -EPROTO);
	free(spec);
	return 0;
}

TAP_MAIN(CASE(frees_nothing), CASE(refuses_unknown_bits_and_kinds),
	 CASE(refuses_descriptors_that_are_not_open), CASE(refuses_numbers_out_of_range),
	 CASE(refuses_texts_that_are_empty_or_relative), CASE(refuses_id_maps_that_overlap_or_wrap),
	 CASE(refuses_more_than_340_lines_of_an_id_map),
	 CASE(refuses_filters_that_the_kernel_would),
	 CASE(refuses_a_descriptor_number_that_is_mapped_twice), CASE(setters_copy),
	 CASE(contradictions_are_refused_when_spawned), CASE(a_packed_plan_is_whole),
	 CASE(every_truncation_of_a_packed_plan_is_refused),
	 CASE(offsets_out_of_the_packed_plan_are_refused), CASE(texts_without_an_end_are_refused))
