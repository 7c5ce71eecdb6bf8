// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package nsenter

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

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
