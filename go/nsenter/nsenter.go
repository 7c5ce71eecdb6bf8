// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && !gccgo && (amd64 || arm64)

// Package nsenter is the constructor of runc-style runtimes, as a drop-in for runc's package of the same name:
//
//	import _ "github.com/nsexec/nsexec/go/nsenter"
//
// Before the Go runtime starts, it looks for _LIBCONTAINER_INITPIPE (era 2015: _LIBCONTAINER_INITPID). Without it, which is
// so in every ordinary start of a program, it costs one look at the environment. With it, it reads the bootstrap message
// from that socket, joins and makes namespaces, and the program goes on in the last of three processes, in them. Errors end
// the process with status 1 and one line in the log pipe, or on standard error.
//
// The era of the protocol is chosen by a build tag: nsexec_era_1_1 (runc 1.1.x), nsexec_era_1_0 (1.0.0-rc94 to 1.0.x),
// nsexec_era_2019 (1.0.0-rc7 to rc93) or nsexec_era_2015; without one it is that of runc 1.2 and newer. What differs is in
// docs/bootstrap.md of the project.
//
// The other end of the protocol is package bootstrap.
package nsenter

/*
#cgo CFLAGS: -fno-plt

extern void nsexec_go_nsenter_nsexec(void);

__attribute__((constructor)) static void nsexec_go_nsenter_constructor(void)
{
	nsexec_go_nsenter_nsexec();
}
*/
import "C"

import _ "github.com/nsexec/nsexec/go/internal/csrc" // the C sources, for `go mod vendor`
