// SPDX-License-Identifier: Apache-2.0

// Package nsexec starts programs inside Linux namespaces from Go: in a running container (Enter), or in a new one (Launch).
//
// A Go program is threaded before main, and can not join most namespaces itself. This package does not try to: a small
// helper program, executed from a sealed memory file, joins or makes the namespaces and becomes the program. No Go code runs
// in a child, nothing is executed again, and a large heap costs nothing. All functions are safe for any goroutine, and
// leave no thread, process or descriptor behind.
//
// What a process takes over from a container is what `nsexec enter` takes over: root, working directory, ids, groups,
// capability sets, no_new_privs, security label, seccomp filter, oom_score_adj, umask, environment, and its cgroup.
//
// Needs Linux 5.10 or newer on amd64 or arm64, and cgo; elsewhere every call returns ErrUnsupported.
package nsexec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
)

// ErrUnsupported is returned where the package does not work: another operating system or machine, or no cgo.
var ErrUnsupported = errors.New("nsexec: not supported on this platform, or built without cgo")

// Error is a failure of the engine: at which step, what it did, and to what. It unwraps to the errno.
type Error struct {
	Step      string        // of the engine, as `nsexec enter --explain` shows them; "" outside of it
	Operation string        // a system call or a short verb
	Object    string        // what the user can recognise: a path, an option, a value
	Hint      string        // one sentence that says what to do, if there is one
	Errno     syscall.Errno // what the kernel, or the check, said
}

func (e *Error) Error() string {
	text := "nsexec: "
	if e.Step != "" {
		text += e.Step + ": "
	}
	text += e.Operation
	if e.Object != "" {
		text += " of " + e.Object
	}
	text += ": " + e.Errno.Error()
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// Unwrap returns the errno, for errors.Is(err, syscall.EPERM).
func (e *Error) Unwrap() error { return e.Errno }

// ExitError is returned by Cmd.Wait for a program that did not end with status 0.
type ExitError struct {
	Code   int            // the exit status; -1 if a signal ended it
	Signal syscall.Signal // that signal, or 0
}

func (e *ExitError) Error() string {
	if e.Signal != 0 {
		return fmt.Sprintf("nsexec: ended by signal %d (%v)", int(e.Signal), e.Signal)
	}
	return fmt.Sprintf("nsexec: exit status %d", e.Code)
}

// Target is a process in the container that is entered. The zero value names nobody.
type Target struct {
	PID       int      // its number in the caller's pid namespace
	StartTime uint64   // field 22 of /proc/PID/stat: a number that was given to another process meanwhile is refused; 0: any
	PIDFD     *os.File // a pidfd, instead of the number; it is only borrowed
}

// Process names a target by its number.
func Process(pid int) Target { return Target{PID: pid} }

// User is who the program is, in ids of the container.
type User struct {
	UID, GID uint32
}

// Without is what is not taken over from a target.
type Without uint

const (
	WithoutCgroup  Without = 1 << iota // stay in the caller's cgroup
	WithoutSeccomp                     // no seccomp filter
	WithoutLSM                         // no security label
)

// Cmd is a program to start, much like an exec.Cmd. It is used once: for Enter or Launch, and then Wait.
type Cmd struct {
	Args []string // the program, a path in the container or a name to look up in its PATH, and its arguments

	// Env is the environment. nil: that of the target (Enter), or PATH, HOME and HOSTNAME (Launch).
	Env    []string
	AddEnv []string // added to, or replacing parts of, whatever the environment is

	Dir  string // the working directory, in the container. "": the target's, or /
	User *User  // nil: the target's, or root

	// As in exec.Cmd: nil is /dev/null, an *os.File is passed on as it is, everything else is copied by a goroutine.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	ExtraFiles     []*os.File // entry i is descriptor 3+i of the program; all others are closed

	Without Without // for Enter

	PID int // of the program, once it has been started

	ctx      context.Context
	pidfd    *os.File
	handle   *handle
	closers  []io.Closer    // the program's ends of pipes
	undo     []io.Closer    // ours, until it has been started
	copies   []func() error // what goes through them
	copying  sync.WaitGroup
	copyErr  error
	copyLock sync.Mutex
	done     chan struct{}
	started  bool
	waited   bool
}

// Command names a program and its arguments.
func Command(name string, args ...string) *Cmd {
	return &Cmd{Args: append([]string{name}, args...)}
}

// CommandContext is like Command; when the context ends before the program does, the program is killed, by its pidfd.
func CommandContext(ctx context.Context, name string, args ...string) *Cmd {
	cmd := Command(name, args...)
	cmd.ctx = ctx
	return cmd
}

// IDMap is one line of the map of a user namespace.
type IDMap struct {
	Inside, Outside, Count uint32
}

// Bind shows a directory or file of the host in a container.
type Bind struct {
	Source, Target string
	ReadOnly       bool
}

// Container is what Launch makes: with the confinement that container engines use by default. The zero value is a container
// on the system directories of the host, through throw-away overlays, with no network but lo.
type Container struct {
	Root        string // a directory; "": the embedded default root
	ReadOnly    bool
	Hostname    string // "": "nsexec"
	HostNetwork bool
	Binds       []Bind
	UIDs, GIDs  []IDMap // a user namespace with these maps; an unprivileged caller gets one anyhow
}

// Enter starts the program in the container of a process. It returns when the program has been executed, or failed to be;
// then nothing is left of it. Wait has to be called afterwards.
//
// Capabilities: for a container of another user CAP_SYS_ADMIN, CAP_SYS_PTRACE and what the container's confinement needs;
// for a container in a user namespace of the caller's own none. Errors are *Error, or those of the context and of pipes.
func Enter(target Target, cmd *Cmd) error {
	texts, err := target.texts()
	if err != nil {
		return err
	}
	for _, part := range []struct {
		bit  Without
		name string
	}{{WithoutCgroup, "cgroup"}, {WithoutSeccomp, "seccomp"}, {WithoutLSM, "lsm"}} {
		if cmd.Without&part.bit != 0 {
			texts = append(texts, "without", part.name)
		}
	}
	return cmd.start(texts)
}

// Launch starts the program as process 1 of a new container. It returns when the program has been executed, or failed to
// be; then nothing is left of it. Wait has to be called afterwards.
//
// Capabilities: CAP_SYS_ADMIN, or the right to make user namespaces. Errors as of Enter.
func Launch(container Container, cmd *Cmd) error {
	return cmd.start(container.texts(cmd))
}

func (t Target) texts() ([]string, error) {
	switch {
	case t.PIDFD != nil && t.PID == 0:
		return []string{"pidfd", fmt.Sprint(t.PIDFD.Fd())}, nil
	case t.PIDFD == nil && t.PID > 0:
		return []string{"pid", fmt.Sprint(t.PID), "start", fmt.Sprint(t.StartTime)}, nil
	}
	return nil, &Error{Operation: "check", Object: "Target: either a PID above 0 or a PIDFD is needed", Errno: syscall.EINVAL}
}

func (c Container) texts(cmd *Cmd) []string {
	hostname := c.Hostname
	if hostname == "" {
		hostname = "nsexec"
	}
	texts := []string{"launch", "", "root", c.Root, "mounts", "", "hostname", hostname}
	if c.ReadOnly {
		texts = append(texts, "read-only", "")
	}
	if c.HostNetwork {
		texts = append(texts, "share", "net")
	}
	for _, m := range c.UIDs {
		texts = append(texts, "uid-map", fmt.Sprintf("%d:%d:%d", m.Inside, m.Outside, m.Count))
	}
	for _, m := range c.GIDs {
		texts = append(texts, "gid-map", fmt.Sprintf("%d:%d:%d", m.Inside, m.Outside, m.Count))
	}
	for _, b := range c.Binds {
		flags := "rw"
		if b.ReadOnly {
			flags = "ro"
		}
		texts = append(texts, "bind-flags", flags, "bind-source", b.Source, "bind-target", b.Target)
	}
	if cmd.Env == nil {
		texts = append(texts, "env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"env", "HOME=/root", "env", "HOSTNAME="+hostname)
	}
	if cmd.User == nil {
		texts = append(texts, "uid", "0", "gid", "0")
	}
	return texts
}
