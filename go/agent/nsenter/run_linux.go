// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package nsenter

/*
#define NSX_GO_PREFIX nsexec_go_agent_
#include "../../internal/csrc/names.h"
#include "../../internal/csrc/agent_start.h"
*/
import "C"

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Credentials are the ids of a module, in those of the user namespace that it joins; there are no supplementary groups.
type Credentials struct {
	UID, GID uint32
}

// Options say where a module runs. What is nil is not joined; all files are only borrowed.
type Options struct {
	Root, Cwd                             *os.File    // as of OpenRoot and OpenCwd
	Mnt, Net, PID, User, IPC, UTS, Cgroup *os.File    // as of OpenNamespace
	Params                                interface{} // marshalled to JSON; its "module" names the module
	Credentials                           *Credentials

	// InProcess runs the module in this process, on a thread that is thrown away: a hundred times faster, but it shares
	// memory and descriptors with the agent, and can not be killed. Refused together with a context that can end, a pid or
	// user namespace, and credentials.
	InProcess bool
}

// Run runs the module that i names ("module" in its JSON) in other namespaces, in a new process, and returns its reply. What
// is nil is not joined.
func Run(root, cwd, mntns, netns, pidns *os.File, i interface{}) ([]byte, error) {
	return RunContext(context.Background(), Options{Root: root, Cwd: cwd, Mnt: mntns, Net: netns, PID: pidns, Params: i})
}

// RunContext is Run with more to choose from. When the context ends first, the module is killed, and the context's error
// returned; everything it has started in a pid namespace of its own stays.
func RunContext(ctx context.Context, o Options) ([]byte, error) {
	param, err := json.Marshal(o.Params)
	if err != nil {
		return nil, fmt.Errorf("nsenter: parameter: %w", err)
	}
	f, err := find(param)
	if err != nil {
		return nil, err // before anything is started
	}
	if o.InProcess {
		if ctx.Done() != nil || o.PID != nil || o.User != nil || o.Credentials != nil {
			return nil, errors.New("nsenter: InProcess goes with neither a context that can end, a pid or user namespace, nor credentials")
		}
		return runInProcess(o, f, param)
	}
	return runChild(ctx, o, param)
}

// passed are the descriptors of a child: number 3 and up, and the variables that name them.
type passed struct {
	files []*os.File
	env   []string
}

func (p *passed) add(name string, file *os.File) {
	if file == nil {
		return
	}
	p.env = append(p.env, name+"="+strconv.Itoa(3+len(p.files)))
	p.files = append(p.files, file)
}

// start executes the program in a new process with them. It costs less than os/exec does, and is not in the way of the agent's
// other goroutines for as long.
func (p *passed) start(ctx context.Context, program *program, output *os.File) (*os.Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	words := []byte(strings.Join(append([]string{os.Args[0], initArg}, p.env...), "\x00") + "\x00")
	fds := []C.int{C.int(program.fd), C.int(output.Fd())}
	for _, file := range p.files {
		fds = append(fds, C.int(file.Fd()))
	}
	syscall.ForkLock.Lock() // nobody makes a descriptor without FD_CLOEXEC meanwhile
	var detail C.struct_nsexec_err
	pid := C.nsexec_agent_start((*C.char)(unsafe.Pointer(&words[0])), 2, C.size_t(len(p.env)), &fds[0], C.size_t(len(fds)), &detail)
	syscall.ForkLock.Unlock()
	runtime.KeepAlive(p)
	if pid < 0 {
		return nil, fmt.Errorf("nsenter: start of a child: %s of %s: %w", C.GoString(&detail.operation[0]), C.GoString(&detail.object[0]), syscall.Errno(-pid))
	}
	return os.FindProcess(int(pid))
}

// grace is the time that a process has to end in its own way; changed only by tests.
var graceNS = int64(time.Second)

func grace() time.Duration { return time.Duration(atomic.LoadInt64(&graceNS)) }

// child is the process of a module; below a pid namespace there are two, and the other one is a child of this one.
type child struct {
	*os.Process
	two bool
}

// end kills it. The first of two gets the time to kill and reap the other one.
func (c child) end() {
	if c.two {
		time.AfterFunc(grace(), func() { _ = c.Kill() })
		_ = c.Signal(syscall.SIGTERM)
		return
	}
	_ = c.Kill()
}

// endWhenDone is there until it is called off.
func endWhenDone(ctx context.Context, process child, reply *os.File) (off func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
			process.end()
			_ = reply.SetReadDeadline(time.Now()) // what the module has started may keep the other end open
		case <-ended:
		}
	}()
	return func() { close(ended) }
}

func runChild(ctx context.Context, o Options, param []byte) ([]byte, error) {
	command, err := sealed("nsenter-command", bytes.NewReader(param), 0)
	if err != nil {
		return nil, err
	}
	defer command.Close()
	program, err := openProgram()
	if err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		program.Close()
		return nil, err
	}
	defer read.Close()

	p := passed{env: []string{envInit + "=1", oneProcessor}}
	p.add("_LIBNSENTER_ROOTFD", o.Root)
	p.add("_LIBNSENTER_CWDFD", o.Cwd)
	p.add("_LIBNSENTER_MNTNSFD", o.Mnt)
	p.add("_LIBNSENTER_NETNSFD", o.Net)
	p.add("_LIBNSENTER_PIDNSFD", o.PID)
	p.add("_LIBNSENTER_USERNSFD", o.User)
	p.add("_LIBNSENTER_IPCNSFD", o.IPC)
	p.add("_LIBNSENTER_UTSNSFD", o.UTS)
	p.add("_LIBNSENTER_CGROUPNSFD", o.Cgroup)
	p.add(envCommandFD, command)
	p.add(envReplyFD, write)
	if o.Credentials != nil {
		p.env = append(p.env, fmt.Sprintf("_LIBNSENTER_UID=%d", o.Credentials.UID), fmt.Sprintf("_LIBNSENTER_GID=%d", o.Credentials.GID))
	}
	printed, err := listen()
	if err != nil {
		program.Close()
		write.Close()
		return nil, err
	}
	started, err := p.start(ctx, program, printed.write)
	process := child{started, o.PID != nil}
	printed.write.Close()
	program.Close() // as long as it is open, somebody with CAP_SYS_ADMIN in the container could make it writable
	write.Close()
	if err != nil {
		printed.stop()
		return nil, err
	}
	defer endWhenDone(ctx, process, read)()
	kind, reply, readErr := readReply(read)
	if readErr == nil && ctx.Err() == nil {
		// Nothing that the process still does counts. It would end by itself, but for a container that holds it; and taking a Go
		// program down costs the kernel as much as joining: nobody waits for that.
		go func() {
			process.end()
			_, _ = process.Wait()
			printed.stop()
		}()
		if kind == replyError {
			return nil, errors.New(string(bytes.TrimRight(reply, "\n")))
		}
		return reply, nil
	}
	patience := grace() // for its exit status: it has closed its reply, and nothing more can come
	if ctx.Err() != nil {
		patience = 0
	}
	defer time.AfterFunc(patience, process.end).Stop()
	state, err := process.Wait()
	said := printed.stop()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("nsenter: wait for the module: %w", err)
	case !state.Success():
		readErr = &exec.ExitError{ProcessState: state}
	}
	return nil, fmt.Errorf("nsenter: the module ended without a reply: %w: %s", readErr, said)
}

// readReply reads what answer has written: all of it, or there is an error.
func readReply(from io.Reader) (kind byte, text []byte, err error) {
	var head [9]byte
	var buffer bytes.Buffer
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return 0, nil, err
	}
	kind = head[0]
	length := binary.LittleEndian.Uint64(head[1:])
	if kind != replyOK && kind != replyError || length > math.MaxInt64 {
		return 0, nil, fmt.Errorf("reply of kind %q, length %d", kind, length)
	}
	// its length is only a claim: memory is taken for what comes
	if _, err := io.CopyN(&buffer, from, int64(length)); err != nil {
		return 0, nil, err
	}
	return kind, buffer.Bytes(), nil
}

// listener keeps the beginning of what a module prints, for the error. The module, or what it has started, may hold the
// other end for ever: nobody waits for that to be closed.
type listener struct {
	read, write *os.File
	said        bytes.Buffer
	done        chan struct{}
}

func listen() (*listener, error) {
	l := &listener{done: make(chan struct{})}
	var err error
	if l.read, l.write, err = os.Pipe(); err != nil {
		return nil, err
	}
	go func() {
		defer close(l.done)
		_, _ = io.CopyN(&l.said, l.read, 4096)
		_, _ = io.Copy(io.Discard, l.read)
	}()
	return l, nil
}

// stop returns what was printed until now; what is in the pipe is read in a moment.
func (l *listener) stop() []byte {
	_ = l.read.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	<-l.done
	l.read.Close()
	return l.said.Bytes()
}

func errnoError(operation string, errno syscall.Errno) error {
	return fmt.Errorf("nsenter: %s: %w", operation, errno)
}
