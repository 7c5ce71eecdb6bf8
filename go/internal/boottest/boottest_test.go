// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package boottest

import (
	"testing"

	"github.com/nsexec/nsexec/go/bootstrap"
	"github.com/nsexec/nsexec/go/nsenter" // the constructor
)

func TestMain(m *testing.M) { Main(m) }

func TestParentSideSpeaksToOurConstructor(t *testing.T) {
	for era := bootstrap.Current; era <= bootstrap.V2015; era++ {
		if era.String() == nsenter.Era {
			Suite(t, era)
		}
	}
}
