// SPDX-License-Identifier: Apache-2.0

// Package containers runs real containers through runc's libcontainer; see its test.
package containers
