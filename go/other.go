// SPDX-License-Identifier: Apache-2.0

//go:build !linux || !cgo || !(amd64 || arm64)

package nsexec

import (
	"os"
	"syscall"
)

type handle struct{}

func (c *Cmd) start(texts []string) error { return ErrUnsupported }

// Signal returns ErrUnsupported.
func (c *Cmd) Signal(signal syscall.Signal) error { return ErrUnsupported }

// PIDFD returns nil.
func (c *Cmd) PIDFD() *os.File { return nil }

// Wait returns ErrUnsupported.
func (c *Cmd) Wait() error { return ErrUnsupported }
