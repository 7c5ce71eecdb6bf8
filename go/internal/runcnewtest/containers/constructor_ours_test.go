// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64) && !runcs_constructor

package containers

import (
	"os"
	"testing"

	"github.com/nsexec/nsexec/go/nsenter" // our constructor
)

func TestMain(m *testing.M) {
	if nsenter.Era != "current" {
		println("this runc wants the era current, not", nsenter.Era)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
