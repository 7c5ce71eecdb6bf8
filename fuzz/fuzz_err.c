/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the error record: what a hostile process sends is harmless after nsx_err_sanitize(). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	if (len == size)
		abort();
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct nsx_err err = { 0 };
	char text[NSEXEC_ERR_TEXT_MAX];
	size_t len;

	memcpy(&err, bytes, size < sizeof(err) ? size : sizeof(err));
	nsx_err_sanitize(&err);
	check_text(err.step, sizeof(err.step));
	check_text(err.operation, sizeof(err.operation));
	check_text(err.object, sizeof(err.object));
	if (err.code >= 0)
		abort();
	(void)nsexec_err_hint(&err);

	for (size_t room = 1; room <= sizeof(text); room = room * 2 + 1) {
		memset(text, 'x', sizeof(text));
		len = nsexec_err_format(&err, text, room);
		if (len >= room || text[len] != '\0')
			abort();
	}
	len = nsexec_err_format(&err, text, sizeof(text));
	check_text(text, len + 1);
	return 0;
}
