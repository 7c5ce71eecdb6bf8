// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package nsenter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

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
