/* SPDX-License-Identifier: Apache-2.0 */
/* What was done before main(): see early.c, which the build leaves out on other machines than x86-64. */
#ifndef NSX_CLI_EARLY_H
#define NSX_CLI_EARLY_H

#include <stdbool.h>

/* The program file is out of a container's reach; nothing remains for nsexec_self_protect(). */
extern bool early_protected __attribute__((visibility("hidden")));

#endif
