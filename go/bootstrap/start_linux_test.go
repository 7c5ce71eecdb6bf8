// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func countFDs(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(entries)
}

func noChildren(t *testing.T) {
	t.Helper()
	if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG|syscall.WALL, nil); err != syscall.ECHILD {
		t.Errorf("a child is left: %d %v", pid, err)
	}
}

// script is a child that does not speak the protocol as it should.
func script(text string) *Config {
	return &Config{Path: "/bin/sh", Args: []string{"sh", "-c", text}, Env: []string{"PATH=/usr/bin:/bin"}}
}

func TestStartLeavesNothingOfAChildThatFails(t *testing.T) {
	pid := "$$"
	r, w, err := os.Pipe() // with the first one Go makes descriptors of its own
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	w.Close()
	for name, test := range map[string]struct {
		era  Era
		text string
		want string
	}{
		"ends at once":                 {Current, "exit 0", "the child closed its end"},
		"ends with a status":           {Current, "exit 3", "nsexec-0: exit status 3"},
		"is killed":                    {Current, "kill -9 $$", "nsexec-0: killed by killed"},
		"says why":                     {Current, `echo '{"level":"fatal", "msg": "nsexec-0[1]: no such thing: Invalid argument"}' >&4; exit 1`, "nsexec-0: no such thing: invalid argument"},
		"speaks nonsense":              {Current, "echo hello >&3; sleep 60", `"hello\n"`},
		"speaks without end":           {Current, "cat /dev/zero >&3", "does not end"},
		"names itself":                 {Current, `echo "{\"stage1_pid\":` + pid + `,\"stage2_pid\":1}" >&3; sleep 60`, "protocol error"},
		"names a process not ours":     {Current, `echo "{\"stage1_pid\":1,\"stage2_pid\":2}" >&3; sleep 60`, "no child processes"},
		"is of an older era":           {Current, `echo "{\"pid\":1,\"pid_first\":2}" >&3; sleep 60`, "another era"},
		"sends a NUL that nobody asks": {Current, `printf '\0{"stage1_pid":1,"stage2_pid":2}\n' >&3; sleep 60`, "protocol error"},
		"sends no NUL":                 {V1_1, `echo "{\"stage1_pid\":1,\"stage2_pid\":2}" >&3; sleep 60`, "another era"},
		"ends before the NUL":          {V1_0, "exit 1", "nsexec-0: exit status 1"},
		"leaves children":              {Current, "sleep 60 & sleep 61 & exit 1", "nsexec-0: exit status 1"},
		"fails in 2015":                {V2015, "exit 1", "standard error"},
	} {
		before := countFDs(t)
		config := script(test.text)
		config.Era = test.era
		if test.era == V2015 {
			config.TargetPID = os.Getpid()
		}
		process, err := Start(context.Background(), config)
		var detail *Error
		if process != nil || !errors.As(err, &detail) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, not %q", name, err, test.want)
		}
		if after := countFDs(t); after != before {
			t.Errorf("%s: %d descriptors before, %d after", name, before, after)
		}
		noChildren(t)
	}
	_, err = Start(context.Background(), &Config{Path: "/does/not/exist"})
	if !errors.Is(err, syscall.ENOENT) {
		t.Error(err)
	}
	config := script("exit 0")
	config.Env = append(config.Env, "_LIBCONTAINER_INITPIPE=7")
	if _, err = Start(context.Background(), config); !errors.Is(err, syscall.EINVAL) {
		t.Error(err)
	}
}

func TestStartEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err := Start(ctx, script("sleep 60"))
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
	noChildren(t)
	if _, err = Start(ctx, script("exit 0")); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestStartTellsTheChildWhatItNeeds(t *testing.T) {
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	config := script(`env | sort; cat <&3; exit 1`)
	config.Env = append(config.Env, "MORE=yes")
	config.Era, config.Create, config.MountSources = V1_1, User|Mnt, []string{"/a", "", "/b"}
	config.Files = []File{{in, "MINE"}, {in, ""}}
	config.Stdout, config.LogLevel = in, LogDebug
	called := 0
	config.BeforeMessage = func(pid int) error {
		called = pid
		return syscall.EBUSY
	}
	_, err = Start(context.Background(), config)
	if !errors.Is(err, syscall.EBUSY) || called <= 0 {
		t.Error(err, called)
	}
	noChildren(t)

	config.BeforeMessage = nil
	config.Args[2] = `env | sort; printf '\0' >&5; exit 1`
	_, err = Start(context.Background(), config)
	if err == nil {
		t.Error("no error")
	}
	_ = in.Close()
	text := make([]byte, 4096)
	n, _ := out.Read(text)
	for _, want := range []string{"MORE=yes\n", "MINE=3\n", "_LIBCONTAINER_INITPIPE=5\n", "_LIBCONTAINER_LOGPIPE=6\n",
		"_LIBCONTAINER_LOGLEVEL=5\n", "_LIBCONTAINER_MOUNT_FDS=[7,-1,8]\n"} {
		if !strings.Contains(string(text[:n]), want) {
			t.Errorf("no %q in\n%s", want, text[:n])
		}
	}
	_ = out.Close()
}
