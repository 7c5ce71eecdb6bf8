// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package nsexec

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// texts is what the engine has to know of a command, but for its descriptors.
func (c *Cmd) texts() []string {
	var texts []string
	for _, arg := range c.Args {
		texts = append(texts, "arg", arg)
	}
	if c.Env != nil {
		texts = append(texts, "env", "")
	}
	for _, variable := range c.Env {
		texts = append(texts, "env", variable)
	}
	for _, variable := range c.AddEnv {
		texts = append(texts, "add-env", variable)
	}
	if c.Dir != "" {
		texts = append(texts, "dir", c.Dir)
	}
	if c.User != nil {
		texts = append(texts, "uid", fmt.Sprint(c.User.UID), "gid", fmt.Sprint(c.User.GID))
	}
	return texts
}

// files are the descriptors of the program, in its order. What was opened for it is closed by closeAll.
func (c *Cmd) files() ([]*os.File, error) {
	stdin, err := c.input()
	if err != nil {
		return nil, err
	}
	stdout, err := c.output(c.Stdout)
	if err != nil {
		return nil, err
	}
	stderr := stdout
	if !sameWriter(c.Stdout, c.Stderr) {
		if stderr, err = c.output(c.Stderr); err != nil {
			return nil, err
		}
	}
	return append([]*os.File{stdin, stdout, stderr}, c.ExtraFiles...), nil
}

// Two writers that can not be compared are two.
func sameWriter(a, b io.Writer) (same bool) {
	defer func() {
		if recover() != nil {
			same = false
		}
	}()
	return a == b
}

func (c *Cmd) null(flag int) (*os.File, error) {
	file, err := os.OpenFile(os.DevNull, flag, 0)
	if err == nil {
		c.closers = append(c.closers, file)
	}
	return file, err
}

func (c *Cmd) input() (*os.File, error) {
	if c.Stdin == nil {
		return c.null(os.O_RDONLY)
	}
	if file, ok := c.Stdin.(*os.File); ok {
		return file, nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, read)
	c.copies = append(c.copies, func() error {
		defer write.Close()
		_, err := io.Copy(write, c.Stdin)
		if errors.Is(err, syscall.EPIPE) { // the program did not want all of it
			return nil
		}
		return err
	})
	c.undo = append(c.undo, write)
	return read, nil
}

func (c *Cmd) output(w io.Writer) (*os.File, error) {
	if w == nil {
		return c.null(os.O_WRONLY)
	}
	if file, ok := w.(*os.File); ok {
		return file, nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, write)
	c.copies = append(c.copies, func() error {
		defer read.Close()
		_, err := io.Copy(w, read)
		return err
	})
	c.undo = append(c.undo, read)
	return write, nil
}

func (c *Cmd) closeAll() {
	for _, file := range append(c.closers, c.undo...) {
		file.Close()
	}
	c.closers, c.undo, c.copies = nil, nil, nil
}

// run begins what goes on beside the program: copying, and the end of the context.
func (c *Cmd) run() {
	for _, file := range c.closers { // the program's ends
		file.Close()
	}
	c.closers, c.undo = nil, nil
	for _, copy := range c.copies {
		copy := copy
		c.copying.Add(1)
		go func() {
			defer c.copying.Done()
			if err := copy(); err != nil {
				c.copyLock.Lock()
				defer c.copyLock.Unlock()
				if c.copyErr == nil {
					c.copyErr = err
				}
			}
		}()
	}
	c.done = make(chan struct{})
	if c.ctx != nil && c.ctx.Done() != nil {
		go func() {
			select {
			case <-c.ctx.Done():
				_ = c.Signal(syscall.SIGKILL)
			case <-c.done:
			}
		}()
	}
}

// Signal sends a signal to the program, by its pidfd: never to another process that got its number. ESRCH when it has ended.
func (c *Cmd) Signal(signal syscall.Signal) error {
	if c.pidfd == nil {
		return errors.New("nsexec: the command has not been started")
	}
	connection, err := c.pidfd.SyscallConn()
	if err != nil {
		return err
	}
	var errno syscall.Errno
	err = connection.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall6(sysPidfdSendSignal, fd, uintptr(signal), 0, 0, 0, 0)
	})
	if err != nil {
		return err
	}
	if errno != 0 {
		return &Error{Operation: "pidfd_send_signal", Object: fmt.Sprintf("process %d", c.PID), Errno: errno}
	}
	return nil
}

// PIDFD is the identity of the program; the Cmd keeps the descriptor until Wait has returned.
func (c *Cmd) PIDFD() *os.File { return c.pidfd }

// Wait waits for the end of the program, and for its output. It returns nil for exit status 0, an *ExitError for every other
// end, the context's error if that killed it, and otherwise the first error of copying.
func (c *Cmd) Wait() error {
	if c.handle == nil {
		return errors.New("nsexec: the command has not been started")
	}
	if c.waited {
		return errors.New("nsexec: Wait was called before")
	}
	c.waited = true
	code, signal, err := c.handle.wait()
	close(c.done)
	c.copying.Wait()
	c.handle.free()
	c.pidfd.Close()
	switch {
	case err != nil:
		return err
	case signal != 0 && c.ctx != nil && c.ctx.Err() != nil:
		return c.ctx.Err()
	case code != 0 || signal != 0:
		return &ExitError{Code: code, Signal: signal}
	}
	return c.copyErr
}
