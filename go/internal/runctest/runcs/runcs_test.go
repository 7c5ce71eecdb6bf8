// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

// Package runcs tests our parent side against runc's own constructor.
package runcs

import (
	"testing"

	_ "github.com/opencontainers/runc/libcontainer/nsenter" // the constructor

	"github.com/nsexec/nsexec/go/bootstrap"
	"github.com/nsexec/nsexec/go/internal/boottest"
)

func TestMain(m *testing.M) { boottest.Main(m) }

func TestParentSideSpeaksToRuncsConstructor(t *testing.T) { boottest.Suite(t, bootstrap.V1_1) }
