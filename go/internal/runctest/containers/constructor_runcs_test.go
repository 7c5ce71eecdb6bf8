// SPDX-License-Identifier: Apache-2.0

//go:build linux && runcs_constructor

package containers

import _ "github.com/opencontainers/runc/libcontainer/nsenter" // runc's constructor, to compare
