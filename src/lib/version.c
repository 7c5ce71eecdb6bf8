/* SPDX-License-Identifier: Apache-2.0 */
/* version.c owns what the library says about itself. */
#include <nsexec/version.h>

const char *nsexec_version(void)
{
	return NSEXEC_VERSION;
}
