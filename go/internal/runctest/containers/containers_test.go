// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

// Package containers makes real containers with runc's libcontainer, in a test binary that has our constructor instead of
// runc's. With the tag runcs_constructor it has runc's: what fails then, too, is not our fault. This file is that of both
// versions of runc; what they do differently is in version_test.go.
package containers

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/opencontainers/runc/libcontainer"
	"github.com/opencontainers/runc/libcontainer/configs"
	"github.com/opencontainers/runc/libcontainer/specconv"
)

// rootfs is a root with busybox only.
func rootfs(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("no busybox")
	}
	program, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "root")
	for _, dir := range []string{"bin", "proc", "dev", "sys", "tmp", "etc", "mnt"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "bin/busybox"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sh", "cat", "hostname", "readlink", "id", "sleep", "true", "ls"} {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	// the directories above are the test's, and closed to the ids of a user namespace
	for dir := root; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// configuration is the simplest that the machines of tests can do.
func configuration(t *testing.T, namespaces ...configs.NamespaceType) *configs.Config {
	t.Helper()
	caps := []string{"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_SETGID", "CAP_SETUID", "CAP_KILL"}
	config := &configs.Config{
		Rootfs:       rootfs(t),
		Hostname:     "inside",
		Capabilities: &configs.Capabilities{Bounding: caps, Permitted: caps, Effective: caps},
		Cgroups:      newCgroup(fmt.Sprintf("/nsexec-runctest-%d", os.Getpid())),
		MaskPaths:    []string{"/proc/kcore"},
		Devices:      specconv.AllowedDevices,
		Mounts: []*configs.Mount{
			{Source: "proc", Destination: "/proc", Device: "proc", Flags: syscall.MS_NOEXEC | syscall.MS_NOSUID | syscall.MS_NODEV},
			{Source: "tmpfs", Destination: "/dev", Device: "tmpfs", Flags: syscall.MS_NOSUID, Data: "mode=755"},
		},
	}
	for _, kind := range namespaces {
		config.Namespaces = append(config.Namespaces, configs.Namespace{Type: kind})
	}
	return config
}

var common = []configs.NamespaceType{configs.NEWNS, configs.NEWUTS, configs.NEWIPC, configs.NEWPID, configs.NEWNET}

// start makes a container that ends when the test does.
func start(t *testing.T, config *configs.Config) container {
	t.Helper()
	c, err := newContainer(t.TempDir(), fmt.Sprintf("t%d", os.Getpid()), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Destroy(); err != nil {
			t.Error(err)
		}
	})
	return c
}

type container interface {
	Run(*libcontainer.Process) error
	Destroy() error
}

// run runs one command in a container, as its init or beside it, and returns what it prints.
func run(t *testing.T, c container, init bool, command string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	process := newProcess(init, "/bin/sh", "-c", command)
	process.Stdout, process.Stderr = &stdout, &stderr
	if err := c.Run(process); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	state, err := process.Wait()
	if err != nil || !state.Success() {
		t.Fatalf("%v %v: %s", state, err, stderr.String())
	}
	return strings.TrimSpace(stdout.String())
}

// ours are the namespaces of the test; read before libcontainer lets threads of it join others, perhaps the main one.
var ours = func() map[string]bool {
	links := map[string]bool{}
	for _, kind := range []string{"mnt", "uts", "ipc", "pid", "net", "user", "cgroup"} {
		link, _ := os.Readlink("/proc/self/ns/" + kind)
		links[link] = true
	}
	return links
}()

const facts = "echo $$; hostname; cat /proc/self/uid_map; for k in mnt uts ipc pid net user cgroup; do readlink /proc/self/ns/$k; done"

func TestAContainerRunsAndEnds(t *testing.T) {
	out := strings.Split(run(t, start(t, configuration(t, common...)), true, facts), "\n")
	if len(out) != 10 || out[0] != "1" || out[1] != "inside" {
		t.Fatal(out)
	}
	for _, line := range out[3:8] {
		if ours[line] {
			t.Errorf("%s is ours", line)
		}
	}
}

// withSleeper starts a container, runs commands beside its init, and ends it.
func withSleeper(t *testing.T, config *configs.Config, commands ...string) []string {
	t.Helper()
	c := start(t, config)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	init := newProcess(true, "/bin/cat")
	init.Stdin = read
	if err := c.Run(init); err != nil {
		t.Fatal(err)
	}
	_ = read.Close()
	var out []string
	for _, command := range commands {
		out = append(out, run(t, c, false, command))
	}
	_ = write.Close()
	if state, err := init.Wait(); err != nil || !state.Success() {
		t.Errorf("%v %v", state, err)
	}
	return out
}

func TestProcessesAreAddedToAContainer(t *testing.T) {
	names := "for k in mnt uts ipc pid net; do a=$(readlink /proc/self/ns/$k); b=$(readlink /proc/1/ns/$k); [ $a = $b ] || echo $k $a $b; done"
	out := withSleeper(t, configuration(t, common...), "hostname", "cat /proc/1/comm", names, "echo $$")
	if out[0] != "inside" || out[1] != "cat" || out[2] != "" || out[3] == "1" {
		t.Fatalf("%q", out)
	}
}

// A user namespace, with a source of a mount that its ids must not look up: in runc 1.1 stage 0 opens it.
func TestAContainerWithAUserNamespace(t *testing.T) {
	config := configuration(t, append(common, configs.NEWUSER)...)
	mapIDs(config, 100000, 65536)
	if err := filepath.Walk(config.Rootfs, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, 100000, 100000)
	}); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "closed", "file")
	if err := os.MkdirAll(filepath.Dir(secret), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(secret, []byte("hello\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	config.Mounts = append(config.Mounts, &configs.Mount{Source: secret, Destination: "/mnt/file", Device: "bind", Flags: syscall.MS_BIND})
	out := withSleeper(t, config, "id -u", "cat /proc/self/uid_map", "cat /mnt/file", "cat /proc/1/uid_map")
	if out[0] != "0" || strings.Join(strings.Fields(out[1]), " ") != "0 100000 65536" || out[2] != "hello" || out[3] != out[1] {
		t.Fatalf("%q", out)
	}
}

func TestAContainerWithACgroupNamespace(t *testing.T) {
	config := configuration(t, append(common, configs.NEWCGROUP)...)
	out := run(t, start(t, config), true, "readlink /proc/self/ns/cgroup; cat /proc/self/cgroup")
	if ours[strings.SplitN(out, "\n", 2)[0]] || strings.Contains(out, "nsexec-runctest") {
		t.Fatal(out)
	}
}

// What is wrong is said by the constructor; runc 1.1 logs it, newer ones return it to the caller.
func TestAnErrorOfTheConstructorReachesTheCaller(t *testing.T) {
	config := configuration(t, configs.NEWNS, configs.NEWPID)
	config.Namespaces = append(config.Namespaces, configs.Namespace{Type: configs.NEWNET, Path: "/proc/self/status"})
	config.Hostname = ""
	c := start(t, config)
	err := c.Run(newProcess(true, "/bin/true"))
	if err == nil || !strings.Contains(err.Error(), errorOfConstructor) {
		t.Fatal(err)
	}
}
