// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package nsexec

/*
#cgo CFLAGS: -fno-plt

#include <stdlib.h>
#include "glue.h"
*/
import "C"

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	_ "github.com/nsexec/nsexec/go/internal/csrc" // the C sources, for `go mod vendor`
)

// handle is the process as the C library knows it.
type handle struct {
	process unsafe.Pointer
	once    sync.Once
}

func (h *handle) free() {
	h.once.Do(func() { C.nsexec_go_free(h.process) })
}

const (
	sysPidfdSendSignal = 424
	mfdCloexec         = 0x1
	mfdSealing         = 0x2
	mfdExec            = 0x10
	addSeals           = 1033
	allSeals           = 0xf
)

var image struct {
	once sync.Once
	fd   int
	err  error
}

// imageFD is the helper image in a sealed memory file, made once per process: whoever gets hold of it through /proc can open
// it for writing, and every write fails.
func imageFD() (int, error) {
	image.once.Do(func() { image.fd, image.err = makeImage() })
	return image.fd, image.err
}

func makeImage() (int, error) {
	reader, err := gzip.NewReader(bytes.NewReader(imageGz))
	if err != nil {
		return -1, fmt.Errorf("nsexec: helper image: %w", err)
	}
	program, err := io.ReadAll(reader)
	if err != nil {
		return -1, fmt.Errorf("nsexec: helper image: %w", err)
	}
	name := []byte("nsexec-image\x00")
	fd, _, errno := syscall.Syscall(sysMemfdCreate, uintptr(unsafe.Pointer(&name[0])), mfdCloexec|mfdSealing|mfdExec, 0)
	if errno == syscall.EINVAL { // MFD_EXEC is unknown before Linux 6.3
		fd, _, errno = syscall.Syscall(sysMemfdCreate, uintptr(unsafe.Pointer(&name[0])), mfdCloexec|mfdSealing, 0)
	}
	if errno != 0 {
		return -1, &Error{Operation: "memfd_create", Object: "helper image", Errno: errno}
	}
	for rest := program; len(rest) > 0; {
		n, err := syscall.Write(int(fd), rest)
		if err != nil && err != syscall.EINTR {
			syscall.Close(int(fd))
			return -1, &Error{Operation: "write", Object: "helper image", Errno: err.(syscall.Errno)}
		}
		if n > 0 {
			rest = rest[n:]
		}
	}
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, addSeals, allSeals); errno != 0 {
		syscall.Close(int(fd))
		return -1, &Error{Operation: "fcntl(F_ADD_SEALS)", Object: "helper image", Errno: errno}
	}
	return int(fd), nil
}

func failure(f *C.struct_nsexec_go_failure) error {
	return &Error{
		Step:      C.GoString(&f.step[0]),
		Operation: C.GoString(&f.operation[0]),
		Object:    C.GoString(&f.object[0]),
		Hint:      C.GoString(&f.hint[0]),
		Errno:     syscall.Errno(-f.code),
	}
}

// start is both: the texts say which.
func (c *Cmd) start(texts []string) (err error) {
	if c.started {
		return errors.New("nsexec: the command has been started already")
	}
	c.started = true
	if len(c.Args) == 0 || c.Args[0] == "" {
		return &Error{Operation: "check", Object: "Cmd.Args: no program is named", Errno: syscall.EINVAL}
	}
	if c.ctx != nil && c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	fd, err := imageFD()
	if err != nil {
		return err
	}
	files, err := c.files()
	defer func() {
		if err != nil {
			c.closeAll()
		}
	}()
	if err != nil {
		return err
	}
	for i, f := range files {
		texts = append(texts, "fd", fmt.Sprintf("%d=%d", f.Fd(), i))
	}
	texts = append(texts, c.texts()...)
	for _, text := range texts {
		if strings.IndexByte(text, 0) >= 0 {
			return &Error{Operation: "check", Object: fmt.Sprintf("%q: there is a NUL in it", text), Errno: syscall.EINVAL}
		}
	}
	packed := []byte(strings.Join(texts, "\x00") + "\x00")
	var ret C.struct_nsexec_go_started
	C.nsexec_go_start((*C.char)(unsafe.Pointer(&packed[0])), C.size_t(len(packed)), C.int(fd), &ret)
	runtime.KeepAlive(files)
	if ret.failure.code != 0 {
		return failure(&ret.failure)
	}
	c.PID = int(ret.pid)
	c.pidfd = os.NewFile(uintptr(ret.pidfd), "pidfd")
	c.handle = &handle{process: ret.process}
	runtime.SetFinalizer(c.handle, (*handle).free)
	c.run()
	return nil
}

// wait blocks until the program has ended.
func (h *handle) wait() (code int, signal syscall.Signal, err error) {
	var f C.struct_nsexec_go_failure
	status := C.nsexec_go_wait(h.process, &f)
	switch {
	case status < 0:
		return -1, 0, failure(&f)
	case status >= 256:
		return -1, syscall.Signal(status - 256), nil
	}
	return int(status), 0, nil
}
