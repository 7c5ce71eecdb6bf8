// SPDX-License-Identifier: Apache-2.0

//go:build !linux

// Package boottest tests package bootstrap; it is empty on this system.
package boottest
