/* SPDX-License-Identifier: Apache-2.0 */
/* fds.c owns the descriptor table of the children. */
#include "lib/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "base/stack.h"
#include "base/str.h"
#include "base/sys.h"

enum { PAIRS_MAX = 256, OURS_MAX = 64 };

/* Our own descriptors that are still needed, by their place in the run. */
static size_t list_ours(struct nsx_run *run, int *ours[OURS_MAX])
{
	int *const candidates[] = {
		&run->status_fd,    &run->ask_fd,         &run->image_fd,      &run->self_ns_fd,
		&run->target.pidfd, &run->target.root_fd, &run->target.cwd_fd, &run->label_fd,
		&run->root_fd,      &run->ptmx_fd,
	};
	size_t count = 0;

	for (size_t i = 0; i < NSX_ARRAY_SIZE(candidates); i++)
		if (*candidates[i] >= 0)
			ours[count++] = candidates[i];
	for (size_t i = 0; i < NSX_NS_COUNT; i++)
		if (run->ns_fd[i] >= 0)
			ours[count++] = &run->ns_fd[i];
	return count;
}

int nsx_fds_move_above(int *fd, int limit)
{
	int moved;

	if (*fd > limit)
		return 0;
	moved = fcntl(*fd, F_DUPFD_CLOEXEC, limit + 1);
	if (moved < 0)
		return -errno;
	*fd = moved; /* the old number is closed or overwritten below */
	return 0;
}

static int bad_fd(int fd, int code, struct nsx_err *err)
{
	char text[16];
	struct nsx_str out = NSX_STR(text, sizeof(text));

	nsx_str_add_i64(&out, fd);
	return nsx_err_set(err, code, "pass-fd", text, NSX_HINT_NONE);
}

NSX_OWN_FRAME int nsx_fds_place(const struct nsx_fd_pair *pairs, size_t count, int limit,
				struct nsx_err *err)
{
	int from[PAIRS_MAX];

	if (count > PAIRS_MAX)
		return bad_fd((int)count, -E2BIG, err);
	for (size_t i = 0; i < count; i++) {
		from[i] = pairs[i].from;
		for (size_t k = 0; k < i; k++)
			if (pairs[k].to == pairs[i].from && pairs[i].from != pairs[i].to &&
			    from[i] == pairs[i].from) {
				from[i] = fcntl(pairs[i].from, F_DUPFD_CLOEXEC, limit + 1);
				if (from[i] < 0)
					return bad_fd(pairs[i].from, -errno, err);
			}
	}
	for (size_t i = 0; i < count; i++) {
		int r = from[i] == pairs[i].to ? fcntl(from[i], F_SETFD, 0) :
						 dup3(from[i], pairs[i].to, 0);

		if (r < 0)
			return bad_fd(pairs[i].from, -errno, err);
	}
	return 0;
}

void nsx_fds_sort(int *numbers, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = i; k > 0 && numbers[k - 1] > numbers[k]; k--) {
			int other = numbers[k];

			numbers[k] = numbers[k - 1];
			numbers[k - 1] = other;
		}
}

static void close_between(int *keep, size_t count)
{
	unsigned next = 0;

	nsx_fds_sort(keep, count);
	for (size_t i = 0; i < count; i++) {
		if ((unsigned)keep[i] > next)
			(void)nsx_sys_close_range(next, (unsigned)keep[i] - 1);
		next = (unsigned)keep[i] + 1;
	}
	(void)nsx_sys_close_range(next, ~0U);
}

int nsx_fds_arrange(struct nsx_run *run, struct nsx_err *err)
{
	size_t count;
	const struct nsx_fd_pair *pairs =
		nsx_spec_list(run->spec, NSX_LIST_FDS, sizeof(*pairs), &count);
	int *ours[OURS_MAX];
	size_t ours_count = list_ours(run, ours);
	int *keep = (int *)(void *)run->room->scratch;
	size_t kept = 0;
	int limit = 2;
	int r;

	_Static_assert((3 + PAIRS_MAX + OURS_MAX) * sizeof(*keep) <= sizeof(run->room->scratch),
		       "all that is kept has room");
	for (int fd = 0; fd <= 2; fd++)
		keep[kept++] = fd;
	if (count > PAIRS_MAX)
		return bad_fd((int)count, -E2BIG, err);
	for (size_t i = 0; i < count; i++) {
		limit = pairs[i].to > limit ? pairs[i].to : limit;
		keep[kept++] = pairs[i].to;
	}
	for (size_t i = 0; i < ours_count; i++) {
		r = nsx_fds_move_above(ours[i], limit);
		if (r < 0)
			return bad_fd(*ours[i], r, err);
		keep[kept++] = *ours[i];
	}
	/*
	 * The pairs are in the caller's numbering, which a moved descriptor of ours does not change: those are all
	 * close-on-exec, so the caller can not have named one of them.
	 */
	r = count > 0 ? nsx_fds_place(pairs, count, limit, err) : 0;
	if (r < 0)
		return r;
	close_between(keep, kept);
	return 0;
}
