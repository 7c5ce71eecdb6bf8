// SPDX-License-Identifier: Apache-2.0

// Package runcnewtest tests the module against runc v1.5.2. It is a module of its own, so that users never download runc.
package runcnewtest
