/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, id maps, names of namespaces and capabilities, the error record. */
#include "../tap.h"

#include <limits.h>
#include <nsexec/nsexec.h>

#include "base/err.h"
#include "base/num.h"

struct number {
	const char *name;
	int code;
	uint64_t value;
};

/* clang-format off */
static const struct number ids[] = {
	{ "0", 0, 0 }, { "1", 0, 1 }, { "01", 0, 1 }, { "010", 0, 10 }, { "4294967294", 0, 4294967294 },
	{ "4294967295", -ERANGE, 0 }, { "4294967296", -ERANGE, 0 }, { "18446744073709551616", -ERANGE, 0 },
	{ "99999999999999999999999999", -ERANGE, 0 },
	{ "", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "+1", -EINVAL, 0 }, { " 1", -EINVAL, 0 }, { "1 ", -EINVAL, 0 },
	{ "1\n", -EINVAL, 0 }, { "0x1", -EINVAL, 0 }, { "1:", -EINVAL, 0 }, { ":1", -EINVAL, 0 }, { "1a", -EINVAL, 0 },
	{ "root", -EINVAL, 0 }, { "1.0", -EINVAL, 0 }, { "-", -EINVAL, 0 }, { "\xd9\xa1", -EINVAL, 0 },
};

static const struct number sizes[] = {
	{ "0", 0, 0 }, { "1", 0, 1 }, { "1K", 0, 1024 }, { "1k", -EINVAL, 0 }, { "64M", 0, 64ULL << 20 },
	{ "3G", 0, 3ULL << 30 }, { "1T", 0, 1ULL << 40 }, { "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 }, { "18014398509481984K", -ERANGE, 0 }, { "99999999999G", -ERANGE, 0 },
	{ "", -EINVAL, 0 }, { "K", -EINVAL, 0 }, { "1KB", -EINVAL, 0 }, { "1KK", -EINVAL, 0 }, { "1 K", -EINVAL, 0 },
	{ "1.5K", -EINVAL, 0 }, { "-1K", -EINVAL, 0 }, { "1X", -EINVAL, 0 },
};

static const struct number fds[] = {
	{ "0", 0, 0 }, { "3", 0, 3 }, { "1000", 0, 1000 }, { "2147483648", -ERANGE, 0 },
	{ "-1", -EINVAL, 0 }, { "", -EINVAL, 0 }, { "3 ", -EINVAL, 0 }, { "x", -EINVAL, 0 },
};

struct idmap {
	const char *name;
	int code;
	struct nsexec_idmap map;
};

static const struct idmap idmaps[] = {
	{ "0:0:1", 0, { 0, 0, 1 } },
	{ "0:100000:65536", 0, { 0, 100000, 65536 } },
	{ "1:2:3", 0, { 1, 2, 3 } },
	{ "0:0:4294967295", 0, { 0, 0, 4294967295 } },
	{ "4294967294:0:1", 0, { 4294967294, 0, 1 } },
	{ "0:4294967294:1", 0, { 0, 4294967294, 1 } },
	{ "4294967295:0:1", -ERANGE, { 0 } },
	{ "0:4294967295:1", -ERANGE, { 0 } },
	{ "0:4294967294:2", -ERANGE, { 0 } },
	{ "1:0:4294967295", -ERANGE, { 0 } },
	{ "0:4294967290:100", -ERANGE, { 0 } },
	{ "0:0:4294967296", -ERANGE, { 0 } },
	{ "99999999999999999999:0:1", -ERANGE, { 0 } },
	{ "0:0:0", -EINVAL, { 0 } },
	{ "", -EINVAL, { 0 } }, { "0", -EINVAL, { 0 } }, { "0:0", -EINVAL, { 0 } }, { "0:0:", -EINVAL, { 0 } },
	{ ":0:1", -EINVAL, { 0 } }, { "0::1", -EINVAL, { 0 } }, { "0:0:1:", -EINVAL, { 0 } }, { "0:0:1:1", -EINVAL, { 0 } },
	{ "0:0:1 ", -EINVAL, { 0 } }, { " 0:0:1", -EINVAL, { 0 } }, { "0:0:-1", -EINVAL, { 0 } }, { "a:0:1", -EINVAL, { 0 } },
	{ "0 0 1", -EINVAL, { 0 } }, { "0,0,1", -EINVAL, { 0 } }, { "root:0:1", -EINVAL, { 0 } },
};
/* clang-format on */

static int parses_ids(const void *arg)
{
	const struct number *row = arg;
	uint32_t id = 77;

	CHECK_INT(nsx_num_parse_id(row->name, &id), row->code);
	CHECK_INT(id, row->code == 0 ? row->value : 77);
	return 0;
}

static int parses_sizes(const void *arg)
{
	const struct number *row = arg;
	uint64_t bytes = 77;

	CHECK_INT(nsx_num_parse_size(row->name, &bytes), row->code);
	CHECK(bytes == (row->code == 0 ? row->value : 77));
	return 0;
}

static int parses_descriptors(const void *arg)
{
	const struct number *row = arg;
	int fd = 77;

	CHECK_INT(nsx_num_parse_fd(row->name, &fd), row->code);
	CHECK_INT(fd, row->code == 0 ? row->value : 77);
	return 0;
}

static int parses_below_a_maximum(void)
{
	uint64_t value = 77;

	CHECK_INT(nsx_num_parse_u64("10", 10, &value), 0);
	CHECK_INT(value, 10);
	value = 77;
	CHECK_INT(nsx_num_parse_u64("11", 10, &value), -ERANGE);
	CHECK_INT(value, 77);
	CHECK_INT(nsx_num_parse_u64("18446744073709551615", UINT64_MAX, &value), 0);
	CHECK(value == UINT64_MAX);
	return 0;
}

static int parses_id_maps(const void *arg)
{
	const struct idmap *row = arg;
	struct nsexec_idmap map = { 7, 7, 7 };
	struct nsexec_err err = { 0 };

	CHECK_INT(nsexec_idmap_parse(row->name, &map, NULL), row->code);
	if (row->code == 0) {
		CHECK(map.inside == row->map.inside && map.outside == row->map.outside &&
		      map.count == row->map.count);
	} else {
		CHECK(map.inside == 7 && map.outside == 7 && map.count == 7);
	}
	CHECK_INT(nsexec_idmap_parse(row->name, &map, &err), row->code);
	CHECK_INT(err.code, row->code);
	return 0;
}

static int names_the_eight_kinds(void)
{
	static const char *const names[] = { "user", "mnt", "pid",    "net",
					     "ipc",  "uts", "cgroup", "time" };

	for (unsigned i = 0; i < 8; i++) {
		uint32_t ns = 0;

		CHECK_STR(nsexec_ns_name(1u << i), names[i]);
		CHECK_INT(nsexec_ns_parse(names[i], &ns, NULL), 0);
		CHECK_INT(ns, 1u << i);
	}
	return 0;
}

static int names_only_one_kind(void)
{
	static const uint32_t wrong[] = { 0, 3, 0xff, 0x100, 0x101, 0x80000000u };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(nsexec_ns_name(wrong[i]) == NULL);
	return 0;
}

static int refuses_names_of_no_kind(void)
{
	static const char *const wrong[] = { "",     "n",     "Net", "net ",   " net",     "nets",
					     "mnt,", "users", "all", "mounts", "networks", "net\n" };
	struct nsexec_err err = { 0 };
	uint32_t ns = 77;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_INT(nsexec_ns_parse(wrong[i], &ns, NULL), -EINVAL);
	CHECK_INT(ns, 77);
	CHECK_INT(nsexec_ns_parse("foo", &ns, &err), -EINVAL);
	CHECK_STR(err.object, "foo");
	CHECK_INT(nsexec_ns_parse("mount", &ns, NULL), 0);
	CHECK_INT(ns, NSEXEC_NS_MNT);
	CHECK_INT(nsexec_ns_parse("network", &ns, NULL), 0);
	CHECK_INT(ns, NSEXEC_NS_NET);
	return 0;
}

static int names_capabilities_both_ways(void)
{
	for (unsigned cap = 0; cap <= 40; cap++) {
		const char *name = nsexec_cap_name(cap);
		char small[64];
		unsigned back = 99;
		size_t i = 0;

		CHECK(strncmp(name, "CAP_", 4) == 0 && name[4] != '?');
		CHECK_INT(nsexec_cap_parse(name, &back, NULL), 0);
		CHECK_INT(back, cap);
		back = 99;
		CHECK_INT(nsexec_cap_parse(name + 4, &back, NULL), 0);
		CHECK_INT(back, cap);
		for (; name[i] != '\0'; i++)
			small[i] =
				(char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
		small[i] = '\0';
		back = 99;
		CHECK_INT(nsexec_cap_parse(small, &back, NULL), 0);
		CHECK_INT(back, cap);
	}
	CHECK_STR(nsexec_cap_name(0), "CAP_CHOWN");
	CHECK_STR(nsexec_cap_name(21), "CAP_SYS_ADMIN");
	CHECK_STR(nsexec_cap_name(40), "CAP_CHECKPOINT_RESTORE");
	CHECK_STR(nsexec_cap_name(63), "CAP_?");
	CHECK_STR(nsexec_cap_name(UINT_MAX), "CAP_?");
	return 0;
}

static int refuses_names_of_no_capability(void)
{
	static const char *const wrong[] = { "",     "CAP_",   "FOO", "CHOWN ", "CAP_CAP_CHOWN",
					     "CHOW", "CHOWNS", "0",   "?",      "CAP_?" };
	unsigned cap = 77;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_INT(nsexec_cap_parse(wrong[i], &cap, NULL), -EINVAL);
	CHECK_INT(cap, 77);
	return 0;
}

static struct nsexec_err make_err(int code, const char *step, const char *operation,
				  const char *object)
{
	struct nsexec_err err = { .code = code };

	(void)snprintf(err.step, sizeof(err.step), "%s", step);
	(void)snprintf(err.operation, sizeof(err.operation), "%s", operation);
	(void)snprintf(err.object, sizeof(err.object), "%s", object);
	return err;
}

static int formats_an_error_in_one_line(void)
{
	struct nsexec_err err = make_err(-ENOENT, "exec", "execve", "/bin/x");
	char text[NSEXEC_ERR_TEXT_MAX];

	CHECK_INT(nsexec_err_format(&err, text, sizeof(text)), (int)strlen(text));
	CHECK_STR(text, "exec: execve of /bin/x: No such file or directory");
	err = make_err(-EPERM, "", "setns", "");
	(void)nsexec_err_format(&err, text, sizeof(text));
	CHECK_STR(text, "setns: Operation not permitted");
	return 0;
}

static int shows_no_control_characters(void)
{
	struct nsexec_err err = make_err(-ENOENT, "a\nb", "c\033d", "e\nf\033[31m\177\200g");
	char text[NSEXEC_ERR_TEXT_MAX];

	(void)nsexec_err_format(&err, text, sizeof(text));
	for (const char *p = text; *p != '\0'; p++)
		CHECK((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f);
	CHECK_HAS(text, "e?f?[31m");
	return 0;
}

static int never_writes_beyond_the_buffer(void)
{
	struct nsexec_err err = make_err(-ENOENT, "step", "operation", "object");
	char text[64];

	for (size_t len = 1; len < sizeof(text); len++) {
		memset(text, 'x', sizeof(text));
		CHECK(nsexec_err_format(&err, text, len) < len);
		CHECK(strlen(text) < len);
		for (size_t i = len; i < sizeof(text); i++)
			CHECK(text[i] == 'x');
	}
	return 0;
}

static int survives_a_record_without_terminations(void)
{
	struct nsexec_err err;
	char text[NSEXEC_ERR_TEXT_MAX];

	memset(&err, 'A', sizeof(err));
	err.code = -EPERM;
	CHECK(nsexec_err_format(&err, text, sizeof(text)) < sizeof(text));
	CHECK(nsexec_err_hint(&err) == NULL);
	return 0;
}

static int the_first_failure_wins(void)
{
	struct nsexec_err err = { 0 };

	CHECK_INT(nsx_err_set(&err, -ENOENT, "one", "first", NSX_HINT_NONE), -ENOENT);
	CHECK_INT(nsx_err_set(&err, -EPERM, "two", "second", NSX_HINT_HELP), -EPERM);
	CHECK_INT(err.code, -ENOENT);
	CHECK_STR(err.operation, "one");
	CHECK_INT(err.hint, NSX_HINT_NONE);
	CHECK_INT(nsx_err_set(NULL, -EPERM, "two", "second", NSX_HINT_HELP), -EPERM);
	return 0;
}

static int every_hint_is_one_sentence(void)
{
	for (uint32_t hint = 1; hint < NSX_HINT_COUNT; hint++) {
		struct nsexec_err err = { .hint = hint };
		const char *text = nsexec_err_hint(&err);

		CHECK(text != NULL);
		CHECK(strlen(text) > 10 && strlen(text) < 250 && strchr(text, '\n') == NULL);
	}
	CHECK(nsexec_err_hint(&(struct nsexec_err){ .hint = 0 }) == NULL);
	CHECK(nsexec_err_hint(&(struct nsexec_err){ .hint = NSX_HINT_COUNT }) == NULL);
	CHECK(nsexec_err_hint(&(struct nsexec_err){ .hint = UINT32_MAX }) == NULL);
	return 0;
}

static int sanitizes_a_hostile_record(void)
{
	struct nsexec_err err;

	memset(&err, '\n', sizeof(err));
	nsx_err_sanitize(&err);
	CHECK_INT(err.code, -EPROTO);
	CHECK_INT(err.hint, NSX_HINT_NONE);
	CHECK(strlen(err.step) < sizeof(err.step) && strlen(err.object) < sizeof(err.object));
	CHECK(strchr(err.object, '\n') == NULL);
	return 0;
}

static int names_each_feature(void)
{
	uint64_t found = nsexec_feature_probe();

	for (unsigned i = 0; i < 64; i++)
		CHECK((nsexec_feature_name(UINT64_C(1) << i) != NULL) ==
		      (i < NSEXEC_FEATURE_COUNT));
	CHECK(nsexec_feature_name(0) == NULL && nsexec_feature_name(3) == NULL);
	CHECK_INT(found >> NSEXEC_FEATURE_COUNT, 0);
	CHECK((found & NSEXEC_FEATURE_SECCOMP_FILTER) != 0);
	return 0;
}

static int tells_the_version(void)
{
	CHECK_STR(nsexec_version(), NSEXEC_VERSION);
	return 0;
}

TAP_MAIN(CASE_TABLE(parses_ids, ids), CASE_TABLE(parses_sizes, sizes),
	 CASE_TABLE(parses_descriptors, fds), CASE(parses_below_a_maximum),
	 CASE_TABLE(parses_id_maps, idmaps), CASE(names_the_eight_kinds), CASE(names_only_one_kind),
	 CASE(refuses_names_of_no_kind), CASE(names_capabilities_both_ways),
	 CASE(refuses_names_of_no_capability), CASE(formats_an_error_in_one_line),
	 CASE(shows_no_control_characters), CASE(never_writes_beyond_the_buffer),
	 CASE(survives_a_record_without_terminations), CASE(the_first_failure_wins),
	 CASE(every_hint_is_one_sentence), CASE(sanitizes_a_hostile_record),
	 CASE(names_each_feature), CASE(tells_the_version))
