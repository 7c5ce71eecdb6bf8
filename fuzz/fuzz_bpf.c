/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the BPF check and interpreter. The input is an array of struct sock_filter, followed by a
 * struct seccomp_data of 64 bytes; of a shorter input the missing data is zero.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bpf_sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct seccomp_data data = { 0 };
	struct nsx_err err = { 0 };
	size_t tail = size < sizeof(data) ? size : sizeof(data);
	size_t count = (size - tail) / sizeof(struct sock_filter);
	/* Of the exact size, so that the sanitizer sees a step too far. */
	struct sock_filter *filter = malloc(count > 0 ? count * sizeof(*filter) : 1);
	uint32_t result;
	int r;

	if (!filter)
		return 0;

	if (count > 0)
		memcpy(filter, bytes, count * sizeof(*filter));
	if (tail > 0)
		memcpy(&data, bytes + size - tail, tail);

	/* An unchecked filter may return anything, but it ends and stays inside. */
	result = nsx_bpf_run(filter, count, &data);
	r = nsx_bpf_check(filter, count, &err);
	if (r != 0 && (r != err.code || err.object[0] == '\0'))
		abort();

	/* A filter is a function: the same call, the same answer. */
	if (r == 0 && nsx_bpf_run(filter, count, &data) != result)
		abort();

	/* An accepted filter returns somewhere before its end, so what follows does not matter. */
	if (r == 0 && nsx_bpf_check(filter, count - 1, NULL) == 0 &&
	    nsx_bpf_run(filter, count - 1, &data) != result)
		abort();

	(void)nsx_bpf_uses_notify(filter, count);
	free(filter);
	return 0;
}
