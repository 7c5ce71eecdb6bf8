// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package nsexec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func needRoot(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("not root")
	}
}

// target is a container that lives as long as the test.
func target(t testing.TB) Target {
	t.Helper()
	needRoot(t)
	cmd := Command("sh", "-c", "echo ready; exec sleep 1000")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = write
	cmd.AddEnv = []string{"COLOR=blue"}
	if err := Launch(Container{Hostname: "box"}, cmd); err != nil {
		t.Fatal(err)
	}
	write.Close()
	ready := make([]byte, 6)
	if _, err := io.ReadFull(read, ready); err != nil {
		t.Fatal(err)
	}
	read.Close()
	t.Cleanup(func() {
		_ = cmd.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
	})
	return Process(cmd.PID)
}

func output(t testing.TB, target Target, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := Enter(target, cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %v: %s", args, err, out.String())
	}
	return out.String()
}

func TestEnterIsAsTheContainerSeesIt(t *testing.T) {
	box := target(t)
	out := output(t, box, "sh", "-c", "uname -n; echo $COLOR; id -u; grep Seccomp: /proc/self/status; grep CapEff /proc/self/status")
	want := "box\nblue\n0\nSeccomp:\t2\nCapEff:\t00000000a80425fb\n"
	if out != want {
		t.Fatalf("got %q, want %q", out, want)
	}
	for _, kind := range []string{"mnt", "pid", "net", "ipc", "uts", "cgroup"} {
		theirs, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", box.PID, kind))
		if got := strings.TrimSpace(output(t, box, "readlink", "/proc/self/ns/"+kind)); got != theirs {
			t.Errorf("%s: %s, the container has %s", kind, got, theirs)
		}
	}
}

func TestLaunchMakesAContainer(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("shown"), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := Command("sh", "-c", "echo $$; cat /srv/file; echo no >/srv/file; ls /sys/class/net; echo $HOME; pwd")
	cmd.Stdout = &out
	cmd.Dir = "/tmp"
	if err := Launch(Container{Binds: []Bind{{dir, "/srv", true}}}, cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if out.String() != "1\nshownlo\n/root\n/tmp\n" {
		t.Fatalf("got %q", out.String())
	}
}

func TestStandardStreamsAndFiles(t *testing.T) {
	box := target(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	var out, errOut bytes.Buffer
	cmd := Command("sh", "-c", "cat; echo err >&2; echo extra >&3; ls /proc/self/fd | wc -l")
	cmd.Stdin = strings.NewReader("in\n")
	cmd.Stdout, cmd.Stderr = &out, &errOut
	cmd.ExtraFiles = []*os.File{write}
	if err := Enter(box, cmd); err != nil {
		t.Fatal(err)
	}
	write.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	extra, _ := io.ReadAll(read)
	// 0, 1, 2, 3 and the directory that is listed
	if out.String() != "in\n5\n" || errOut.String() != "err\n" || string(extra) != "extra\n" {
		t.Fatalf("out %q, err %q, extra %q", out.String(), errOut.String(), extra)
	}
}

func TestLaunchGivesCapabilitiesToRootOnly(t *testing.T) {
	needRoot(t)
	const standard = "00000000a80425fb"
	for _, one := range []struct {
		user *User
		caps string
	}{{nil, standard}, {&User{UID: 1000, GID: 1000}, "0000000000000000"}} {
		var out bytes.Buffer
		cmd := Command("sh", "-c", "sed -n 's/^Cap\\(Prm\\|Eff\\|Bnd\\|Inh\\|Amb\\):\t//p' /proc/self/status")
		cmd.Stdout = &out
		cmd.User = one.user
		if err := Launch(Container{}, cmd); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		none := "0000000000000000\n"
		if want := none + one.caps + "\n" + one.caps + "\n" + standard + "\n" + none; out.String() != want {
			t.Errorf("%v: got %q, want %q", one.user, out.String(), want)
		}
	}
}

func TestEnvironmentDirectoryAndUser(t *testing.T) {
	box := target(t)
	var out bytes.Buffer
	cmd := Command("/bin/sh", "-c", "env | sort | grep -v ^_= | grep -v SHLVL | grep -v ^PWD | grep -v ^PATH=/sbin:/usr/sbin; pwd; id -u; id -g")
	cmd.Stdout = &out
	cmd.Env = []string{"A=1"}
	cmd.AddEnv = []string{"B=2"}
	cmd.Dir = "/tmp"
	cmd.User = &User{UID: 123, GID: 456}
	if err := Enter(box, cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if out.String() != "A=1\nB=2\n/tmp\n123\n456\n" {
		t.Fatalf("got %q", out.String())
	}
}

func TestExitStatusAndSignals(t *testing.T) {
	box := target(t)
	var exit *ExitError
	cmd := Command("sh", "-c", "exit 7")
	if err := Enter(box, cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Code != 7 {
		t.Fatalf("ended with %v", err)
	}
	cmd = Command("sleep", "1000")
	if err := Enter(box, cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Signal != syscall.SIGTERM || exit.Code != -1 {
		t.Fatalf("ended with %v", err)
	}
}

func TestContextKillsByPidfd(t *testing.T) {
	box := target(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	cmd := CommandContext(ctx, "sleep", "1000")
	if err := Enter(box, cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != context.DeadlineExceeded {
		t.Fatalf("ended with %v", err)
	}
	if err := Enter(box, CommandContext(ctx, "true")); err != context.DeadlineExceeded {
		t.Fatalf("started with %v", err)
	}
}

func TestErrorsNameStepOperationAndObject(t *testing.T) {
	box := target(t)
	for _, c := range []struct {
		target Target
		cmd    *Cmd
		errno  syscall.Errno
		part   string
	}{
		{box, Command("/nonexistent"), syscall.ENOENT, "exec: execve of /nonexistent"},
		{box, Command("/etc/passwd"), syscall.EACCES, "execve"},
		{box, &Cmd{Args: []string{"true"}, Dir: "/nonexistent"}, syscall.ENOENT, "workdir"},
		{Process(1 << 30), Command("true"), syscall.ESRCH, "target"},
		{Target{}, Command("true"), syscall.EINVAL, "Target"},
		{Target{PID: box.PID, StartTime: 1}, Command("true"), syscall.ESRCH, "start-time"},
		{box, &Cmd{}, syscall.EINVAL, "Args"},
		{box, Command("a\x00b"), syscall.EINVAL, "NUL"},
	} {
		err := Enter(c.target, c.cmd)
		var detail *Error
		if !errors.As(err, &detail) || !errors.Is(err, c.errno) || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%v in %v: %v", c.cmd.Args, c.target, err)
		}
	}
	if err := Launch(Container{Root: "/nonexistent"}, Command("true")); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("root that is not there: %v", err)
	}
}

func TestPidfdAsTarget(t *testing.T) {
	box := target(t)
	fd, _, errno := syscall.Syscall(434, uintptr(box.PID), 0, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	pidfd := os.NewFile(fd, "pidfd")
	defer pidfd.Close()
	if out := output(t, Target{PIDFD: pidfd}, "uname", "-n"); out != "box\n" {
		t.Fatalf("got %q", out)
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

func children(t testing.TB) string {
	t.Helper()
	out := ""
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, task := range tasks {
		text, _ := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		out += string(text)
	}
	return strings.TrimSpace(out)
}

// many makes calls from goroutines, one in ten of which fails.
func many(t testing.TB, box Target, goroutines, calls int) {
	t.Helper()
	var wait sync.WaitGroup
	failures := make(chan error, goroutines*calls)
	for i := 0; i < goroutines; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			for k := 0; k < calls; k++ {
				cmd := Command("true")
				if (i+k)%10 == 0 {
					cmd = Command("/nonexistent")
				}
				err := Enter(box, cmd)
				if err == nil {
					err = cmd.Wait()
				} else if (i+k)%10 == 0 {
					err = nil
				}
				if err != nil {
					failures <- err
				}
			}
		}(i)
	}
	wait.Wait()
	close(failures)
	for err := range failures {
		t.Fatal(err)
	}
}

func TestNothingIsLeftOfManyCalls(t *testing.T) {
	box := target(t)
	calls := 100
	if testing.Short() {
		calls = 5
	}
	goroutines := 100
	many(t, box, goroutines, 2)
	runtime.GC()
	fds, before := count(t, "/proc/self/fd"), children(t)
	many(t, box, goroutines, calls)
	for end := time.Now().Add(5 * time.Second); count(t, "/proc/self/fd") != fds && time.Now().Before(end); {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	if now := count(t, "/proc/self/fd"); now != fds {
		t.Errorf("%d descriptors, before %d", now, fds)
	}
	if now := children(t); now != before {
		t.Errorf("children %q, before %q", now, before)
	}
	// the Go runtime keeps as many threads as there were calls at once, and uses them again
	if now := count(t, "/proc/self/task"); now > goroutines+20 {
		t.Errorf("%d threads", now)
	}
}

func TestALargeHeapDoesNotMatter(t *testing.T) {
	box := target(t)
	heap := make([]byte, 256<<20)
	for i := 0; i < len(heap); i += 4096 {
		heap[i] = 1
	}
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	for i := 0; i < 20; i++ {
		_ = output(t, box, "true")
	}
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	runtime.KeepAlive(heap)
	// a fork would copy 65536 page table entries each time, and every page written to afterwards is one more fault
	if faults := after.Minflt - before.Minflt; faults > 20000 {
		t.Errorf("%d page faults", faults)
	}
}

func BenchmarkEnter(b *testing.B) {
	box := target(b)
	for i := 0; i < b.N; i++ {
		cmd := Command("/bin/true")
		cmd.Without = WithoutSeccomp
		if err := Enter(box, cmd); err != nil {
			b.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleEnter() {
	sleeper := Command("sleep", "1000")
	if err := Launch(Container{Hostname: "example"}, sleeper); err != nil {
		fmt.Println(err)
		return
	}
	defer func() {
		_ = sleeper.Signal(syscall.SIGKILL)
		_ = sleeper.Wait()
	}()
	cmd := Command("uname", "-n")
	cmd.Stdout = os.Stdout
	if err := Enter(Process(sleeper.PID), cmd); err != nil {
		fmt.Println(err)
		return
	}
	if err := cmd.Wait(); err != nil {
		fmt.Println(err)
	}
	// Output: example
}

func ExampleLaunch() {
	cmd := Command("sh", "-c", "echo process $$; exit 3")
	cmd.Stdout = os.Stdout
	if err := Launch(Container{}, cmd); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cmd.Wait())
	// Output:
	// process 1
	// nsexec: exit status 3
}
