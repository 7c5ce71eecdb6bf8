// SPDX-License-Identifier: Apache-2.0

// Package runctest tests the module against runc v1.1.15. It is a module of its own, so that users never download runc.
package runctest
