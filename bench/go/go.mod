// SPDX-License-Identifier: Apache-2.0

module nsexec-bench

go 1.19

require github.com/nsexec/nsexec/go v0.0.0

replace github.com/nsexec/nsexec/go => ../../go
