// SPDX-License-Identifier: Apache-2.0
/* Process 1 of the containers that the bench enters: sleeps until it is killed. */
#include "raw.h"

__attribute__((noreturn, used)) void raw_main(long *stack);

void raw_main(long *stack)
{
	(void)stack;
	for (;;)
		(void)raw5(__NR_ppoll, 0, 0, 0, 0, 0);
}
