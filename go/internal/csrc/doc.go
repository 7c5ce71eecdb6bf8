// SPDX-License-Identifier: Apache-2.0

// Package csrc holds the C sources that the packages of this module compile, as tools/gen-go-sources copies them. It has
// no code of its own: importing it makes `go mod vendor` take the sources along.
package csrc
