// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package nsenter

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	attrFlags    = 27281
	attrUIDMap   = 27283
	attrGIDMap   = 27284
	messageType  = 62000
	initPipe     = "_LIBCONTAINER_INITPIPE"
	childArgs    = "nsenter-child"
	childExits   = 7
	replyTimeout = 10 * time.Second
)

// TestMain is also what stage 2 comes out in: a whole Go program in its new namespaces.
func TestMain(m *testing.M) {
	if os.Getenv(initPipe) != "" {
		child()
	}
	os.Exit(m.Run())
}

// child uses what a Go runtime needs after a raw clone: threads, the scheduler, fork and exec.
func child() {
	var wait sync.WaitGroup
	for i := 0; i < 50; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			_ = make([]byte, 1<<16)
			time.Sleep(time.Millisecond)
		}()
	}
	wait.Wait()
	out, err := exec.Command("/bin/true").CombinedOutput()
	pipe := os.NewFile(3, "init")
	config := make([]byte, 64)
	n, _ := pipe.Read(config)
	uts, _ := os.Readlink("/proc/self/ns/uts")
	user, _ := os.Readlink("/proc/self/ns/user")
	fmt.Printf("pid %d config %s exec %v %s uts %s user %s\n", os.Getpid(), config[:n], err, out, uts, user)
	os.Exit(childExits)
}

func attribute(number uint16, value []byte) []byte {
	b := make([]byte, 4, 4+len(value)+3)
	binary.LittleEndian.PutUint16(b, uint16(4+len(value)))
	binary.LittleEndian.PutUint16(b[2:], number)
	b = append(b, value...)
	return append(b, make([]byte, (4-len(value)%4)%4)...)
}

func message(attributes ...[]byte) []byte {
	body := bytes.Join(attributes, nil)
	b := make([]byte, 16, 16+len(body))
	binary.LittleEndian.PutUint32(b, uint32(16+len(body)))
	binary.LittleEndian.PutUint16(b[4:], messageType)
	return append(b, body...)
}

func flags(value uint32) []byte {
	b := make([]byte, 4)
	binary.LittleEndian.PutUint32(b, value)
	return attribute(attrFlags, b)
}

type started struct {
	cmd    *exec.Cmd
	pipe   *os.File
	stdout *os.File
}

func start(t *testing.T) *started {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := &exec.Cmd{
		Path:       os.Args[0],
		Args:       []string{childArgs},
		Env:        []string{initPipe + "=3"},
		ExtraFiles: []*os.File{theirs},
		Stdout:     write,
		Stderr:     os.Stderr,
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	write.Close()
	t.Cleanup(func() { ours.Close(); read.Close() })
	_ = ours.SetDeadline(time.Now().Add(replyTimeout))
	return &started{cmd, ours, read}
}

func (s *started) reap(t *testing.T, pid int) int {
	t.Helper()
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
		t.Fatalf("process %d is not our child: %v", pid, err)
	}
	return status.ExitStatus()
}

// complete plays a runtime: message, pids, reaping, config. It returns what stage 2 prints.
func complete(t *testing.T, msg []byte) string {
	t.Helper()
	s := start(t)
	if Era == "1.0" || Era == "1.1" {
		hello := make([]byte, 1)
		if n, err := s.pipe.Read(hello); n != 1 || err != nil || hello[0] != 0 {
			t.Fatalf("hello: %d bytes %v, %v", n, hello, err)
		}
	}
	if _, err := io.Copy(s.pipe, bytes.NewReader(msg)); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Fatalf("stage 0: %v", err)
	}
	decoder := json.NewDecoder(s.pipe)
	decoder.DisallowUnknownFields()
	var first, second int
	if Era == "2019" {
		var pids struct {
			Pid   int `json:"pid"`
			First int `json:"pid_first"`
		}
		if err := decoder.Decode(&pids); err != nil {
			t.Fatal(err)
		}
		first, second = pids.First, pids.Pid
	} else {
		var pids struct {
			Stage2 int `json:"stage2_pid"`
			Stage1 int `json:"stage1_pid"`
		}
		if err := decoder.Decode(&pids); err != nil {
			t.Fatal(err)
		}
		first, second = pids.Stage1, pids.Stage2
	}
	if first == 0 || second == 0 || first == second {
		t.Fatalf("pids %d and %d", first, second)
	}
	if status := s.reap(t, first); status != 0 {
		t.Fatalf("stage 1 ended with %d", status)
	}
	if _, err := s.pipe.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(s.stdout)
	if err != nil {
		t.Fatal(err)
	}
	if status := s.reap(t, second); status != childExits {
		t.Fatalf("the program ended with %d: %s", status, out)
	}
	return string(out)
}

// TestNsenterBasic is docker_internal's test, step by step; it is of the era 1.1, the others differ in the first byte.
func TestNsenterBasic(t *testing.T) {
	if Era == "2015" {
		t.Skip("2015 has no message")
	}
	if os.Getuid() != 0 {
		t.Skip("not root")
	}
	own, _ := os.Readlink("/proc/self/ns/user")
	out := complete(t, message(flags(syscall.CLONE_NEWUSER)))
	if !strings.Contains(out, "config hello") || strings.Contains(out, own) {
		t.Fatal(out)
	}
}

func TestGoRunsInNewNamespaces(t *testing.T) {
	if Era == "2015" {
		t.Skip("2015 has no message")
	}
	if os.Getuid() != 0 {
		t.Skip("not root")
	}
	own, _ := os.Readlink("/proc/self/ns/uts")
	out := complete(t, message(flags(syscall.CLONE_NEWUTS|syscall.CLONE_NEWPID|syscall.CLONE_NEWUSER),
		attribute(attrUIDMap, []byte("0 0 1000\n\x00")), attribute(attrGIDMap, []byte("0 0 1000\n\x00"))))
	if !strings.Contains(out, "pid 1 config hello exec <nil>") || strings.Contains(out, own) {
		t.Fatal(out)
	}
}

func TestABadMessageEndsTheProgram(t *testing.T) {
	if Era == "2015" {
		t.Skip("2015 has no message")
	}
	s := start(t)
	s.cmd.Stderr = nil
	if _, err := s.pipe.Write(message(attribute(30000, []byte{0, 0, 0, 0}))); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	err := s.cmd.Wait()
	if e, ok := err.(*exec.ExitError); ok {
		exit = e
	}
	if exit == nil || exit.ExitCode() != 1 {
		t.Fatalf("ended with %v", err)
	}
}
