// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nsexec_era_1_1 && !nsexec_era_1_0 && !nsexec_era_2019 && !nsexec_era_2015 && (amd64 || arm64)

package nsenter

// Era is the era of the protocol that this program speaks.
const Era = "current"
