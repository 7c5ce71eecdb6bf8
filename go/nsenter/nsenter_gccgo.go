// SPDX-License-Identifier: Apache-2.0

//go:build linux && gccgo && (amd64 || arm64)

// Package nsenter is the constructor of runc-style runtimes; see the file for the other compiler.
package nsenter

/*
#cgo CFLAGS: -fno-plt

extern void nsexec_go_nsenter_nsexec(void);

__attribute__((constructor)) void nsexec_go_nsenter_constructor(void)
{
	nsexec_go_nsenter_nsexec();
}
*/
import "C"

import _ "github.com/nsexec/nsexec/go/internal/csrc" // the C sources, for `go mod vendor`

// KeepConstructor is false, and has to stay so: a reference that the compiler can not see through keeps the object with the
// constructor in the program, which gccgo's linking would leave out otherwise.
var KeepConstructor bool

func init() {
	if KeepConstructor {
		C.nsexec_go_nsenter_constructor()
	}
}
