/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that go to the runtime's log pipe. */
#ifndef NSX_BOOTSTRAP_LOG_H
#define NSX_BOOTSTRAP_LOG_H

#include "base_err.h"
#include "bootstrap_era.h"

/* logrus's levels, as in _LIBCONTAINER_LOGLEVEL. */
enum nsx_log_level {
	NSX_LOG_FATAL = 1,
	NSX_LOG_ERROR,
	NSX_LOG_WARNING,
	NSX_LOG_INFO,
	NSX_LOG_DEBUG
};

struct nsx_log {
	const struct nsx_boot_era *era;
	const char *tag; /* "nsexec-0" */
	int fd;          /* negative: there is no pipe, what is fatal goes to stderr */
	int level;       /* the highest that is written */
};

/**
 * nsx_log() - Write one line, in one piece
 * @log:   where to
 * @level: how bad it is
 * @text:  what; any bytes
 *
 * Best effort: a full or closed pipe is nobody's error.
 * fork-safe: yes.
 */
void nsx_log(const struct nsx_log *log, enum nsx_log_level level, const char *text);

/**
 * nsx_log_error() - Write a record as a fatal line
 * @log:   where to
 * @stage: whose failure it is, "" for the writer's own
 * @err:   the record
 *
 * fork-safe: yes.
 */
void nsx_log_error(const struct nsx_log *log, const char *stage, const struct nsx_err *err);

#endif
