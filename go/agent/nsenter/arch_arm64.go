// SPDX-License-Identifier: Apache-2.0

package nsenter

const (
	sysMemfdCreate = 279
	sysSetns       = 268
)
