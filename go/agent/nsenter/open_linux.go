// SPDX-License-Identifier: Apache-2.0

//go:build linux

package nsenter

import (
	"fmt"
	"os"
	"syscall"
)

var kinds = map[string]bool{
	"mnt": true, "net": true, "pid": true, "user": true, "ipc": true, "uts": true, "cgroup": true, "time": true,
	"pid_for_children": true, "time_for_children": true,
}

const oPath = 0x200000

func open(pid uint32, name string, flags int) (*os.File, error) {
	if pid == 0 {
		return nil, fmt.Errorf("nsenter: process 0 is nobody")
	}
	path := fmt.Sprintf("/proc/%d/%s", pid, name)
	fd, err := syscall.Open(path, flags|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// OpenNamespace opens a namespace of a process: "mnt", "net", "pid", "user", "ipc", "uts", "cgroup" or "time", and also
// "pid_for_children" and "time_for_children". A seccomp agent opens first, and asks then whether the notification is still
// valid: if it is, the number was not given to another process in between. The caller closes it.
func OpenNamespace(pid uint32, kind string) (*os.File, error) {
	if !kinds[kind] {
		return nil, fmt.Errorf("nsenter: %q is no kind of namespaces", kind)
	}
	return open(pid, "ns/"+kind, syscall.O_RDONLY)
}

// OpenRoot opens the root directory of a process, as a place only (O_PATH). The caller closes it.
func OpenRoot(pid uint32) (*os.File, error) { return open(pid, "root", oPath|syscall.O_DIRECTORY) }

// OpenCwd opens the working directory of a process, as a place only (O_PATH). The caller closes it.
func OpenCwd(pid uint32) (*os.File, error) { return open(pid, "cwd", oPath|syscall.O_DIRECTORY) }
