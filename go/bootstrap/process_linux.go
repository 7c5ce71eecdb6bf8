// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"unsafe"
)

// Process is the last stage of the child: a child of the calling process, in its namespaces, with Go running in it. Its
// methods are safe for any goroutine.
type Process struct {
	Pid   int      // valid until Wait has returned
	Pidfd *os.File // close-on-exec; closed by Close
	Pipe  *os.File // our end of the init pipe, a stream socket with deadlines, for the configuration; closed by Close

	log      *logReader
	logPipe  *os.File
	wait     sync.Mutex
	reaped   bool
	status   syscall.WaitStatus
	waitFail error
}

// WaitStatus tells how a process ended.
type WaitStatus = syscall.WaitStatus

// Signal sends a signal through the pidfd: it never hits another process. It returns os.ErrProcessDone after the end.
// Needs CAP_KILL over the user namespace of the process, or the same ids.
func (p *Process) Signal(signal os.Signal) error {
	number, ok := signal.(syscall.Signal)
	if !ok {
		return os.NewSyscallError("pidfd_send_signal", syscall.EINVAL)
	}
	connection, err := p.Pidfd.SyscallConn()
	if err != nil {
		return err
	}
	var errno syscall.Errno
	if err := connection.Control(func(fd uintptr) { errno = pidfdSendSignal(int(fd), number) }); err != nil {
		return err
	}
	if errno == syscall.ESRCH {
		return os.ErrProcessDone
	}
	if errno != 0 {
		return os.NewSyscallError("pidfd_send_signal", errno)
	}
	return nil
}

// Wait waits for the end of the process and reaps it; later calls return the same. Until then its pid is taken. An error
// is one of wait4(2): ECHILD if somebody else has reaped it.
func (p *Process) Wait() (WaitStatus, error) {
	p.wait.Lock()
	defer p.wait.Unlock()
	if !p.reaped {
		p.status, p.waitFail = reap(p.Pid)
		p.reaped = true
	}
	return p.status, p.waitFail
}

// Close closes the descriptors and ends the goroutine that reads the log; the process lives on. It does not reap:
// without a Wait, before or after, a zombie is left.
func (p *Process) Close() error {
	err := p.Pipe.Close()
	if err2 := p.Pidfd.Close(); err == nil {
		err = err2
	}
	if p.logPipe != nil {
		if err2 := p.logPipe.Close(); err == nil {
			err = err2
		}
		<-p.log.done
	}
	return err
}

const (
	waitAll     = syscall.WALL
	idPid       = 1 // P_PID
	waitExited  = 4
	waitNoReap  = 0x1000000
	waitNoBlock = 1
	codeExited  = 1 // CLD_EXITED
)

func reap(pid int) (syscall.WaitStatus, error) {
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(pid, &status, waitAll, nil)
		if err != syscall.EINTR {
			return status, os.NewSyscallError("wait4", err)
		}
	}
}

// waitNotReap waits until the child has ended, or with waitNoBlock only looks; it stays a zombie, its pid taken.
func waitNotReap(pid, more int) syscall.Errno {
	for {
		var info [128]byte
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, idPid, uintptr(pid), uintptr(unsafe.Pointer(&info[0])),
			uintptr(waitExited|waitNoReap|waitAll|more), 0, 0)
		if errno != syscall.EINTR {
			return errno
		}
	}
}

// peekStatus tells how a child that is not reaped has ended: by exit or by which signal. The code is 0 if it lives.
func peekStatus(pid int) (code, status int, err error) {
	var info [32]int32
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, idPid, uintptr(pid), uintptr(unsafe.Pointer(&info[0])),
			waitExited|waitNoReap|waitAll|waitNoBlock, 0, 0)
		if errno == 0 {
			break
		}
		if errno != syscall.EINTR {
			return 0, 0, os.NewSyscallError("waitid", errno)
		}
	}
	// siginfo_t: signal, errno, code (on MIPS signal, code, errno), then, at the alignment of a pointer, pid, uid, status
	at := 2
	if strings.HasPrefix(runtime.GOARCH, "mips") {
		at = 1
	}
	union := 3
	if unsafe.Sizeof(uintptr(0)) == 8 {
		union = 4
	}
	return int(info[at]), int(info[union+2]), nil
}

// The numbers of new system calls are the same everywhere but for an offset on MIPS.
func newSyscall(number uintptr) uintptr {
	switch {
	case strings.HasPrefix(runtime.GOARCH, "mips64"):
		return 5000 + number
	case strings.HasPrefix(runtime.GOARCH, "mips"):
		return 4000 + number
	}
	return number
}

func pidfdOpen(pid int) (*os.File, error) {
	fd, _, errno := syscall.Syscall(newSyscall(434), uintptr(pid), 0, 0)
	if errno != 0 {
		return nil, os.NewSyscallError("pidfd_open", errno)
	}
	return os.NewFile(fd, "pidfd"), nil // close-on-exec by birth
}

func pidfdSendSignal(fd int, signal syscall.Signal) syscall.Errno {
	_, _, errno := syscall.Syscall6(newSyscall(424), uintptr(fd), uintptr(signal), 0, 0, 0, 0)
	return errno
}
