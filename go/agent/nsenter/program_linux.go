// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package nsenter

import (
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

const (
	sysOpenTree     = 428
	sysMountSetattr = 442
	atFDCWD         = ^uintptr(99) // -100
	openTreeClone   = 1
	atEmptyPath     = 0x1000
	mountAttrRdonly = 1
	mfdCloexec      = 0x1
	mfdSealing      = 0x2
	mfdExec         = 0x10
	addSeals        = 1033
	allSeals        = 0xf
)

// program is this program's file in a form that a container can not change through /proc/PID/exe (CVE-2019-5736).
type program struct {
	fd     int
	shared bool // kept open for the next child
}

func (p *program) Close() {
	if !p.shared {
		syscall.Close(p.fd)
	}
}

var copied struct {
	once sync.Once
	file *os.File
	err  error
}

// openProgram clones the mount of the program, read-only; who may not do that executes a sealed copy, made once.
func openProgram() (*program, error) {
	path := []byte("/proc/self/exe\x00")
	tree, _, errno := syscall.Syscall(sysOpenTree, atFDCWD, uintptr(unsafe.Pointer(&path[0])), openTreeClone|syscall.O_CLOEXEC)
	if errno == 0 {
		attr := [4]uint64{mountAttrRdonly}
		empty := []byte{0}
		_, _, errno = syscall.Syscall6(sysMountSetattr, tree, uintptr(unsafe.Pointer(&empty[0])), atEmptyPath,
			uintptr(unsafe.Pointer(&attr[0])), unsafe.Sizeof(attr), 0)
		if errno == 0 {
			return &program{fd: int(tree)}, nil
		}
		syscall.Close(int(tree))
	}
	copied.once.Do(func() {
		exe, err := os.Open("/proc/self/exe")
		if err != nil {
			copied.err = err
			return
		}
		defer exe.Close()
		copied.file, copied.err = sealed("nsenter-program", exe, mfdExec)
	})
	if copied.err != nil {
		return nil, copied.err
	}
	return &program{fd: int(copied.file.Fd()), shared: true}, nil
}

// sealed is a memory file that nobody can change any more, read from its beginning.
func sealed(name string, from io.Reader, flags uintptr) (*os.File, error) {
	text := append([]byte(name), 0)
	fd, _, errno := syscall.Syscall(sysMemfdCreate, uintptr(unsafe.Pointer(&text[0])), mfdCloexec|mfdSealing|flags, 0)
	if errno == syscall.EINVAL && flags != 0 { // MFD_EXEC is unknown before Linux 6.3
		fd, _, errno = syscall.Syscall(sysMemfdCreate, uintptr(unsafe.Pointer(&text[0])), mfdCloexec|mfdSealing, 0)
	}
	if errno != 0 {
		return nil, errnoError("memfd_create", errno)
	}
	file := os.NewFile(fd, name)
	if _, err := io.Copy(file, from); err != nil {
		file.Close()
		return nil, fmt.Errorf("nsenter: %s: %w", name, err)
	}
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, addSeals, allSeals); errno != 0 {
		file.Close()
		return nil, errnoError("fcntl(F_ADD_SEALS)", errno)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
