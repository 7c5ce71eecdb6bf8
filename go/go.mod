// SPDX-License-Identifier: Apache-2.0

module github.com/nsexec/nsexec/go

go 1.19
