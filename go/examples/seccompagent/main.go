// SPDX-License-Identifier: Apache-2.0

//go:build linux && (amd64 || arm64)

// Command seccompagent makes directories and mounts on behalf of a container, in the container's namespaces: it answers what
// a seccomp filter with SECCOMP_RET_USER_NOTIF asks (seccomp_unotify(2)). Who installs the filter connects to the socket
// and sends its descriptor. One container, one question at a time; the agent ends with the last process of the filter.
//
//	go run ./examples/seccompagent /run/agent.sock
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"github.com/nsexec/nsexec/go/agent/nsenter"
)

const (
	notifRecv    = 0xc0502100
	notifSend    = 0xc0182101
	notifIDValid = 0x40082102
	flagContinue = 1
	atFDCWD      = -100
	capSysAdmin  = 21
	pathMax      = 4096
	typeMax      = 32
)

// As in <linux/seccomp.h>; with room for what newer kernels have more.
type notification struct {
	id    uint64
	pid   uint32
	flags uint32
	nr    int32
	arch  uint32
	ip    uint64
	args  [6]uint64
	_     [64]uint64
}

type answer struct {
	id    uint64
	val   int64
	error int32
	flags uint32
	_     [64]uint64
}

// request is what a module is told: the arguments of the call, as they were read once, and who makes it.
type request struct {
	Module   string `json:"module"`
	Path     string `json:"path"`
	Type     string `json:"type,omitempty"`
	Mode     uint32 `json:"mode"`
	Umask    int    `json:"umask"`
	UID, GID int
	caps     uint64
}

// Modules answer with an errno.
var (
	_ = nsenter.RegisterModule("mkdir", module(makeDirectory))
	_ = nsenter.RegisterModule("mount", module(makeMount))
)

func module(f func(r *request) error) nsenter.RunFunc {
	return func(param []byte) string {
		var r request
		err := json.Unmarshal(param, &r)
		if err == nil {
			err = f(&r)
		}
		var errno syscall.Errno
		if err != nil && !errors.As(err, &errno) {
			errno = syscall.EIO
		}
		return strconv.Itoa(int(errno))
	}
}

// makeDirectory is as the caller: it must not get what only the agent may.
func makeDirectory(r *request) error {
	runtime.LockOSThread() // these ids are a thread's
	syscall.Umask(r.Umask)
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	// the second call tells whether the first has worked; the uid takes the power to overrule permissions away
	for _, id := range []struct{ nr, want uintptr }{{syscall.SYS_SETFSGID, uintptr(r.GID)}, {syscall.SYS_SETFSUID, uintptr(r.UID)}} {
		_, _, _ = syscall.RawSyscall(id.nr, id.want, 0, 0)
		if now, _, _ := syscall.RawSyscall(id.nr, id.want, 0, 0); now != id.want {
			return syscall.EPERM
		}
	}
	return syscall.Mkdir(r.Path, r.Mode)
}

// makeMount lets nothing of the caller's options get to the kernel: neither flags nor data.
func makeMount(r *request) error {
	return syscall.Mount(r.Type, r.Path, r.Type, syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, "")
}

// readText is a text in the memory of the process. It may end right before what can not be read.
func readText(pid uint32, address uint64, size int) (string, error) {
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return "", syscall.EFAULT
	}
	defer memory.Close()
	text := make([]byte, size)
	n, _ := syscall.Pread(int(memory.Fd()), text, int64(address))
	if n <= 0 {
		return "", syscall.EFAULT
	}
	if end := bytes.IndexByte(text[:n], 0); end >= 0 {
		return string(text[:end]), nil
	}
	if n == size {
		return "", syscall.ENAMETOOLONG
	}
	return "", syscall.EFAULT
}

// readIdentity is who asks: ids that the file system takes it for, mask of modes, capabilities.
func readIdentity(pid uint32, r *request) error {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return syscall.ESRCH
	}
	found := 0
	for _, line := range strings.Split(string(text), "\n") {
		var skip int
		switch {
		case strings.HasPrefix(line, "Umask:"):
			n, _ := fmt.Sscanf(line, "Umask: %o", &r.Umask)
			found += n
		case strings.HasPrefix(line, "Uid:"):
			n, _ := fmt.Sscanf(line, "Uid: %d %d %d %d", &skip, &skip, &skip, &r.UID)
			found += n / 4
		case strings.HasPrefix(line, "Gid:"):
			n, _ := fmt.Sscanf(line, "Gid: %d %d %d %d", &skip, &skip, &skip, &r.GID)
			found += n / 4
		case strings.HasPrefix(line, "CapEff:"):
			n, _ := fmt.Sscanf(line, "CapEff: %x", &r.caps)
			found += n
		}
	}
	if found != 4 {
		return syscall.ESRCH
	}
	return nil
}

func openDirectory(pid uint32, what string) (*os.File, error) {
	path := fmt.Sprintf("/proc/%d/%s", pid, what)
	fd, err := syscall.Open(path, 0x200000|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0) // O_PATH
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

// prepare reads the arguments of the call, and opens what they are relative to.
func prepare(n *notification, r *request, o *nsenter.Options) error {
	var err error
	directory, at := "cwd", 0
	if n.nr == syscall.SYS_MOUNT {
		r.Module = "mount"
		if r.Path, err = readText(n.pid, n.args[1], pathMax); err == nil {
			r.Type, err = readText(n.pid, n.args[2], typeMax)
		}
		o.Cwd, _ = nsenter.OpenCwd(n.pid)
		if err != nil {
			return err
		}
		switch r.Type { // joined only where the file system shows it: in a pid namespace the container can see us
		case "proc":
			o.PID, err = nsenter.OpenNamespace(n.pid, "pid")
		case "sysfs":
			o.Net, err = nsenter.OpenNamespace(n.pid, "net")
		case "tmpfs":
		default:
			return syscall.EPERM
		}
		return err
	}
	r.Module = "mkdir"
	if n.nr == syscall.SYS_MKDIRAT {
		at = 1
		if fd := int32(n.args[0]); fd != atFDCWD {
			directory = fmt.Sprintf("fd/%d", fd)
		}
	}
	r.Mode = uint32(n.args[1+at]) & 0o7777
	r.Path, err = readText(n.pid, n.args[at], pathMax)
	var missing error
	if o.Cwd, missing = openDirectory(n.pid, directory); missing != nil && err == nil && !strings.HasPrefix(r.Path, "/") {
		if errors.Is(missing, syscall.ENOTDIR) {
			return syscall.ENOTDIR
		}
		return syscall.EBADF
	}
	return err
}

func closeAll(o *nsenter.Options) {
	for _, file := range []*os.File{o.Root, o.Cwd, o.Mnt, o.Net, o.PID} {
		if file != nil {
			file.Close()
		}
	}
}

// act opens and reads everything by number first. If the question is still there after that, then it was all of the process
// that asks, and not of another one that has got its number meanwhile.
func act(notify int, n *notification) error {
	var o nsenter.Options
	var r request
	defer func() { closeAll(&o) }()
	err := prepare(n, &r, &o)
	var mntErr, rootErr error
	o.Mnt, mntErr = nsenter.OpenNamespace(n.pid, "mnt")
	o.Root, rootErr = nsenter.OpenRoot(n.pid)
	if err == nil && (mntErr != nil || rootErr != nil) {
		err = syscall.EIO
	}
	if err == nil {
		err = readIdentity(n.pid, &r)
	}
	if err == nil && r.Module == "mount" && r.caps>>capSysAdmin&1 == 0 {
		err = syscall.EPERM
	}
	if errno := ioctl(notify, notifIDValid, unsafe.Pointer(&n.id)); errno != 0 {
		err = syscall.ESRCH
	}
	if err != nil {
		return err
	}
	reply, err := nsenter.Run(o.Root, o.Cwd, o.Mnt, o.Net, o.PID, r)
	if err != nil {
		fmt.Fprintf(os.Stderr, "seccompagent: %s for %d: %v\n", r.Module, n.pid, err)
		return syscall.EIO
	}
	code, err := strconv.Atoi(string(reply))
	if err != nil {
		return syscall.EIO
	}
	if code != 0 {
		return syscall.Errno(code)
	}
	return nil
}

func ioctl(fd int, request uintptr, arg unsafe.Pointer) syscall.Errno {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(arg))
	return errno
}

// wait is for a question; false when nobody is left who could ask.
func wait(notify int) bool {
	for {
		p := struct {
			fd              int32
			events, revents int16
		}{int32(notify), 1, 0}
		n, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, 0, 0, 0, 0)
		switch {
		case errno == syscall.EINTR:
		case errno != 0 || n != 1 || p.revents&1 == 0:
			return false
		default:
			return true
		}
	}
}

func serve(notify int) error {
	for wait(notify) {
		var n notification
		var a answer
		if errno := ioctl(notify, notifRecv, unsafe.Pointer(&n)); errno == syscall.EINTR || errno == syscall.ENOENT {
			continue // it was killed meanwhile
		} else if errno != 0 {
			return errno
		}
		a.id = n.id
		switch {
		case n.arch != ourArch || !isOurs(n.nr):
			a.flags = flagContinue
		case n.pid == 0: // it is not in our pid namespace, nor below it
			a.error = -int32(syscall.EPERM)
		default:
			var errno syscall.Errno
			if err := act(notify, &n); errors.As(err, &errno) {
				a.error = -int32(errno)
			} else if err != nil {
				a.error = -int32(syscall.EIO)
			}
		}
		if errno := ioctl(notify, notifSend, unsafe.Pointer(&a)); errno != 0 && errno != syscall.ENOENT {
			return errno
		}
	}
	return nil
}

// receive is one connection, one message, one descriptor.
func receive(path string) (int, error) {
	syscall.Umask(0o077)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return -1, err
	}
	defer listener.Close() // and the socket is removed
	client, err := listener.AcceptUnix()
	if err != nil {
		return -1, err
	}
	defer client.Close()
	control := make([]byte, syscall.CmsgSpace(4))
	_, n, _, _, err := client.ReadMsgUnix(make([]byte, 32768), control)
	if err != nil {
		return -1, err
	}
	messages, err := syscall.ParseSocketControlMessage(control[:n])
	if err != nil || len(messages) != 1 {
		return -1, syscall.EPROTO
	}
	fds, err := syscall.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return -1, syscall.EPROTO
	}
	return fds[0], nil
}

func main() {
	nsenter.Init()
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: seccompagent SOCKET")
		os.Exit(125)
	}
	notify, err := receive(os.Args[1])
	if err == nil {
		err = serve(notify)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "seccompagent:", err)
		os.Exit(125)
	}
}
