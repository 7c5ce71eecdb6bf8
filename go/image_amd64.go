// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package nsexec

import _ "embed"

// The helper image, as tools/gen-go-sources puts it here: the program of src/image, made of the same sources.
//
//go:embed image_linux_amd64.gz
var imageGz []byte

const sysMemfdCreate = 319
