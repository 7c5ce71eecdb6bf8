// SPDX-License-Identifier: Apache-2.0

//go:build !linux || (!cgo && !gccgo) || !(amd64 || arm64)

// Package nsenter is the constructor of runc-style runtimes. On this platform, or without cgo, it does nothing: such a
// program can not be started by a runtime in namespaces.
package nsenter
