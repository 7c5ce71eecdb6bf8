// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package bootstrap

import (
	"context"
	"os"
)

// Process is the last stage of the child.
type Process struct {
	Pid   int
	Pidfd *os.File
	Pipe  *os.File
}

// WaitStatus is that of the system; here there is none.
type WaitStatus int

// Start returns ErrUnsupported.
func Start(ctx context.Context, c *Config) (*Process, error) { return nil, ErrUnsupported }

// Signal returns ErrUnsupported.
func (p *Process) Signal(signal os.Signal) error { return ErrUnsupported }

// Wait returns ErrUnsupported.
func (p *Process) Wait() (WaitStatus, error) { return 0, ErrUnsupported }

// Close returns ErrUnsupported.
func (p *Process) Close() error { return ErrUnsupported }

func parseErrno(text string) error { return nil }
