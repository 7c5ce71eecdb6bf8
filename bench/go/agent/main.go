// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

// Command agent is a Go program with a heap, measured from inside; a server of the bench's driver (see serve.h):
//
//	agent enter|run|inprocess|reexec HEAP_MIB 0 once|serve PID - COMMAND
//
// enter starts COMMAND with nsexec.Enter. run and inprocess run a module in the mount and network namespace of PID, with the
// package of seccomp agents; reexec does what those do without it: the program is executed again, a C constructor joins
// and forks.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	nsexec "github.com/nsexec/nsexec/go"
	"github.com/nsexec/nsexec/go/agent/nsenter"
)

type params struct {
	Module string `json:"module"`
	Text   string `json:"text"`
}

var question = params{Module: "echo", Text: "hello"}

func echo(param []byte) string {
	var p params
	if json.Unmarshal(param, &p) != nil {
		return ""
	}
	return p.Text
}

func check(reply []byte, err error) error {
	if err == nil && string(reply) != question.Text {
		err = fmt.Errorf("reply %q", reply)
	}
	return err
}

// reexec is the way of seccompagent: parameter and descriptors in the environment, a child of the constructor that goes on,
// the reply on standard output.
func reexec(mnt, net *os.File) error {
	param, err := json.Marshal(question)
	if err != nil {
		return err
	}
	cmd := exec.Command("/proc/self/exe", "-init")
	cmd.ExtraFiles = []*os.File{mnt, net}
	cmd.Env = []string{"_BENCH_REEXEC=1", "_BENCH_MNT=3", "_BENCH_NET=4", "_BENCH_COMMAND=" + string(param)}
	cmd.Stderr = os.Stderr
	return check(cmd.Output())
}

func enter(target nsexec.Target, argv []string) error {
	cmd := nsexec.Command(argv[0], argv[1:]...)
	cmd.Without = nsexec.WithoutSeccomp
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := nsexec.Enter(target, cmd); err != nil {
		return err
	}
	return cmd.Wait()
}

func job(name string, pid int, argv []string) (func() error, error) {
	mnt, err := nsenter.OpenNamespace(uint32(pid), "mnt")
	if err != nil {
		return nil, err
	}
	net, err := nsenter.OpenNamespace(uint32(pid), "net")
	if err != nil {
		return nil, err
	}
	switch name {
	case "enter":
		return func() error { return enter(nsexec.Target{PID: pid}, argv) }, nil
	case "run":
		return func() error { return check(nsenter.Run(nil, nil, mnt, net, nil, question)) }, nil
	case "inprocess":
		return func() error {
			return check(nsenter.RunContext(context.Background(),
				nsenter.Options{Mnt: mnt, Net: net, Params: question, InProcess: true}))
		}, nil
	case "reexec":
		return func() error { return reexec(mnt, net) }, nil
	}
	return nil, fmt.Errorf("%s: no such job", name)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "agent:", err)
	os.Exit(1)
}

func main() {
	if os.Getenv("_BENCH_REEXEC") != "" {
		fmt.Print(echo([]byte(os.Getenv("_BENCH_COMMAND"))))
		return
	}
	nsenter.RegisterModule("echo", echo)
	nsenter.Init()
	if len(os.Args) < 8 {
		fail(fmt.Errorf("usage: agent JOB HEAP_MIB THREADS once|serve PID CGROUP COMMAND"))
	}
	mib, _ := strconv.Atoi(os.Args[2])
	pid, _ := strconv.Atoi(os.Args[5])
	heap := make([]byte, mib<<20)
	for i := 0; i < len(heap); i += 4096 {
		heap[i] = 1
	}
	run, err := job(os.Args[1], pid, os.Args[7:])
	if err == nil && os.Args[4] == "once" {
		err = run()
	}
	if err != nil {
		fail(err)
	}
	for one := make([]byte, 1); os.Args[4] == "serve"; {
		if _, err := os.Stdin.Read(one); err != nil {
			break
		}
		start := time.Now()
		if err := run(); err != nil {
			fail(err)
		}
		if err := binary.Write(os.Stdout, binary.LittleEndian, time.Since(start).Nanoseconds()); err != nil {
			fail(err)
		}
	}
	runtime.KeepAlive(heap)
}
