/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NSX_LIB_IDMAP_H
#define NSX_LIB_IDMAP_H

#include <stdint.h>

/**
 * nsx_idmap_to_inside() - Look an outside id up in the text of /proc/PID/uid_map
 * @text:       contents of the file
 * @outside:    the id as the reader of the file sees it
 * @ret_inside: the id inside the user namespace; untouched on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, -ENOENT (not mapped), -EINVAL or -ERANGE (not such a file).
 */
int nsx_idmap_to_inside(const char *text, uint32_t outside, uint32_t *ret_inside);

#endif
