// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package nsenter

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRunActsInTheContainer(t *testing.T) {
	b := newBox(t)
	root, cwd, mnt := b.dir(t, "/"), b.dir(t, "/work"), b.ns(t, "mnt")
	for _, want := range []string{"0", "17"} { // made; EEXIST
		reply, err := Run(root, cwd, mnt, nil, nil, params{Module: "mkdir", Path: "made"})
		if err != nil || string(reply) != want {
			t.Fatalf("reply %q, %v", reply, err)
		}
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d/root%s/work/made", b.pid, b.root)); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(b.root, "work/made")); err == nil {
		t.Error("it is on the host")
	}
}

func TestRunJoinsWhatItIsGiven(t *testing.T) {
	b := newBox(t)
	reply, err := Run(b.dir(t, "/"), b.dir(t, "/work"), b.ns(t, "mnt"), b.ns(t, "net"), b.ns(t, "pid"), params{Module: "look"})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(reply), "\n")
	for i, kind := range []string{"mnt", "net", "pid"} {
		if lines[i] != b.link(kind) {
			t.Errorf("%s: %s, the box has %s", kind, lines[i], b.link(kind))
		}
	}
	own, _ := os.Readlink("/proc/self/ns/uts")
	if lines[5] != own || !strings.Contains(string(reply), "cwd /work") {
		t.Errorf("reply %s", reply)
	}
}

func TestRunContextJoinsMoreAndChangesIds(t *testing.T) {
	b := newBox(t)
	reply, err := RunContext(context.Background(), Options{Mnt: b.ns(t, "mnt"), IPC: b.ns(t, "ipc"), UTS: b.ns(t, "uts"),
		Params: params{Module: "look"}, Credentials: &Credentials{UID: 123, GID: 456}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(reply), b.link("ipc")) || !strings.Contains(string(reply), b.link("uts")) ||
		!strings.Contains(string(reply), "uid 123 gid 456") {
		t.Errorf("reply %s", reply)
	}
}

func TestAReplyIsWhatTheModuleReturns(t *testing.T) {
	reply, err := Run(nil, nil, nil, nil, nil, params{Module: "noise"})
	if err != nil || string(reply) != "a\x00b" {
		t.Fatalf("reply %q, %v", reply, err)
	}
	reply, err = Run(nil, nil, nil, nil, nil, params{Module: "length", Data: strings.Repeat("x", 1<<20)})
	if err != nil || string(reply) != fmt.Sprint(1<<20) {
		t.Fatalf("a parameter of 1 MiB: %q, %v", reply, err)
	}
}

func TestAFailingModuleIsAnError(t *testing.T) {
	for module, part := range map[string]string{"panic": "panicked: of the module", "exit": "without a reply", "": "not registered", "nobody": "not registered"} {
		reply, err := Run(nil, nil, nil, nil, nil, params{Module: module})
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("module %q: reply %q, %v", module, reply, err)
		}
	}
	if _, err := Run(nil, nil, nil, nil, nil, func() {}); err == nil {
		t.Error("a parameter that has no JSON")
	}
}

func TestAReplyThatIsNotWholeIsAnError(t *testing.T) {
	for _, reply := range []string{"", "R", "R\x05\x00\x00\x00", "R\x05\x00\x00\x00\x00\x00\x00\x00half", "E\x05\x00\x00\x00\x00\x00\x00\x00half",
		"R\xff\xff\xff\xff\xff\xff\xff\xff", "R\xff\xff\xff\xff\xff\xff\xff\x7f", "X\x01\x00\x00\x00\x00\x00\x00\x00x"} {
		got, err := Run(nil, nil, nil, nil, nil, map[string]interface{}{"module": "cut", "Reply": []byte(reply)})
		if err == nil || !strings.Contains(err.Error(), "without a reply") {
			t.Errorf("of %q: reply %q, %v", reply, got, err)
		}
	}
}

func TestWhatCanNotBeJoinedIsAnError(t *testing.T) {
	b := newBox(t)
	file, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, o := range map[string]Options{
		"root: fchdir":                     {Root: file},
		"workdir: check-cwd":               {Root: b.dir(t, "/work"), Cwd: b.dir(t, "/"), Mnt: b.ns(t, "mnt")}, // outside of the root
		"namespaces: check-ns-kind of mnt": {Mnt: b.ns(t, "net")},
	} {
		o.Params = params{Module: "echo"}
		if reply, err := RunContext(context.Background(), o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: reply %q, %v", name, reply, err)
		}
	}
}

func TestOneThatGivesNoReplyAndStaysIsKilled(t *testing.T) {
	b := newBox(t)
	for _, pid := range []*os.File{nil, b.ns(t, "pid")} {
		reply, err := Run(nil, nil, nil, nil, pid, params{Module: "leave"})
		if err == nil || !strings.Contains(err.Error(), "without a reply: signal: killed") {
			t.Errorf("reply %q, %v", reply, err)
		}
	}
}

func TestTheContextKillsTheModule(t *testing.T) {
	b := newBox(t)
	for _, pid := range []*os.File{nil, b.ns(t, "pid")} {
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		begun := time.Now()
		_, err := RunContext(ctx, Options{PID: pid, Params: params{Module: "sleep"}})
		cancel()
		if err != context.DeadlineExceeded || time.Since(begun) > 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	}
}

func TestNoGroupsOfTheAgentStay(t *testing.T) {
	needRoot(t)
	before, err := syscall.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setgroups([]int{4, 6}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Setgroups(before) }()
	// this user namespace forbids setgroups(2)
	cmd := exec.Command("unshare", "--user", "--map-root-user", "sh", "-c", "echo ready; exec sleep 1000")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if _, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	user, err := OpenNamespace(uint32(cmd.Process.Pid), "user")
	if err != nil {
		t.Fatal(err)
	}
	defer user.Close()
	reply, err := RunContext(context.Background(), Options{User: user, Credentials: &Credentials{}, Params: params{Module: "groups"}})
	if err != nil || string(reply) != "[] <nil>" {
		t.Errorf("%s %v", reply, err)
	}
}

func TestInProcess(t *testing.T) {
	b := newBox(t)
	own, _ := os.Readlink("/proc/self/ns/mnt")
	reply, err := RunContext(context.Background(), Options{Root: b.dir(t, "/"), Cwd: b.dir(t, "/work"), Mnt: b.ns(t, "mnt"), Net: b.ns(t, "net"),
		Params: params{Module: "mkdir", Path: "inside"}, InProcess: true})
	if err != nil || string(reply) != "0" {
		t.Fatalf("reply %q, %v", reply, err)
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d/root%s/work/inside", b.pid, b.root)); err != nil {
		t.Error(err)
	}
	for i := 0; i < 20; i++ { // no other goroutine sees anything of it
		if l, _ := os.Readlink("/proc/thread-self/ns/mnt"); l != own {
			t.Fatal(l)
		}
		runtime.Gosched()
	}
	for module, part := range map[string]string{"panic": "panicked", "goexit": "goroutine"} {
		if _, err := RunContext(context.Background(), Options{Params: params{Module: module}, InProcess: true}); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", module, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, o := range []Options{{PID: b.ns(t, "pid")}, {Credentials: &Credentials{}}} {
		o.Params, o.InProcess = params{Module: "echo"}, true
		if _, err := RunContext(context.Background(), o); err == nil {
			t.Error("it was not refused")
		}
	}
	if _, err := RunContext(ctx, Options{Params: params{Module: "echo"}, InProcess: true}); err == nil {
		t.Error("a deadline was not refused")
	}
}

func TestOpenRefusesWhatIsNobody(t *testing.T) {
	if _, err := OpenNamespace(uint32(os.Getpid()), "../../1/ns/mnt"); err == nil {
		t.Error("a path as kind")
	}
	if f, err := OpenNamespace(uint32(os.Getpid()), "pid_for_children"); err != nil {
		t.Error(err)
	} else {
		f.Close()
	}
	if _, err := OpenNamespace(0, "mnt"); err == nil {
		t.Error("process 0")
	}
	if _, err := OpenRoot(0); err == nil {
		t.Error("process 0")
	}
	if _, err := OpenCwd(1 << 31); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a process that is not there: %v", err)
	}
}

func TestRegisterRefusesDuplicates(t *testing.T) {
	if RegisterModule("mkdir", func([]byte) string { return "other" }) || RegisterModule("", func([]byte) string { return "" }) || RegisterModule("nil", nil) {
		t.Error("registered")
	}
}

// TestTheOriginalsParent starts a child as the original does: everything in the environment, the reply behind a NUL on stdout.
func TestTheOriginalsParent(t *testing.T) {
	dir := t.TempDir()
	needRoot(t)
	param, _ := json.Marshal(params{Module: "mkdir", Path: filepath.Join(dir, "abc")})
	for _, want := range []string{"\x000", "\x0017"} {
		cmd := exec.Command("/proc/self/exe", "-init")
		cmd.Env = []string{"_LIBNSENTER_INIT=1", "_LIBNSENTER_COMMAND=" + base64.StdEncoding.EncodeToString(param)}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.HasSuffix(string(out), want) {
			t.Fatalf("%q, %v", out, err)
		}
	}
}

func TestADeletedWorkingDirectoryIsAnError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cwd, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer cwd.Close()
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if reply, err := Run(nil, cwd, nil, nil, nil, params{Module: "echo"}); err == nil || !strings.Contains(err.Error(), "working directory") {
		t.Errorf("reply %q, %v", reply, err)
	}
}

func TestTheAgentsOwnUserNamespaceIsLeftOut(t *testing.T) {
	needRoot(t)
	own, err := OpenNamespace(uint32(os.Getpid()), "user")
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	reply, err := RunContext(context.Background(), Options{User: own, Params: params{Module: "echo"}})
	if err != nil || string(reply) != "echo" {
		t.Errorf("reply %q, %v", reply, err)
	}
}

func BenchmarkRun(b *testing.B) {
	x := newBox(b)
	mnt, root := x.ns(b, "mnt"), x.dir(b, "/")
	for i := 0; i < b.N; i++ {
		if _, err := Run(root, nil, mnt, nil, nil, params{Module: "echo"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInProcess(b *testing.B) {
	x := newBox(b)
	mnt, root := x.ns(b, "mnt"), x.dir(b, "/")
	for i := 0; i < b.N; i++ {
		if _, err := RunContext(context.Background(), Options{Root: root, Mnt: mnt, Params: params{Module: "echo"}, InProcess: true}); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleRunContext() {
	reply, err := RunContext(context.Background(), Options{Params: params{Module: "echo"}})
	fmt.Println(string(reply), err)
	// Output: echo <nil>
}
