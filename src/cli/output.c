/* SPDX-License-Identifier: Apache-2.0 */
/* output.c owns what is printed on stderr. */
#include "cli/output.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "cli/opt.h"

void output_json_string(FILE *file, const char *text)
{
	fputc('"', file);
	for (const unsigned char *p = (const void *)text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(file, "\\%c", *p);
		else if (*p < 0x20 || *p >= 0x7f)
			fprintf(file, "\\u%04x", *p);
		else
			fputc(*p, file);
	}
	fputc('"', file);
}

static void print_time(FILE *file)
{
	struct timespec now;
	struct tm utc;
	char text[32];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &utc) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
		fputs(text, file);
}

static void print_json(const struct output *output, const char *level, const char *text,
		       const char *hint)
{
	fputs("{\"time\":\"", stderr);
	print_time(stderr);
	fprintf(stderr, "\",\"level\":\"%s\",\"verb\":\"%s\",\"msg\":", level, output->verb);
	output_json_string(stderr, text);
	if (hint != NULL) {
		fputs(",\"hint\":", stderr);
		output_json_string(stderr, hint);
	}
	fputs("}\n", stderr);
}

int output_error(const struct output *output, const struct nsexec_err *err)
{
	char text[NSEXEC_ERR_TEXT_MAX];
	const char *hint = nsexec_err_hint(err);

	(void)nsexec_err_format(err, text, sizeof(text));
	if (output->json) {
		print_json(output, "error", text, hint);
	} else {
		fprintf(stderr, "nsexec %s: %s\n", output->verb, text);
		if (hint != NULL)
			fprintf(stderr, "hint: %s\n", hint);
	}
	if (strcmp(err->step, "exec") != 0 || strcmp(err->operation, "execve") != 0)
		return EXIT_OURS;
	return err->code == -ENOENT && err->hint != NSX_HINT_INTERPRETER ? EXIT_NOT_FOUND :
									   EXIT_CANNOT;
}

void output_log(const struct output *output, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (!output->debug)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (output->json) {
		print_json(output, "debug", text, NULL);
		return;
	}
	fputc('[', stderr);
	print_time(stderr);
	fprintf(stderr, " DEBUG nsexec::container] %s\n", text);
}

void output_event(void *data, const struct nsexec_event *event)
{
	const struct output *output = data;

	switch (event->type) {
	case NSEXEC_EVENT_STEP:
		output_log(output, "%s: %s", event->role, event->text);
		return;
	case NSEXEC_EVENT_CHILD:
		output_log(output, "Container child PID: %d", event->pid);
		return;
	case NSEXEC_EVENT_WARNING:
		if (output->json)
			print_json(output, "warning", event->text, NULL);
		else
			fprintf(stderr, "nsexec %s: warning: %s\n", output->verb, event->text);
		return;
	case NSEXEC_EVENT_READY:
		return;
	default:
		output_log(output, "%s", event->text);
	}
}

int output_set_format(void *config, const char *option, const char *value, struct nsexec_err *err)
{
	struct output *output = config;

	if (strcmp(value, "json") != 0 && strcmp(value, "text") != 0)
		return opt_error(err, option, value, "text or json is needed");
	output->json = value[0] == 'j';
	return 0;
}

int output_set_debug(void *config, const char *option, const char *value, struct nsexec_err *err)
{
	(void)option;
	(void)value;
	(void)err;
	((struct output *)config)->debug = true;
	return 0;
}
