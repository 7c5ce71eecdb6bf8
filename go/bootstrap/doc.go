// SPDX-License-Identifier: Apache-2.0

// Package bootstrap is the runtime's side of the protocol by which runc, and what was derived from it, makes a process in
// other namespaces: a Go program executes itself, a C constructor in it (package nsenter of this module, the archive
// libnsexec-bootstrap.a, or runc's own) reads a netlink-formatted message from a socket, passes through three processes and
// returns into Go in the last one.
//
// Start does all that the runtime has to do: it builds the message, starts the child, reaps the first two stages and
// returns the last one with its pidfd and with the socket on which its configuration is sent. The protocol exists in
// several eras that do not understand each other; Config.Era names the one of the constructor in the child.
//
// The package is pure Go and needs Linux 5.3 (pidfd_open). On other systems it compiles, and Start returns ErrUnsupported.
package bootstrap
