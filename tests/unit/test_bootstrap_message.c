/* SPDX-License-Identifier: Apache-2.0 */
/* The bootstrap message: the examples of the protocol, each of their truncations, each corruption of two bytes. */
#include "tap.h"

#include "bootstrap/log.h"
#include "bootstrap/message.h"
#include "lib/plan_internal.h"

struct dump {
	const char *name;
	const char *era;
	size_t size;
	unsigned char bytes[160];
};

/* clang-format off */
static const struct dump dumps[] = {
	{ "joins two namespaces", "current", 76, {
		0x4c, 0, 0, 0, 0x30, 0xf2, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0x91, 0x6a, 0, 0, 0, 0, 0x2c, 0, 0x92, 0x6a,
		'i', 'p', 'c', ':', '/', 'p', 'r', 'o', 'c', '/', '4', '2', '/', 'n', 's', '/', 'i', 'p', 'c', ',',
		'm', 'n', 't', ':', '/', 'p', 'r', 'o', 'c', '/', '4', '2', '/', 'n', 's', '/', 'm', 'n', 't', 0,
		8, 0, 0x97, 0x6a, 0, 0, 0, 0 } },
	{ "creates, with maps and oom_score_adj", "current", 92, {
		0x5c, 0, 0, 0, 0x30, 0xf2, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0x91, 0x6a, 0, 0, 2, 0x7e, 0x14, 0, 0x93, 0x6a,
		'0', ' ', '1', '0', '0', '0', '0', '0', ' ', '6', '5', '5', '3', '6', '\n', 0, 0x14, 0, 0x94, 0x6a,
		'0', ' ', '1', '0', '0', '0', '0', '0', ' ', '6', '5', '5', '3', '6', '\n', 0, 8, 0, 0x95, 0x6a, 1, 0, 0, 0,
		9, 0, 0x96, 0x6a, '-', '5', '0', '0', 0, 0, 0, 0, 8, 0, 0x97, 0x6a, 0, 0, 0, 0 } },
	{ "is rootless, with helpers and a clock", "current", 136, {
		0x88, 0, 0, 0, 0x30, 0xf2, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0x91, 0x6a, 0x80, 0, 2, 0x30, 0x17, 0, 0x98, 0x6a,
		'/', 'u', 's', 'r', '/', 'b', 'i', 'n', '/', 'n', 'e', 'w', 'u', 'i', 'd', 'm', 'a', 'p', 0, 0,
		0x0e, 0, 0x93, 0x6a, '0', ' ', '1', '0', '0', '0', ' ', '1', '\n', 0, 0, 0,
		0x0e, 0, 0x94, 0x6a, '0', ' ', '1', '0', '0', '0', ' ', '1', '\n', 0, 0, 0, 0x17, 0, 0x99, 0x6a,
		'/', 'u', 's', 'r', '/', 'b', 'i', 'n', '/', 'n', 'e', 'w', 'g', 'i', 'd', 'm', 'a', 'p', 0, 0,
		8, 0, 0x97, 0x6a, 1, 0, 0, 0, 0x18, 0, 0x9a, 0x6a,
		'm', 'o', 'n', 'o', 't', 'o', 'n', 'i', 'c', ' ', '1', '7', '2', '8', '0', '0', ' ', '0', '\n', 0 } },
	{ "has mount sources", "1.1", 84, {
		0x54, 0, 0, 0, 0x30, 0xf2, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0x91, 0x6a, 0, 0, 2, 0x10, 0x0e, 0, 0x93, 0x6a,
		'0', ' ', '1', '0', '0', '0', ' ', '1', '\n', 0, 0, 0, 0x0e, 0, 0x94, 0x6a, '0', ' ', '1', '0', '0', '0', ' ', '1', '\n', 0, 0, 0,
		8, 0, 0x97, 0x6a, 0, 0, 0, 0, 0x14, 0, 0x9a, 0x6a, 0, '/', 's', 'r', 'v', '/', 'a', 0, '/', 's', 'r', 'v', '/', 'b', 0, 0 } },
};
/* clang-format on */

static int parses_an_example(const void *arg)
{
	const struct dump *dump = arg;
	struct nsx_boot_message message;
	struct nsexec_plan *plan = nsexec_plan_new();
	struct nsx_err err = { 0 };

	CHECK_OK(nsx_boot_parse(dump->bytes, dump->size, nsx_boot_era_find(dump->era), &message,
				&err));
	CHECK_OK(nsx_boot_plan(&message, plan, &err));
	CHECK(plan->spec.end == NSX_END_RETURN);
	plan = nsexec_plan_free(plan);
	return 0;
}

static int takes_the_values(void)
{
	struct nsx_boot_message message;
	struct nsexec_plan *plan = nsexec_plan_new();
	const struct nsexec_idmap *map;

	CHECK_OK(nsx_boot_parse(dumps[2].bytes, dumps[2].size, nsx_boot_era_find("current"),
				&message, NULL));
	CHECK(message.clone_flags == 0x30020080 && message.rootless && !message.setgroups);
	CHECK(strcmp(message.newuidmap.text, "/usr/bin/newuidmap") == 0);
	CHECK(strcmp(message.offsets.text, "monotonic 172800 0\n") == 0);
	CHECK_OK(nsx_boot_plan(&message, plan, NULL));
	map = (const void *)plan->lists[NSX_LIST_UID_MAP].data;
	CHECK(plan->lists[NSX_LIST_UID_MAP].bytes == sizeof(*map));
	CHECK(map->inside == 0 && map->outside == 1000 && map->count == 1);
	CHECK(plan->spec.setgroups == NSEXEC_SETGROUPS_DENY);
	CHECK(plan->spec.time[0].seconds == 172800 && (plan->spec.set & NSX_SET_TIME0) != 0);
	plan = nsexec_plan_free(plan);
	return 0;
}

/* The word of a boolean has its truth in the last byte on a big-endian machine. */
static int takes_a_boolean_from_any_byte(void)
{
	struct dump dump = dumps[1];
	struct nsx_boot_message message;

	dump.bytes[68] = 0;
	dump.bytes[71] = 1;
	CHECK_OK(nsx_boot_parse(dump.bytes, dump.size, nsx_boot_era_find("current"), &message,
				NULL));
	CHECK(message.setgroups);
	return 0;
}

static int refuses_each_truncation(const void *arg)
{
	const struct dump *dump = arg;
	const struct nsx_boot_era *era = nsx_boot_era_find(dump->era);

	for (size_t size = 0; size < dump->size; size++) {
		struct nsx_boot_message message = { .clone_flags = 77 };
		struct nsx_err err = { 0 };
		char *exact = malloc(size + 1);

		memcpy(exact, dump->bytes, size);
		/* as it came, and with a header that says the truth */
		CHECK(nsx_boot_parse(exact, size, era, &message, &err) == -EPROTO);
		CHECK(message.clone_flags == 77 && err.code == -EPROTO && err.object[0] != '\0');
		if (size >= NSX_BOOT_HEADER_BYTES) {
			uint32_t length = (uint32_t)size;

			memcpy(exact, &length, sizeof(length));
			(void)nsx_boot_parse(exact, size, era, &message, NULL);
		}
		free(exact);
	}
	return 0;
}

/* Whatever two neighbours are: it is parsed or refused, and reads nothing outside (AddressSanitizer sees to that). */
static int survives_each_corruption(const void *arg)
{
	static const unsigned char values[] = { 0, 1, 3, 4, 0x7f, 0x80, 0xfe, 0xff };
	const struct dump *dump = arg;
	const struct nsx_boot_era *era = nsx_boot_era_find(dump->era);

	for (size_t at = 0; at + 1 < dump->size; at++)
		for (size_t a = 0; a < sizeof(values); a++)
			for (size_t b = 0; b < sizeof(values); b++) {
				struct nsx_boot_message message = { .clone_flags = 0 };
				struct nsx_err err = { 0 };
				char *exact = malloc(dump->size);
				struct nsexec_plan *plan;

				memcpy(exact, dump->bytes, dump->size);
				exact[at] = (char)values[a];
				exact[at + 1] = (char)values[b];
				if (nsx_boot_parse(exact, dump->size, era, &message, &err) < 0) {
					CHECK(err.code == -EPROTO && err.object[0] != '\0');
					free(exact);
					continue;
				}
				plan = nsexec_plan_new();
				if (nsx_boot_plan(&message, plan, &err) < 0)
					CHECK(err.code < 0 && err.object[0] != '\0');
				plan = nsexec_plan_free(plan);
				free(exact);
			}
	return 0;
}

static int knows_attribute_27290_by_era(void)
{
	struct nsx_boot_message message;

	CHECK(nsx_boot_parse(dumps[3].bytes, dumps[3].size, nsx_boot_era_find("current"), &message,
			     NULL) == -EPROTO); /* there is a NUL in it */
	CHECK(nsx_boot_parse(dumps[3].bytes, dumps[3].size, nsx_boot_era_find("1.0"), &message,
			     NULL) == -EPROTO);
	CHECK(nsx_boot_parse(dumps[2].bytes, dumps[2].size, nsx_boot_era_find("2019"), &message,
			     NULL) == -EPROTO);
	CHECK_OK(nsx_boot_parse(dumps[3].bytes, dumps[3].size, nsx_boot_era_find("1.1"), &message,
				NULL));
	CHECK(message.mounts.len == 15 && message.mounts.text[0] == '\0' &&
	      strcmp(message.mounts.text + 8, "/srv/b") == 0);
	CHECK(nsx_boot_era_find("1.2") == NULL);
	return 0;
}

static int logs_one_line_of_json(void)
{
	int pair[2];
	char got[8192];
	struct nsx_log log = { .era = nsx_boot_era_find("current"), .tag = "nsexec-1", .level = 5 };
	char wanted[128];
	ssize_t n;
	char big[6000];

	CHECK_OK(pipe2(pair, O_CLOEXEC));
	log.fd = pair[1];
	nsx_log(&log, NSX_LOG_WARNING, "a \"b\"\\ \n\t\x01\x7f \xc3\xa9");
	n = read(pair[0], got, sizeof(got) - 1);
	CHECK(n > 0);
	got[n] = '\0';
	(void)snprintf(wanted, sizeof(wanted),
		       "{\"level\":\"warning\", \"msg\": \"nsexec-1[%d]: "
		       "a \\\"b\\\"\\\\ \\n\\t\\u0001\\u007f \xc3\xa9\"}\n",
		       (int)getpid());
	CHECK(strcmp(got, wanted) == 0);

	/* too long a text is cut, the line stays whole */
	memset(big, '\x02', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	nsx_log(&log, NSX_LOG_FATAL, big);
	n = read(pair[0], got, sizeof(got) - 1);
	CHECK(n > 3000 && n <= 4096 && memcmp(got + n - 3, "\"}\n", 3) == 0);

	/* what is below the level is not written; a pipe without a reader is no signal */
	log.level = 4;
	nsx_log(&log, NSX_LOG_DEBUG, "x");
	(void)close(pair[0]);
	nsx_log(&log, NSX_LOG_FATAL, "nobody reads");
	(void)close(pair[1]);
	return 0;
}

TAP_MAIN(CASE_TABLE(parses_an_example, dumps), CASE(takes_the_values),
	 CASE(takes_a_boolean_from_any_byte), CASE_TABLE(refuses_each_truncation, dumps),
	 CASE_TABLE(survives_each_corruption, dumps), CASE(knows_attribute_27290_by_era),
	 CASE(logs_one_line_of_json))
