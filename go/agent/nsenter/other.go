// SPDX-License-Identifier: Apache-2.0

//go:build !linux || !cgo || !(amd64 || arm64)

package nsenter

import (
	"context"
	"os"
)

// Credentials are the ids of a module.
type Credentials struct {
	UID, GID uint32
}

// Options say where a module runs.
type Options struct {
	Root, Cwd                             *os.File
	Mnt, Net, PID, User, IPC, UTS, Cgroup *os.File
	Params                                interface{}
	Credentials                           *Credentials
	InProcess                             bool
}

// Init returns at once.
func Init() {}

// Run returns ErrUnsupported.
func Run(root, cwd, mntns, netns, pidns *os.File, i interface{}) ([]byte, error) {
	return nil, ErrUnsupported
}

// RunContext returns ErrUnsupported.
func RunContext(ctx context.Context, o Options) ([]byte, error) { return nil, ErrUnsupported }
