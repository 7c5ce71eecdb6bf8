// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package containers

import (
	"os"
	"runtime"

	"github.com/opencontainers/runc/libcontainer"
	"github.com/opencontainers/runc/libcontainer/configs"
	"github.com/opencontainers/runc/libcontainer/devices"
	"github.com/opencontainers/runc/libcontainer/specconv"
)

// errorOfConstructor is in the error for a file that is no namespace.
const errorOfConstructor = "can't get final child's PID"

// init is the last stage, when the constructor has returned to Go.
func init() {
	if len(os.Args) < 2 || os.Args[1] != "init" {
		return
	}
	runtime.GOMAXPROCS(1)
	runtime.LockOSThread()
	factory, err := libcontainer.New("")
	if err == nil {
		err = factory.StartInitialization()
	}
	println("init:", err.Error())
	os.Exit(1)
}

func newContainer(dir, id string, config *configs.Config) (container, error) {
	factory, err := libcontainer.New(dir)
	if err != nil {
		return nil, err
	}
	return factory.Create(id, config)
}

func newProcess(init bool, args ...string) *libcontainer.Process {
	return &libcontainer.Process{Cwd: "/", Args: args, Env: []string{"PATH=/bin"}, Init: init}
}

func newCgroup(path string) *configs.Cgroup {
	var allowed []*devices.Rule
	for _, device := range specconv.AllowedDevices {
		allowed = append(allowed, &device.Rule)
	}
	return &configs.Cgroup{Path: path, Resources: &configs.Resources{Devices: allowed}}
}

func mapIDs(config *configs.Config, outside, size int64) {
	config.UidMappings = []configs.IDMap{{ContainerID: 0, HostID: outside, Size: size}}
	config.GidMappings = config.UidMappings
}
