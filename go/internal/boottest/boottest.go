// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package boottest tests package bootstrap against whatever constructor is linked into the test binary: the binary
// executes itself, and Main answers in the last stage.
package boottest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nsexec/nsexec/go/bootstrap"
)

// report is what the last stage tells about itself.
type report struct {
	Pid, Uid, Gid int
	Ns            map[string]string
	UIDMap        string
	Setgroups     string
	OOMScoreAdj   string
	Offsets       string
	Sources       []string // what the descriptors of the mount sources name
	Fds           []string
}

var kindNames = []string{"cgroup", "ipc", "mnt", "net", "pid", "user", "uts", "time"}

// Main runs the tests, or is the last stage. TestMain calls it.
func Main(m *testing.M) {
	number := os.Getenv("_LIBCONTAINER_INITPIPE")
	if number == "" {
		os.Exit(m.Run())
	}
	fd, _ := strconv.Atoi(number)
	pipe := os.NewFile(uintptr(fd), "init pipe")
	line, err := bufio.NewReader(pipe).ReadString('\n')
	if err != nil {
		os.Exit(98)
	}
	status, _ := strconv.Atoi(strings.TrimSpace(line))
	_ = json.NewEncoder(pipe).Encode(describe())
	os.Exit(status)
}

func describe() report {
	r := report{Pid: os.Getpid(), Uid: os.Getuid(), Gid: os.Getgid(), Ns: map[string]string{}}
	for _, kind := range kindNames {
		r.Ns[kind], _ = os.Readlink("/proc/self/ns/" + kind)
	}
	for name, to := range map[string]*string{"uid_map": &r.UIDMap, "setgroups": &r.Setgroups, "oom_score_adj": &r.OOMScoreAdj, "timens_offsets": &r.Offsets} {
		text, _ := os.ReadFile("/proc/self/" + name)
		*to = strings.Join(strings.Fields(string(text)), " ")
	}
	var numbers []int
	_ = json.Unmarshal([]byte(os.Getenv("_LIBCONTAINER_MOUNT_FDS")), &numbers)
	for _, fd := range numbers {
		path := ""
		if fd >= 0 {
			path, _ = os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		}
		r.Sources = append(r.Sources, path)
	}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range entries {
		path, _ := os.Readlink("/proc/self/fd/" + entry.Name())
		r.Fds = append(r.Fds, path)
	}
	return r
}

// Config is one whose program is the test binary.
func Config(era bootstrap.Era) *bootstrap.Config {
	return &bootstrap.Config{Era: era, Path: "/proc/self/exe", Args: []string{"boottest", "init"}, Stderr: os.Stderr, LogLevel: bootstrap.LogDebug}
}

// leaks fails the test if descriptors or children are left.
func leaks(t *testing.T) {
	t.Helper()
	if read, write, err := os.Pipe(); err == nil { // the Go runtime opens its poller with the first of them, and keeps it
		_, _ = read.Close(), write.Close()
	}
	before := openFDs()
	t.Cleanup(func() {
		after := openFDs()
		for end := time.Now().Add(time.Second); len(after) > len(before) && time.Now().Before(end); after = openFDs() {
			time.Sleep(time.Millisecond)
		}
		if len(after) != len(before) {
			t.Errorf("descriptors before %v, after %v", before, after)
		}
		if children := childrenOf(); len(children) > 0 {
			for _, pid := range children {
				stat, _ := os.ReadFile("/proc/" + pid + "/stat")
				t.Errorf("a child is left: %.60s", stat)
			}
		}
	})
}

func openFDs() []string {
	entries, _ := os.ReadDir("/proc/self/fd")
	var names []string
	for _, entry := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil {
			names = append(names, entry.Name()+"="+to)
		}
	}
	return names
}

func childrenOf() []string {
	var all []string
	paths, _ := filepath.Glob("/proc/self/task/*/children")
	for _, path := range paths {
		text, _ := os.ReadFile(path)
		all = append(all, strings.Fields(string(text))...)
	}
	return all
}

// run starts, asks and reaps; the child exits with status 7.
func run(t *testing.T, c *bootstrap.Config) report {
	t.Helper()
	process, err := bootstrap.Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	r := report{}
	if _, err := process.Pipe.WriteString("7\n"); err != nil {
		t.Error(err)
	}
	_ = process.Pipe.SetReadDeadline(time.Now().Add(20 * time.Second))
	if err := json.NewDecoder(process.Pipe).Decode(&r); err != nil {
		t.Error(err)
	}
	status, err := process.Wait()
	if err != nil || status.ExitStatus() != 7 {
		t.Errorf("status %#x, %v", uint32(status), err)
	}
	if err := process.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal after the end: %v", err)
	}
	if err := process.Close(); err != nil {
		t.Error(err)
	}
	return r
}

func own(kind string) string {
	to, _ := os.Readlink("/proc/self/ns/" + kind)
	return to
}

// differ checks that exactly these kinds of namespaces are other than ours.
func differ(t *testing.T, r report, kinds ...string) {
	t.Helper()
	var got []string
	for _, kind := range kindNames {
		if r.Ns[kind] != own(kind) {
			got = append(got, kind)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(kinds) {
		t.Errorf("other namespaces: %v, not %v", got, kinds)
	}
}

// sleeper is a process in namespaces of its own.
func sleeper(t *testing.T, flags uintptr) int {
	t.Helper()
	command := exec.Command("sleep", "600")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return command.Process.Pid
}

// Suite tests a constructor of that era.
func Suite(t *testing.T, era bootstrap.Era) {
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	if era == bootstrap.V2015 {
		suite2015(t)
		return
	}
	t.Run("no namespaces", func(t *testing.T) {
		leaks(t)
		r := run(t, Config(era))
		differ(t, r)
	})
	t.Run("new namespaces", func(t *testing.T) {
		leaks(t)
		c := Config(era)
		c.Create = bootstrap.PID | bootstrap.Mnt | bootstrap.UTS | bootstrap.IPC | bootstrap.Net
		r := run(t, c)
		differ(t, r, "ipc", "mnt", "net", "pid", "uts")
		if r.Pid != 1 {
			t.Errorf("pid %d", r.Pid)
		}
	})
	t.Run("new cgroup namespace", func(t *testing.T) {
		leaks(t)
		c := Config(era)
		c.Create = bootstrap.Cgroup | bootstrap.UTS
		r := run(t, c)
		if r.Ns["cgroup"] == own("cgroup") && era != bootstrap.V1_1 { // its Go part does it
			t.Error("the same cgroup namespace")
		}
	})
	t.Run("user namespace", func(t *testing.T) {
		leaks(t)
		c := Config(era)
		score := 500
		c.Create, c.OOMScoreAdj, c.Setgroups = bootstrap.User|bootstrap.PID, &score, true
		c.UIDMaps = []bootstrap.IDMap{{Inside: 0, Outside: 100000, Size: 65536}}
		c.GIDMaps = c.UIDMaps
		r := run(t, c)
		differ(t, r, "pid", "user")
		if r.Uid != 0 || r.Gid != 0 || r.UIDMap != "0 100000 65536" || r.Setgroups != "allow" || r.OOMScoreAdj != "500" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("join", func(t *testing.T) {
		leaks(t)
		pid := sleeper(t, syscall.CLONE_NEWIPC|syscall.CLONE_NEWNET|syscall.CLONE_NEWUTS|syscall.CLONE_NEWNS|syscall.CLONE_NEWPID)
		c := Config(era)
		c.Join = map[bootstrap.Kind]string{}
		for kind, name := range map[bootstrap.Kind]string{bootstrap.IPC: "ipc", bootstrap.Net: "net", bootstrap.UTS: "uts", bootstrap.Mnt: "mnt", bootstrap.PID: "pid"} {
			c.Join[kind] = fmt.Sprintf("/proc/%d/ns/%s", pid, name)
		}
		r := run(t, c)
		differ(t, r, "ipc", "mnt", "net", "pid", "uts")
		for _, name := range []string{"ipc", "net", "uts", "mnt", "pid"} {
			if to, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, name)); to != r.Ns[name] {
				t.Errorf("%s: %s, not %s", name, r.Ns[name], to)
			}
		}
	})
	t.Run("join a user namespace", func(t *testing.T) {
		leaks(t)
		pid := sleeperWithMaps(t)
		c := Config(era)
		c.Join = map[bootstrap.Kind]string{bootstrap.User: fmt.Sprintf("/proc/%d/ns/user", pid), bootstrap.Net: fmt.Sprintf("/proc/%d/ns/net", pid)}
		r := run(t, c)
		differ(t, r, "net", "user")
		if r.Uid != 0 || r.UIDMap != "0 100000 65536" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("log", func(t *testing.T) {
		leaks(t)
		var mutex sync.Mutex
		stages := map[string]bool{}
		c := Config(era)
		c.Create = bootstrap.UTS
		c.Log = func(entry bootstrap.LogEntry) {
			mutex.Lock()
			defer mutex.Unlock()
			stages[strings.SplitN(entry.Message, "[", 2)[0]] = true
		}
		run(t, c)
		mutex.Lock()
		defer mutex.Unlock()
		if era == bootstrap.Current || era == bootstrap.V1_1 {
			for _, stage := range []string{"nsexec-0", "nsexec-2"} { // there may be nothing to do for the one between
				if !stages[stage] {
					t.Errorf("no line of %s: %v", stage, stages)
				}
			}
		}
	})
	t.Run("a file that is no namespace", func(t *testing.T) {
		leaks(t)
		c := Config(era)
		c.Join = map[bootstrap.Kind]string{bootstrap.Net: "/proc/self/status"}
		_, err := bootstrap.Start(context.Background(), c)
		var detail *bootstrap.Error
		if !errors.As(err, &detail) || !errors.Is(err, syscall.EINVAL) || era != bootstrap.V2019 && !strings.HasPrefix(detail.Stage, "nsexec-") {
			t.Errorf("%v: %+v", err, detail)
		}
	})
	t.Run("the first stage is killed", func(t *testing.T) {
		leaks(t)
		c := Config(era)
		c.BeforeMessage = func(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) }
		if _, err := bootstrap.Start(context.Background(), c); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Error(err)
		}
	})
	t.Run("the context ends", func(t *testing.T) {
		leaks(t)
		for step := 0; step < 8; step++ { // at various times
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(step*step)*200*time.Microsecond)
			c := Config(era)
			c.Create = bootstrap.PID | bootstrap.Net
			process, err := bootstrap.Start(ctx, c)
			if err == nil {
				_ = process.Signal(syscall.SIGKILL)
				if status, err := process.Wait(); err != nil || status.Signal() != syscall.SIGKILL {
					t.Error(status, err)
				}
				_ = process.Close()
			} else if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			cancel()
		}
	})
	t.Run("at once", func(t *testing.T) {
		leaks(t)
		var group sync.WaitGroup
		for i := 0; i < 4; i++ {
			group.Add(1)
			go func() {
				defer group.Done()
				c := Config(era)
				c.Create = bootstrap.PID
				process, err := bootstrap.Start(context.Background(), c)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = process.Pipe.WriteString("3\n")
				if status, err := process.Wait(); err != nil || status.ExitStatus() != 3 {
					t.Error(status, err)
				}
				_ = process.Close()
			}()
		}
		group.Wait()
	})
	if era == bootstrap.Current {
		t.Run("time offsets", func(t *testing.T) {
			leaks(t)
			c := Config(era)
			c.Create = bootstrap.Time | bootstrap.PID
			c.TimeOffsets = map[string]bootstrap.TimeOffset{"monotonic": {Secs: 172800}, "boottime": {Secs: 5, Nanosecs: 6}}
			if _, err := os.Stat("/proc/self/ns/time"); err != nil {
				t.Skip(err)
			}
			r := run(t, c)
			if r.Offsets != "monotonic 172800 0 boottime 5 6" {
				t.Errorf("%q", r.Offsets)
			}
		})
	}
	if era == bootstrap.V1_1 {
		t.Run("mount sources", func(t *testing.T) {
			leaks(t)
			c := Config(era)
			c.Create = bootstrap.User | bootstrap.Mnt
			c.UIDMaps = []bootstrap.IDMap{{Inside: 0, Outside: 100000, Size: 65536}}
			c.GIDMaps = c.UIDMaps
			c.MountSources = []string{"", "/usr", "/etc/passwd"}
			r := run(t, c)
			if fmt.Sprint(r.Sources) != fmt.Sprint(c.MountSources) {
				t.Errorf("%q", r.Sources)
			}
		})
	}
}

func sleeperWithMaps(t *testing.T) int {
	t.Helper()
	maps := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 100000, Size: 65536}}
	command := exec.Command("sleep", "600")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET, UidMappings: maps, GidMappings: maps}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return command.Process.Pid
}

func suite2015(t *testing.T) {
	t.Run("join by pid", func(t *testing.T) {
		leaks(t)
		pid := sleeper(t, syscall.CLONE_NEWIPC|syscall.CLONE_NEWNET|syscall.CLONE_NEWUTS|syscall.CLONE_NEWNS|syscall.CLONE_NEWPID)
		c := Config(bootstrap.V2015)
		c.TargetPID = pid
		r := run(t, c)
		differ(t, r, "ipc", "mnt", "net", "pid", "uts")
	})
	t.Run("a process that is not there", func(t *testing.T) {
		leaks(t)
		c := Config(bootstrap.V2015)
		c.TargetPID, c.Stderr = 1<<22, nil
		if _, err := bootstrap.Start(context.Background(), c); err == nil || !strings.Contains(err.Error(), "exit status 1") {
			t.Error(err)
		}
	})
}
