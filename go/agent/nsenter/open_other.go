// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package nsenter

import "os"

// OpenNamespace returns ErrUnsupported.
func OpenNamespace(pid uint32, kind string) (*os.File, error) { return nil, ErrUnsupported }

// OpenRoot returns ErrUnsupported.
func OpenRoot(pid uint32) (*os.File, error) { return nil, ErrUnsupported }

// OpenCwd returns ErrUnsupported.
func OpenCwd(pid uint32) (*os.File, error) { return nil, ErrUnsupported }
