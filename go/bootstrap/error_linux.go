// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"strings"
	"syscall"
)

// parseErrno finds the number for a text of strerror(3). Go's own texts are those of glibc in lower case.
func parseErrno(text string) error {
	text = strings.ToLower(text)
	switch text { // musl's, where they differ
	case "resource busy":
		return syscall.EBUSY
	case "i/o error":
		return syscall.EIO
	case "out of memory":
		return syscall.ENOMEM
	case "no file descriptors available":
		return syscall.EMFILE
	case "symbolic link loop":
		return syscall.ELOOP
	}
	for number := syscall.Errno(1); number < 134; number++ {
		if strings.ToLower(number.Error()) == text {
			return number
		}
	}
	return nil
}
