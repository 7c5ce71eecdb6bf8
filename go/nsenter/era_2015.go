// SPDX-License-Identifier: Apache-2.0

//go:build linux && nsexec_era_2015 && (amd64 || arm64)

package nsenter

/*
const char nsexec_go_nsenter_nsexec_bootstrap_era[] = "2015";
*/
import "C"

// Era is the era of the protocol that this program speaks.
const Era = "2015"
