// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package nsenter

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

type result struct {
	reply string
	err   error
}

// runInProcess runs the module on a thread of its own. The goroutine never unlocks it, so that the runtime ends the thread
// with the goroutine: neither namespaces nor root of a container are seen by other Go code.
func runInProcess(o Options, f RunFunc, param []byte) ([]byte, error) {
	done := make(chan result, 1)
	go onThread(done, o, f, param)
	r := <-done
	if r.err != nil {
		return nil, r.err
	}
	return []byte(r.reply), nil
}

func onThread(done chan<- result, o Options, f RunFunc, param []byte) {
	runtime.LockOSThread()
	if syscall.Gettid() == syscall.Getpid() {
		// the first thread is the process's face in /proc, and can not be thrown away: it waits until another one has begun
		begun := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(begun)
			finish(done, o, f, param)
		}()
		<-begun
		runtime.UnlockOSThread()
		return
	}
	finish(done, o, f, param)
}

func finish(done chan<- result, o Options, f RunFunc, param []byte) {
	r := result{err: errors.New("nsenter: the module ended its goroutine")}
	defer func() { done <- r }()
	if err := joinThread(o); err != nil {
		r.err = err
		return
	}
	r.reply, r.err = call(f, param)
}

func joinThread(o Options) error {
	// root and working directory of this thread alone; and setns(2) demands it
	if err := syscall.Unshare(syscall.CLONE_FS); err != nil {
		return errnoError("unshare(CLONE_FS)", err.(syscall.Errno))
	}
	for _, ns := range []struct {
		name string
		file *os.File
		flag uintptr
	}{
		{"mnt", o.Mnt, syscall.CLONE_NEWNS}, {"net", o.Net, syscall.CLONE_NEWNET}, {"ipc", o.IPC, syscall.CLONE_NEWIPC},
		{"uts", o.UTS, syscall.CLONE_NEWUTS}, {"cgroup", o.Cgroup, 0x02000000},
	} {
		if ns.file == nil {
			continue
		}
		if _, _, errno := syscall.Syscall(sysSetns, ns.file.Fd(), ns.flag, 0); errno != 0 {
			return errnoError("setns("+ns.name+")", errno)
		}
	}
	if o.Root != nil {
		if err := syscall.Fchdir(int(o.Root.Fd())); err != nil {
			return errnoError("fchdir(root)", err.(syscall.Errno))
		}
		if err := syscall.Chroot("."); err != nil {
			return errnoError("chroot", err.(syscall.Errno))
		}
	}
	if o.Cwd != nil {
		if err := syscall.Fchdir(int(o.Cwd.Fd())); err != nil {
			return errnoError("fchdir(cwd)", err.(syscall.Errno))
		}
		// a directory outside of the root would be a way out of it
		path := make([]byte, 4096)
		if n, err := syscall.Getcwd(path); err != nil || n == 0 || path[0] != '/' {
			return errnoError("getcwd", syscall.ENOENT)
		}
	}
	return nil
}
