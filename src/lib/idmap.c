/* SPDX-License-Identifier: Apache-2.0 */
/* idmap.c owns the reading of id maps. */
#include "lib/idmap.h"

#include <errno.h>
#include <nsexec/ns.h>

#include "base/err.h"
#include "base/num.h"

/* Three numbers with one separator between them, or blanks before each as in /proc. */
static int scan_triple(const char **text, char separator, uint64_t ret[3])
{
	for (int i = 0; i < 3; i++) {
		if (separator == ' ') {
			while (**text == ' ')
				(*text)++;
		} else if (i > 0) {
			if (**text != separator)
				return -EINVAL;
			(*text)++;
		}

		int r = nsx_num_scan_u64(text, &ret[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int to_map(const uint64_t triple[3], struct nsexec_idmap *ret_map)
{
	if (triple[2] == 0)
		return -EINVAL;
	for (int i = 0; i < 3; i++)
		if (triple[i] > UINT32_MAX)
			return -ERANGE;
	if (triple[0] + triple[2] > UINT32_MAX || triple[1] + triple[2] > UINT32_MAX)
		return -ERANGE;

	*ret_map = (struct nsexec_idmap){ .inside = (uint32_t)triple[0],
					  .outside = (uint32_t)triple[1],
					  .count = (uint32_t)triple[2] };
	return 0;
}

int nsexec_idmap_parse(const char *text, struct nsexec_idmap *ret_map, struct nsexec_err *err)
{
	const char *p = text;
	uint64_t triple[3];
	int r = scan_triple(&p, ':', triple);

	if (r >= 0 && *p != '\0')
		r = -EINVAL;
	if (r >= 0)
		r = to_map(triple, ret_map);
	if (r < 0)
		return nsx_err_set(err, r, "parse-idmap", text, NSX_HINT_HELP);
	return 0;
}

int nsx_idmap_to_inside(const char *text, uint32_t outside, uint32_t *ret_inside)
{
	while (*text != '\0') {
		uint64_t triple[3];
		int r = scan_triple(&text, ' ', triple);

		if (r < 0)
			return r;
		if (outside >= triple[1] && outside - triple[1] < triple[2]) {
			*ret_inside = (uint32_t)(triple[0] + (outside - triple[1]));
			return 0;
		}
		while (*text == '\n' || *text == ' ')
			text++;
	}
	return -ENOENT;
}
