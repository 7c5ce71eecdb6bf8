/* SPDX-License-Identifier: Apache-2.0 */
/* log.c owns the form of the lines in the log pipe, era by era. */
#include "bootstrap/log.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/own.h"
#include "base/stack.h"
#include "base/str.h"
#include "base/sys.h"

enum { LINE_MAX_BYTES = 4096 }; /* PIPE_BUF: one write is one piece */

static const char *const level_names[] = { "panic", "fatal", "error", "warning",
					   "info",  "debug", "trace" };

/* JSON's escapes (RFC 8259); bytes from 0x80 on are passed as they are. */
static void add_escaped(struct nsx_str *out, const char *text)
{
	static const char hex[] = "0123456789abcdef";

	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		const char *short_form = strchr("\"\"\\\\\bb\nn\rr\tt\ff", *p);
		char piece[8] = { (char)*p, '\0' };

		if (*p < 0x20 || *p == 0x7f || *p == '"' || *p == '\\') {
			if (short_form != NULL) {
				piece[0] = '\\';
				piece[1] = short_form[1];
				piece[2] = '\0';
			} else {
				memcpy(piece, "\\u00", 4);
				piece[4] = hex[*p >> 4];
				piece[5] = hex[*p & 15];
				piece[6] = '\0';
			}
		}
		/* room for the end of the line stays: a cut text is still one well-formed line */
		if (out->used + 16 > out->size)
			return;
		nsx_str_add(out, piece);
	}
}

static void add_variable(struct nsx_str *out, const struct nsx_log *log, enum nsx_log_level level,
			 const char *text, const char **form)
{
	const char *rest;

	if ((rest = nsx_str_starts(*form, "$level")) != NULL)
		nsx_str_add(out, level_names[level]);
	else if ((rest = nsx_str_starts(*form, "$tag")) != NULL)
		nsx_str_add(out, log->tag);
	else if ((rest = nsx_str_starts(*form, "$pid")) != NULL)
		nsx_str_add_i64(out, nsx_sys_getpid());
	else if ((rest = nsx_str_starts(*form, "$text")) != NULL)
		add_escaped(out, text);
	else
		rest = *form + 1;
	*form = rest;
}

static void write_line(int fd, const struct nsx_str *line)
{
	/* a pipe that nobody reads: the signal would end the stage, and nobody would learn why */
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction before;

	(void)sigaction(SIGPIPE, &ignore, &before);
	while (write(fd, line->buf, line->used) < 0 && errno == EINTR)
		;
	(void)sigaction(SIGPIPE, &before, NULL);
}

NSX_OWN_FRAME static void log_line(const struct nsx_log *log, enum nsx_log_level level,
				   const char *text)
{
	char buf[LINE_MAX_BYTES];
	struct nsx_str line = NSX_STR(buf, sizeof(buf));

	if (log->fd < 0) {
		nsx_str_add(&line,
			    log->era != NULL && log->era->by_environment ? "nsenter: " : "FATAL: ");
		nsx_str_add(&line, text);
		nsx_str_add(&line, "\n");
		write_line(STDERR_FILENO, &line);
		return;
	}
	for (const char *form = log->era->line; *form != '\0';) {
		char one[2] = { *form, '\0' };

		if (*form == '$') {
			add_variable(&line, log, level, text, &form);
			continue;
		}
		nsx_str_add(&line, one);
		form++;
	}
	write_line(log->fd, &line);
}

void nsx_log(const struct nsx_log *log, enum nsx_log_level level, const char *text)
{
	bool wanted = log->fd < 0 ? level == NSX_LOG_FATAL : (int)level <= log->level;

	if (wanted)
		log_line(log, level, text);
}

void nsx_log_error(const struct nsx_log *log, const char *stage, const struct nsx_err *err)
{
	char text[1024];
	char detail[NSEXEC_ERR_TEXT_MAX];
	struct nsx_str out = NSX_STR(text, sizeof(text));

	if (stage[0] != '\0') {
		nsx_str_add(&out, stage);
		nsx_str_add(&out, ": ");
	}
	(void)nsexec_err_format(err, detail, sizeof(detail));
	nsx_str_add(&out, detail);
	/* a runtime has no options of ours */
	if (nsexec_err_hint(err) != NULL && err->hint != NSX_HINT_HELP) {
		nsx_str_add(&out, "; ");
		nsx_str_add(&out, nsexec_err_hint(err));
	}
	nsx_log(log, NSX_LOG_FATAL, text);
}
