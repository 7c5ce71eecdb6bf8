/* SPDX-License-Identifier: Apache-2.0 */
/* parse.c owns the grammar of values that more than one verb has. */
#include "cli/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <time.h>

#include "base/num.h"
#include "base/own.h"
#include "base/str.h"
#include "cli/opt.h"

int parse_ids(const char *option, const char *value, uint32_t *ret_uid, uint32_t *ret_gid,
	      struct nsx_err *err)
{
	char text[32];
	char *colon;
	uint32_t uid;
	uint32_t gid = 0;

	if (!nsx_str_copy(text, sizeof(text), value))
		return opt_error(err, option, value, "UID[:GID] in decimal numbers is needed");
	colon = strchr(text, ':');
	if (colon != NULL)
		*colon++ = '\0';
	if (nsx_num_parse_id(text, &uid) < 0 ||
	    (colon != NULL && nsx_num_parse_id(colon, &gid) < 0))
		return opt_error(err, option, value, "UID[:GID] in decimal numbers is needed");
	*ret_uid = uid;
	*ret_gid = gid;
	return 0;
}

/* Walk over a list separated by commas; `word` gets the next one. */
static bool next_word(const char **list, char *word, size_t size)
{
	size_t len;

	if (*list == NULL)
		return false;
	len = strcspn(*list, ",");
	if (len >= size)
		len = size - 1;
	memcpy(word, *list, len);
	word[len] = '\0';
	*list = strchr(*list, ',');
	if (*list != NULL)
		(*list)++;
	return true;
}

int parse_caps(const char *option, const char *value, uint64_t *ret_caps, struct nsx_err *err)
{
	char word[64];

	for (const char *list = value; next_word(&list, word, sizeof(word));) {
		unsigned cap;

		if (strcasecmp(word, "ALL") == 0)
			*ret_caps |= 0x7fffffffffffffffULL;
		else if (nsexec_cap_parse(word, &cap, NULL) == 0)
			*ret_caps |= 1ULL << cap;
		else
			return opt_error(err, option, word,
					 "a capability like NET_ADMIN is needed, or ALL");
	}
	return 0;
}

int parse_kinds(const char *option, const char *value, uint32_t *ret_kinds, struct nsx_err *err)
{
	char word[64];

	for (const char *list = value; next_word(&list, word, sizeof(word));) {
		uint32_t kind;

		if (nsexec_ns_parse(word, &kind, NULL) < 0)
			return opt_error(err, option, word,
					 "user, mnt, pid, net, ipc, uts, cgroup or time is needed");
		*ret_kinds |= kind;
	}
	return 0;
}

int parse_env(struct nsexec_plan *plan, const char *option, const char *value, struct nsx_err *err)
{
	const char *own;
	char *text;
	size_t len = strlen(value);
	int r;

	if (value[0] == '\0' || value[0] == '=')
		return opt_error(err, option, value, "NAME=VALUE or NAME is needed");
	if (strchr(value, '=') != NULL)
		return nsexec_plan_add_env(plan, value, err);

	own = getenv(value);
	if (own == NULL)
		return 0;
	text = malloc(len + strlen(own) + 2);
	if (text == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", option, NSX_HINT_NONE);
	memcpy(text, value, len);
	text[len] = '=';
	memcpy(text + len + 1, own, strlen(own) + 1);
	r = nsexec_plan_add_env(plan, text, err);
	free(text);
	return r;
}

int parse_fd(struct nsexec_plan *plan, const char *option, const char *value, struct nsx_err *err)
{
	char text[32];
	char *equals;
	int from;
	int to;

	if (!nsx_str_copy(text, sizeof(text), value) || (equals = strchr(text, '=')) == NULL)
		return opt_error(err, option, value,
				 "N=M is needed: our descriptor N is M in the program");
	*equals++ = '\0';
	if (nsx_num_parse_fd(text, &from) < 0 || nsx_num_parse_fd(equals, &to) < 0)
		return opt_error(err, option, value,
				 "N=M is needed: our descriptor N is M in the program");
	if (nsexec_plan_add_fd(plan, from, to, NULL) < 0)
		return opt_error(err, option, value,
				 "N must be open, and M at most 65535 and used once");
	return 0;
}

int parse_mount_options(const char *option, const char *value, uint32_t *ret_flags, char *rest,
			size_t rest_size, struct nsx_err *err)
{
	/* clang-format off */
	static const struct {
		const char *name;
		uint32_t set, clear;
	} known[] = {
		{ "ro",       NSEXEC_MOUNT_RDONLY,    0 }, { "rw",    0, NSEXEC_MOUNT_RDONLY },
		{ "nosuid",   NSEXEC_MOUNT_NOSUID,    0 }, { "suid",  0, NSEXEC_MOUNT_NOSUID },
		{ "nodev",    NSEXEC_MOUNT_NODEV,     0 }, { "dev",   0, NSEXEC_MOUNT_NODEV },
		{ "noexec",   NSEXEC_MOUNT_NOEXEC,    0 }, { "exec",  0, NSEXEC_MOUNT_NOEXEC },
		{ "noatime",  NSEXEC_MOUNT_NOATIME,   0 }, { "atime", 0, NSEXEC_MOUNT_NOATIME },
		{ "rbind",    NSEXEC_MOUNT_RECURSIVE, 0 }, { "bind",  0, NSEXEC_MOUNT_RECURSIVE },
		{ "defaults", 0, 0 }, { "relatime", 0, 0 },
	};
	/* clang-format on */
	struct nsx_str out = NSX_STR(rest, rest_size);
	char word[256];

	if (rest != NULL)
		rest[0] = '\0';
	for (const char *list = value; next_word(&list, word, sizeof(word));) {
		size_t i = 0;

		while (i < NSX_ARRAY_SIZE(known) && strcmp(word, known[i].name) != 0)
			i++;
		if (i < NSX_ARRAY_SIZE(known)) {
			*ret_flags = (*ret_flags | known[i].set) & ~known[i].clear;
		} else if (rest != NULL && word[0] != '\0') {
			nsx_str_add(&out, out.used > 0 ? "," : "");
			nsx_str_add(&out, word);
		} else {
			return opt_error(
				err, option, word,
				"ro, rw, nosuid, nodev, noexec, noatime, bind or rbind is needed");
		}
	}
	return 0;
}

int parse_rlimit(struct nsexec_plan *plan, const char *option, const char *value,
		 struct nsx_err *err)
{
	/* clang-format off */
	static const struct {
		const char *name;
		int resource;
	} known[] = {
		{ "AS", RLIMIT_AS }, { "CORE", RLIMIT_CORE }, { "CPU", RLIMIT_CPU }, { "DATA", RLIMIT_DATA },
		{ "FSIZE", RLIMIT_FSIZE }, { "LOCKS", RLIMIT_LOCKS }, { "MEMLOCK", RLIMIT_MEMLOCK },
		{ "MSGQUEUE", RLIMIT_MSGQUEUE }, { "NICE", RLIMIT_NICE }, { "NOFILE", RLIMIT_NOFILE },
		{ "NPROC", RLIMIT_NPROC }, { "RSS", RLIMIT_RSS }, { "RTPRIO", RLIMIT_RTPRIO },
		{ "RTTIME", RLIMIT_RTTIME }, { "SIGPENDING", RLIMIT_SIGPENDING }, { "STACK", RLIMIT_STACK },
	};
	/* clang-format on */
	static const char wanted[] =
		"NAME=SOFT[:HARD] is needed, like NOFILE=1024:4096; numbers or 'unlimited'";
	char text[96];
	char *numbers[2] = { NULL, NULL };
	uint64_t limits[2];

	if (!nsx_str_copy(text, sizeof(text), value) || (numbers[0] = strchr(text, '=')) == NULL)
		return opt_error(err, option, value, wanted);
	*numbers[0]++ = '\0';
	numbers[1] = strchr(numbers[0], ':');
	if (numbers[1] != NULL)
		*numbers[1]++ = '\0';
	else
		numbers[1] = numbers[0];
	for (int i = 0; i < 2; i++) {
		limits[i] = RLIM_INFINITY;
		if (strcmp(numbers[i], "unlimited") != 0 &&
		    nsx_num_parse_size(numbers[i], &limits[i]) < 0)
			return opt_error(err, option, value, wanted);
	}

	const char *name = strncasecmp(text, "RLIMIT_", 7) == 0 ? text + 7 : text;

	for (size_t i = 0; i < NSX_ARRAY_SIZE(known); i++)
		if (strcasecmp(name, known[i].name) == 0) {
			if (limits[0] > limits[1])
				return opt_error(err, option, value,
						 "the soft limit is above the hard one");
			return nsexec_plan_set_rlimit(plan, known[i].resource, limits[0], limits[1],
						      err);
		}
	return opt_error(err, option, value, wanted);
}

/* ".5" is 500000000 nanoseconds */
static int parse_fraction(const char *text, uint32_t *ret_nanoseconds)
{
	uint32_t value = 0;
	int digits = 0;

	for (; *text >= '0' && *text <= '9' && digits < 9; text++, digits++)
		value = value * 10 + (uint32_t)(*text - '0');
	if (*text != '\0' || digits == 0)
		return -EINVAL;
	for (; digits < 9; digits++)
		value *= 10;
	*ret_nanoseconds = value;
	return 0;
}

int parse_time_offset(struct nsexec_plan *plan, const char *option, const char *value,
		      struct nsx_err *err)
{
	static const char wanted[] =
		"monotonic=SECONDS[.NANOS] or boottime=SECONDS[.NANOS] is needed";
	const char *p = nsx_str_starts(value, "monotonic=");
	int clock = CLOCK_MONOTONIC;
	uint32_t nanoseconds = 0;
	uint64_t seconds;
	int64_t shift;
	bool negative;

	if (p == NULL) {
		p = nsx_str_starts(value, "boottime=");
		clock = CLOCK_BOOTTIME;
	}
	if (p == NULL)
		return opt_error(err, option, value, wanted);
	negative = *p == '-';
	p += negative;
	if (nsx_num_scan_u64(&p, &seconds) < 0 || seconds > INT64_MAX / 2)
		return opt_error(err, option, value, wanted);
	if (*p == '.' ? parse_fraction(p + 1, &nanoseconds) < 0 : *p != '\0')
		return opt_error(err, option, value, wanted);

	shift = negative ? -(int64_t)seconds : (int64_t)seconds;
	if (negative && nanoseconds != 0) { /* -1.5 is -2 and 500000000 */
		shift--;
		nanoseconds = 1000000000 - nanoseconds;
	}
	return nsexec_plan_set_time_offset(plan, clock, shift, nanoseconds, err);
}

int parse_cpus(const char *option, const char *value, uint64_t *ret_milli, struct nsx_err *err)
{
	static const char wanted[] =
		"a number of processors like 0.5 is needed, with at most three decimals";
	const char *p = value;
	uint64_t whole;
	uint32_t nanoseconds = 0;

	if (nsx_num_scan_u64(&p, &whole) < 0 || whole > 1000000)
		return opt_error(err, option, value, wanted);
	if (*p == '.' ? strlen(p) > 4 || parse_fraction(p + 1, &nanoseconds) < 0 : *p != '\0')
		return opt_error(err, option, value, wanted);
	whole = whole * 1000 + nanoseconds / 1000000;
	if (whole < 10)
		return opt_error(err, option, value, "at least 0.01 is needed");
	*ret_milli = whole;
	return 0;
}

bool parse_name(const char *text)
{
	size_t len = strlen(text);
	bool digits = true;

	if (len == 0 || len > 63 || !isalnum((unsigned char)text[0]))
		return false;
	for (const char *p = text; *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p) && strchr("_.-", *p) == NULL)
			return false;
		digits = digits && isdigit((unsigned char)*p);
	}
	return !digits;
}
