// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package containers

import (
	"os"

	"github.com/opencontainers/cgroups"
	_ "github.com/opencontainers/cgroups/devices" // the manager of devices
	devices "github.com/opencontainers/cgroups/devices/config"
	"github.com/opencontainers/runc/libcontainer"
	"github.com/opencontainers/runc/libcontainer/configs"
	"github.com/opencontainers/runc/libcontainer/specconv"
)

// errorOfConstructor is in the error for a file that is no namespace.
const errorOfConstructor = "nvalid argument"

// init is the last stage, when the constructor has returned to Go.
func init() {
	if len(os.Args) > 1 && os.Args[1] == "init" {
		libcontainer.Init()
	}
}

func newContainer(dir, id string, config *configs.Config) (container, error) {
	return libcontainer.Create(dir, id, config)
}

func newProcess(init bool, args ...string) *libcontainer.Process {
	return &libcontainer.Process{Cwd: "/", Args: args, Env: []string{"PATH=/bin"}, Init: init}
}

func newCgroup(path string) *cgroups.Cgroup {
	var allowed []*devices.Rule
	for _, device := range specconv.AllowedDevices {
		allowed = append(allowed, &device.Rule)
	}
	return &cgroups.Cgroup{Path: path, Resources: &cgroups.Resources{Devices: allowed}}
}

func mapIDs(config *configs.Config, outside, size int64) {
	config.UIDMappings = []configs.IDMap{{ContainerID: 0, HostID: outside, Size: size}}
	config.GIDMappings = config.UIDMappings
}
