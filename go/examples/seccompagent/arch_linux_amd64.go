// SPDX-License-Identifier: Apache-2.0

package main

import "syscall"

const ourArch = 0xc000003e // AUDIT_ARCH_X86_64

func isOurs(nr int32) bool {
	return nr == syscall.SYS_MKDIR || nr == syscall.SYS_MKDIRAT || nr == syscall.SYS_MOUNT
}
