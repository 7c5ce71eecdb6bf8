/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c owns the translation of a bootstrap message into a plan. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "base/own.h"
#include "base/str.h"
#include "bootstrap/message.h"
#include "lib/ns.h"
#include "lib/plan_internal.h"

static int refuse(struct nsx_err *err, const char *what, const char *text)
{
	char object[160];
	struct nsx_str out = NSX_STR(object, sizeof(object));

	nsx_str_add(&out, what);
	nsx_str_add(&out, " '");
	nsx_str_add(&out, text);
	nsx_str_add(&out, "'");
	return nsx_err_set(err, -EPROTO, "parse-message", object, NSX_HINT_NONE);
}

/* "KIND:PATH,KIND:PATH..."; empty parts between commas mean nothing. */
static int plan_paths(struct nsexec_plan *plan, char *text, struct nsx_err *err)
{
	for (char *part = text, *next; part != NULL; part = next) {
		char *path;
		uint32_t kind;

		next = strchr(part, ',');
		if (next != NULL)
			*next++ = '\0';
		if (*part == '\0')
			continue;
		path = strchr(part, ':');
		if (path == NULL || path[1] == '\0')
			return refuse(err, "namespace path, failed to parse", part);
		*path++ = '\0';
		if (nsexec_ns_parse(part, &kind, NULL) < 0)
			return refuse(err, "unknown namespace type", part);
		if (plan->spec.ns[__builtin_ctz(kind)].mode != NSEXEC_NS_MODE_INHERIT)
			return refuse(err, "a second path of namespace type", part);

		int r = nsexec_plan_set_ns_path(plan, kind, path, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Blanks and line ends separate, as in /proc. Returns the number of values of the line, 0 at the end, or -EPROTO. */
static int scan_line(const char **text, uint64_t *values, int most)
{
	int count = 0;

	*text += strspn(*text, " \t\n");
	while (**text != '\0' && **text != '\n') {
		if (count == most || nsx_num_scan_u64(text, &values[count++]) < 0)
			return -EPROTO;
		if (strchr(" \t\n", **text) == NULL)
			return -EPROTO;
		*text += strspn(*text, " \t");
	}
	return count;
}

static int plan_map(struct nsexec_plan *plan, const struct nsx_boot_text *map,
		    int (*add)(struct nsexec_plan *plan, const struct nsexec_idmap *map,
			       struct nsexec_err *err),
		    const char *what, struct nsx_err *err)
{
	const char *p = map->text;
	uint64_t v[3];
	int count;

	if (p == NULL)
		return 0;
	while ((count = scan_line(&p, v, 3)) > 0) {
		struct nsexec_idmap line = { (uint32_t)v[0], (uint32_t)v[1], (uint32_t)v[2] };

		if (count != 3 || v[0] > UINT32_MAX || v[1] > UINT32_MAX || v[2] > UINT32_MAX)
			return refuse(err, what, map->text);

		int r = add(plan, &line, err);

		if (r < 0)
			return r;
	}
	return count < 0 ? refuse(err, what, map->text) : 0;
}

static int plan_oom(struct nsexec_plan *plan, const struct nsx_boot_text *value,
		    struct nsx_err *err)
{
	const char *digits = value->text;
	uint64_t number;

	if (digits == NULL)
		return 0;
	if (*digits == '-')
		digits++;
	if (nsx_num_parse_u64(digits, 1000, &number) < 0)
		return refuse(err, "oom_score_adj", value->text);
	return nsexec_plan_set_oom_score_adj(
		plan, value->text[0] == '-' ? -(int)number : (int)number, err);
}

/* "CLOCK SECONDS NANOSECONDS" a line; a clock is a name or its number, as in timens_offsets (time_namespaces(7)). */
static int plan_offset(struct nsexec_plan *plan, char *line, struct nsx_err *err)
{
	char *clock_end = line + strcspn(line, " ");
	const char *p = clock_end + strspn(clock_end, " ");
	bool negative = *p == '-';
	uint64_t seconds;
	uint64_t nanoseconds;
	int clock;

	*clock_end = '\0';
	if (strcmp(line, "monotonic") == 0 || strcmp(line, "1") == 0)
		clock = CLOCK_MONOTONIC;
	else if (strcmp(line, "boottime") == 0 || strcmp(line, "7") == 0)
		clock = CLOCK_BOOTTIME;
	else
		return refuse(err, "clock of a time offset", line);
	if (negative)
		p++;
	if (nsx_num_scan_u64(&p, &seconds) < 0 || seconds > INT64_MAX || *p != ' ')
		return refuse(err, "time offset of", line);
	p += strspn(p, " ");
	if (nsx_num_scan_u64(&p, &nanoseconds) < 0 || *p != '\0' || nanoseconds > UINT32_MAX)
		return refuse(err, "time offset of", line);
	return nsexec_plan_set_time_offset(plan, clock,
					   negative ? -(int64_t)seconds : (int64_t)seconds,
					   (uint32_t)nanoseconds, err);
}

static int plan_offsets(struct nsexec_plan *plan, char *text, struct nsx_err *err)
{
	for (char *line = text, *next; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (*line == '\0')
			continue;

		int r = plan_offset(plan, line, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The same with a copy that may be cut up. */
static int plan_copy(struct nsexec_plan *plan, const struct nsx_boot_text *value,
		     int (*take)(struct nsexec_plan *plan, char *text, struct nsx_err *err),
		     struct nsx_err *err)
{
	auto_free char *copy = value->text != NULL ? strdup(value->text) : NULL;

	if (value->text == NULL)
		return 0;
	if (copy == NULL)
		return nsx_err_set(err, -ENOMEM, "strdup", "message", NSX_HINT_NONE);
	return take(plan, copy, err);
}

static int plan_fresh(struct nsexec_plan *plan, uint32_t flags, struct nsx_err *err)
{
	for (unsigned i = 0; i < NSX_NS_COUNT; i++) {
		uint32_t kind = 1u << i;
		int r;

		if ((flags & nsx_ns_clone_flags(kind)) == 0)
			continue;
		flags &= ~(uint32_t)nsx_ns_clone_flags(kind);
		if (plan->spec.ns[i].mode != NSEXEC_NS_MODE_INHERIT)
			return refuse(err, "both joined and made: namespace type",
				      nsexec_ns_name(kind));
		r = nsexec_plan_set_ns(plan, kind, NSEXEC_NS_MODE_NEW, err);
		if (r < 0)
			return r;
	}
	return flags != 0 ? refuse(err, "clone flags that are no namespaces", "") : 0;
}

int nsx_boot_plan(const struct nsx_boot_message *message, struct nsexec_plan *plan,
		  struct nsx_err *err)
{
	int r = plan_copy(plan, &message->paths, plan_paths, err);

	plan->spec.end = NSX_END_RETURN;
	if (r >= 0)
		r = plan_fresh(plan, message->clone_flags, err);
	if (r >= 0)
		r = plan_map(plan, &message->uid_map, nsexec_plan_add_uid_map, "uid map", err);
	if (r >= 0)
		r = plan_map(plan, &message->gid_map, nsexec_plan_add_gid_map, "gid map", err);
	if (r >= 0 && message->rootless && !message->setgroups)
		r = nsexec_plan_set_setgroups(plan, NSEXEC_SETGROUPS_DENY, err);
	if (r >= 0)
		r = plan_oom(plan, &message->oom_score_adj, err);
	if (r >= 0 && message->newuidmap.text != NULL)
		r = nsx_plan_text(plan, message->newuidmap.text, "newuidmap", &plan->spec.newuidmap,
				  err);
	if (r >= 0 && message->newgidmap.text != NULL)
		r = nsx_plan_text(plan, message->newgidmap.text, "newgidmap", &plan->spec.newgidmap,
				  err);
	if (r >= 0)
		r = plan_copy(plan, &message->offsets, plan_offsets, err);
	return r;
}
