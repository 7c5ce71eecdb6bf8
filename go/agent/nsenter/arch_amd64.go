// SPDX-License-Identifier: Apache-2.0

package nsenter

const (
	sysMemfdCreate = 319
	sysSetns       = 308
)
