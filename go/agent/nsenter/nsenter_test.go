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
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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

func TestAModuleHasNothingOfTheCaller(t *testing.T) {
	secret, err := os.Open("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	defer secret.Close()
	os.Setenv("NSENTER_SECRET", "secret")
	defer os.Unsetenv("NSENTER_SECRET")
	b := newBox(t)
	reply, err := Run(b.dir(t, "/"), b.dir(t, "/work"), b.ns(t, "mnt"), nil, nil, params{Module: "descriptors", Data: "in the parameter"})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"passwd", "mnt:[", "SECRET", "GOMAXPROCS", "in the parameter", b.root, "/work"} {
		if strings.Contains(string(reply), bad) {
			t.Errorf("%s in %s", bad, reply)
		}
	}
}

func TestAProgramOfAModuleHasNothingOfTheAgent(t *testing.T) {
	// as if whoever started the agent had left it open
	inherited, err := syscall.Open("/etc/passwd", syscall.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(inherited)
	reply, err := Run(nil, nil, nil, nil, nil, params{Module: "execute"})
	if err != nil {
		t.Fatal(err)
	}
	// standard input and error, the pipe that is its output, and the directory that it lists
	if strings.Contains(string(reply), "memfd") || strings.Contains(string(reply), "passwd") || strings.Count(string(reply), " -> pipe:") != 2 {
		t.Errorf("%s", reply)
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

func count(t testing.TB, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// children are counted, the dead among them.
func children(t testing.TB) (pids []int) {
	t.Helper()
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(tasks) == 0 {
		t.Fatal("this kernel does not list children: ", err)
	}
	for _, task := range tasks {
		text, _ := os.ReadFile(task) // a thread that has ended meanwhile
		for _, pid := range strings.Fields(string(text)) {
			n, _ := strconv.Atoi(pid)
			pids = append(pids, n)
		}
	}
	return pids
}

// Below a pid namespace an orphan would be the business of whoever reaps those: of this process here.
func TestNothingIsLeftBelowAPidNamespace(t *testing.T) {
	const subreaper = 36
	set := func(on uintptr) {
		if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, subreaper, on, 0); errno != 0 {
			t.Fatal(errno)
		}
	}
	set(1)
	defer set(0)
	defer atomic.StoreInt64(&graceNS, int64(grace()))
	atomic.StoreInt64(&graceNS, int64(20*time.Second))
	b := newBox(t)
	for i := 0; i < 120; i++ {
		if i == 20 { // and in an agent that ignores what it sends
			signal.Ignore(syscall.SIGTERM)
			c := make(chan os.Signal, 1)
			defer signal.Stop(c) // which signal.Reset does not undo
			defer signal.Notify(c, syscall.SIGTERM)
		}
		if _, err := Run(nil, nil, nil, nil, b.ns(t, "pid"), params{Module: "echo"}); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%20)*500*time.Microsecond/time.Duration(1+i/20))
		if _, err := RunContext(ctx, Options{PID: b.ns(t, "pid"), Params: params{Module: "sleep"}}); err != context.DeadlineExceeded {
			t.Error(err)
		}
		cancel()
		if time.Since(begun) > grace() {
			t.Error("the signal was lost")
			break
		}
	}
	atomic.StoreInt64(&graceNS, int64(time.Second))
	if _, err := Run(nil, nil, nil, nil, b.ns(t, "pid"), params{Module: "leave"}); err == nil {
		t.Error("a reply")
	}
	for end := time.Now().Add(10 * time.Second); len(children(t)) != 1 && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	for _, pid := range children(t) {
		if pid != int(b.pid) {
			t.Errorf("%d is left", pid)
			_ = syscall.Kill(pid, syscall.SIGKILL)
			_, _ = syscall.Wait4(pid, nil, 0, nil) // or the box could not end
		}
	}
}

func TestNothingIsLeftOfOneThatStays(t *testing.T) {
	// the first one leaves the runtime's own descriptors
	if _, err := Run(nil, nil, nil, nil, nil, params{Module: "echo"}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); len(children(t)) != 0 && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	fds := count(t, "/proc/self/fd")
	reply, err := Run(nil, nil, nil, nil, nil, params{Module: "stay"})
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimLeft(string(reply), "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	for end := time.Now().Add(10 * time.Second); (len(children(t)) != 0 || count(t, "/proc/self/fd") != fds) && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	if now := children(t); len(now) != 0 {
		t.Errorf("children %v", now)
	}
	if now := count(t, "/proc/self/fd"); now != fds {
		t.Errorf("%d descriptors, before %d", now, fds)
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

func TestNothingIsLeftOfManyCalls(t *testing.T) {
	b := newBox(t)
	mnt, root := b.ns(t, "mnt"), b.dir(t, "/")
	many := func(goroutines, calls int, inProcess bool) {
		var wait sync.WaitGroup
		for i := 0; i < goroutines; i++ {
			wait.Add(1)
			go func() {
				defer wait.Done()
				for k := 0; k < calls; k++ {
					reply, err := RunContext(context.Background(), Options{Root: root, Mnt: mnt, Params: params{Module: "echo"}, InProcess: inProcess})
					if err != nil || string(reply) != "echo" {
						t.Errorf("reply %q, %v", reply, err)
						return
					}
				}
			}()
		}
		wait.Wait()
	}
	calls := 100
	if testing.Short() {
		calls = 5
	}
	many(100, 2, true)
	fds, kids := count(t, "/proc/self/fd"), len(children(t))
	many(100, calls, true)
	many(10, calls/10+1, false)
	for end := time.Now().Add(10 * time.Second); (count(t, "/proc/self/fd") != fds || len(children(t)) != kids || count(t, "/proc/self/task") > 140) && time.Now().Before(end); {
		runtime.GC()
		time.Sleep(20 * time.Millisecond)
	}
	if now := count(t, "/proc/self/fd"); now != fds {
		t.Errorf("%d descriptors, before %d", now, fds)
	}
	if now := len(children(t)); now != kids {
		t.Errorf("%d children, before %d", now, kids)
	}
	if now := count(t, "/proc/self/task"); now > 140 {
		t.Errorf("%d threads", now)
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

// What is passed on gets the numbers from 3 on; here it has just these, in every order.
func TestEachDescriptorGetsItsNumber(t *testing.T) {
	x := newBox(t)
	kinds := []string{"mnt", "net", "ipc", "uts", "cgroup", "pid"}
	want := ""
	for _, kind := range []string{"mnt", "net", "pid", "user", "ipc", "uts", "cgroup"} { // as the module looks at them
		link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", x.pid, kind))
		if err != nil {
			t.Fatal(err)
		}
		want += link + "\n"
	}
	for first := range kinds {
		open := map[string]*os.File{}
		for i := range kinds {
			kind := kinds[(first+i)%len(kinds)]
			open[kind] = x.ns(t, kind)
		}
		o := Options{Mnt: open["mnt"], Net: open["net"], IPC: open["ipc"], UTS: open["uts"], Cgroup: open["cgroup"], PID: open["pid"],
			Root: x.dir(t, "/"), Cwd: x.dir(t, "/work"), Params: params{Module: "look"}}
		reply, err := RunContext(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(reply), want) {
			t.Errorf("from %s on: %s\nnot\n%s", kinds[first], reply, want)
		}
		for _, file := range open {
			file.Close()
		}
	}
}

// As after execve(2): nothing is blocked, although the agent blocks all while it starts the process, and what is ignored stays so.
func TestSignalsAreThoseOfAProgram(t *testing.T) {
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	reply, err := Run(nil, nil, nil, nil, nil, params{Module: "signals"})
	want := "SigBlk:\t0000000000000000 " + statusOf("SigIgn")
	var ignored uint64
	if _, err := fmt.Sscanf(statusOf("SigIgn"), "SigIgn: %x", &ignored); err != nil {
		t.Fatal(err)
	}
	if err != nil || string(reply) != want || ignored&1 == 0 {
		t.Errorf("%q, %v; not %q", reply, err, want)
	}
}

// Go raises the soft limit in each of its programs, and restores it in those that they execute.
func TestProgramsOfAModuleHaveTheLimitOfTheAgents(t *testing.T) {
	if strings.HasPrefix(runtime.Version(), "go1.19") {
		t.Skip("this Go does not restore it")
	}
	if os.Getenv("NSX_TEST_LIMIT") == "" {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("/bin/sh", "-c", `ulimit -Sn 700 && exec "$0" -test.run "$1"`, exe, "^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), "NSX_TEST_LIMIT=700")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	r := syscall.Rlimit{}
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []uint64{700, 600, r.Max} {
		if limit != 700 { // the agent's wish
			r.Cur = limit
			if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
				t.Fatal(err)
			}
		}
		if reply, err := Run(nil, nil, nil, nil, nil, params{Module: "limit"}); err != nil || string(reply) != fmt.Sprint(limit) {
			t.Errorf("%d: %q, %v", limit, reply, err)
		}
	}
}

func TestADoneContextStartsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	closed, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	if _, err := RunContext(ctx, Options{Root: closed, Params: params{Module: "echo"}}); err != context.Canceled {
		t.Error(err)
	}
}

// A descriptor that is none is an error of the agent's, and no process is left.
func TestAClosedFileIsAnError(t *testing.T) {
	closed, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	if reply, err := Run(closed, nil, nil, nil, nil, params{Module: "echo"}); !errors.Is(err, syscall.EBADF) {
		t.Errorf("%q, %v", reply, err)
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
