// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package nsenter

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

type params struct {
	Module string `json:"module"`
	Path   string `json:"path,omitempty"`
	Data   string `json:"data,omitempty"`
}

// Modules answer with text, as those of the original do.
var _ = RegisterModule("mkdir", func(b []byte) string {
	var p params
	_ = json.Unmarshal(b, &p)
	if err := os.Mkdir(p.Path, 0o755); err != nil {
		return fmt.Sprint(int(err.(*os.PathError).Err.(syscall.Errno)))
	}
	return "0"
})

var _ = RegisterModule("look", func(b []byte) string {
	out := ""
	for _, kind := range []string{"mnt", "net", "pid", "user", "ipc", "uts", "cgroup"} {
		l, _ := os.Readlink("/proc/thread-self/ns/" + kind)
		out += l + "\n"
	}
	cwd, _ := os.Getwd()
	return out + fmt.Sprintf("pid %d uid %d gid %d cwd %s\n", os.Getpid(), syscall.Getuid(), syscall.Getgid(), cwd)
})

var _ = RegisterModule("noise", func(b []byte) string {
	fmt.Print("on stdout\x00")
	fmt.Fprint(os.Stderr, "on stderr\x00")
	return "a\x00b"
})

var _ = RegisterModule("length", func(b []byte) string {
	var p params
	_ = json.Unmarshal(b, &p)
	return fmt.Sprint(len(p.Data))
})

var _ = RegisterModule("panic", func(b []byte) string { panic("of the module") })
var _ = RegisterModule("exit", func(b []byte) string { os.Exit(3); return "" })
var _ = RegisterModule("goexit", func(b []byte) string { runtime.Goexit(); return "" })
var _ = RegisterModule("sleep", func(b []byte) string { time.Sleep(time.Hour); return "" })

// What a hostile container could make of a module: the beginning of a reply, or none, and an ordinary end.
var _ = RegisterModule("cut", func(b []byte) string {
	var p struct{ Reply []byte }
	_ = json.Unmarshal(b, &p)
	fd, _ := strconv.Atoi(os.Getenv(envReplyFD))
	_, _ = syscall.Write(fd, p.Reply)
	os.Exit(0)
	return ""
})

// A whole reply from somebody who does not end then, and whose child keeps what the agent listens to.
var _ = RegisterModule("stay", func(b []byte) string {
	fd, _ := strconv.Atoi(os.Getenv(envReplyFD))
	cmd := exec.Command("/bin/sleep", "1000")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	_ = cmd.Start()
	_, _ = fmt.Fprintf(os.NewFile(uintptr(fd), "reply"), "R\x08\x00\x00\x00\x00\x00\x00\x00%08d", cmd.Process.Pid)
	for {
		time.Sleep(time.Hour)
	}
})

// No reply, and no end.
var _ = RegisterModule("leave", func(b []byte) string {
	fd, _ := strconv.Atoi(os.Getenv(envReplyFD))
	_ = syscall.Close(fd)
	for {
		time.Sleep(time.Hour)
	}
})
var _ = RegisterModule("echo", func(b []byte) string { return "echo" })

var _ = RegisterModule("descriptors", func(b []byte) string {
	entries, _ := os.ReadDir("/proc/self/fd")
	out := []string{}
	for _, e := range entries {
		l, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil && !strings.HasPrefix(l, "/proc/") {
			out = append(out, l)
		}
	}
	env := os.Environ()
	return strings.Join(out, "\n") + "\nENV " + strings.Join(env, " ")
})

// What a program has that the module executes.
var _ = RegisterModule("execute", func(b []byte) string {
	out, err := exec.Command("/bin/ls", "-l", "/proc/self/fd").CombinedOutput()
	return fmt.Sprint(string(out), err)
})

var _ = RegisterModule("limit", func(b []byte) string {
	out, err := exec.Command("/bin/sh", "-c", "ulimit -Sn").Output()
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(out))
})

var _ = RegisterModule("signals", func(b []byte) string {
	return statusOf("SigBlk") + " " + statusOf("SigIgn")
})

func statusOf(name string) string {
	text, _ := os.ReadFile("/proc/self/status")
	return string(regexp.MustCompile(`(?m)^` + name + `:\s.*`).Find(text))
}

var _ = RegisterModule("groups", func(b []byte) string {
	groups, err := syscall.Getgroups()
	return fmt.Sprint(groups, err)
})

func TestMain(m *testing.M) {
	Init()
	os.Exit(m.Run())
}

func needRoot(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("not root")
	}
}

// box is a process in namespaces of its own, with another root.
type box struct {
	pid  uint32
	root string
}

func newBox(t testing.TB) *box {
	t.Helper()
	needRoot(t)
	root := t.TempDir()
	for _, dir := range []string{"proc", "work"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script := `mount --make-rprivate / && mount -o bind "$0" "$0" && mount -t proc proc "$0/proc" && mount -t tmpfs none "$0/work" && echo ready && exec sleep 1000 2>/dev/null`
	cmd := exec.Command("sh", "-c", script, root)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	ready := make([]byte, 6)
	if _, err := out.Read(ready); err != nil {
		t.Fatal(err)
	}
	return &box{root: root, pid: uint32(cmd.Process.Pid)}
}

func (b *box) ns(t testing.TB, kind string) *os.File {
	t.Helper()
	f, err := OpenNamespace(b.pid, kind)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func (b *box) link(kind string) string {
	l, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", b.pid, kind))
	return l
}

// dir opens a directory as the box sees it.
func (b *box) dir(t testing.TB, path string) *os.File {
	t.Helper()
	fd, err := syscall.Open(fmt.Sprintf("/proc/%d/root%s%s", b.pid, b.root, path), oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), path)
	t.Cleanup(func() { f.Close() })
	return f
}
