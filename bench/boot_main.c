// SPDX-License-Identifier: Apache-2.0
/*
 * The program of the row "bootstrap": linked once with libnsexec-bootstrap.a and once with runc's own C files, whose
 * nsexec() it calls from a constructor as runc's Go package does. Stage 2 writes one byte to $BENCH_REPORT.
 */
#include <stdlib.h>
#include <unistd.h>

extern void nsexec(void);

__attribute__((constructor)) static void enter(void)
{
	nsexec();
}

int main(void)
{
	const char *report = getenv("BENCH_REPORT");

	return report == NULL || write(atoi(report), "x", 1) != 1;
}
