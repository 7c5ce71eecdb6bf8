// SPDX-License-Identifier: Apache-2.0

//go:build linux

package bootstrap_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"syscall"

	"github.com/nsexec/nsexec/go/bootstrap"
)

// A runtime executes itself; its constructor (package nsenter) makes the namespaces and returns into main in the last
// stage, which reads its configuration from the init pipe.
func ExampleStart() {
	process, err := bootstrap.Start(context.Background(), &bootstrap.Config{
		Path:   "/proc/self/exe",
		Args:   []string{"runtime", "init"},
		Stdout: os.Stdout,
		Stderr: os.Stderr,
		Create: bootstrap.PID | bootstrap.Mnt | bootstrap.UTS | bootstrap.IPC,
		Join:   map[bootstrap.Kind]string{bootstrap.Net: "/run/netns/blue"},
	})
	if err != nil {
		log.Fatal(err) // "nsexec-1: failed to unshare remaining namespaces: operation not permitted"
	}
	defer process.Close()
	if _, err := process.Pipe.WriteString(`{"args":["sh"]}`); err != nil {
		log.Fatal(err)
	}
	status, err := process.Wait()
	fmt.Println(status.ExitStatus(), err)
}

// What is wrong with a configuration is said before anything is started.
func ExampleConfig_Message() {
	config := bootstrap.Config{Join: map[bootstrap.Kind]string{bootstrap.Net: "/run/a,user:/run/b"}}
	_, err := config.Message()
	fmt.Println(errors.Is(err, syscall.EINVAL))
	fmt.Println(err)
	// Output:
	// true
	// runtime: check Join: invalid argument: the path of net, "/run/a,user:/run/b", is empty or has a comma or a NUL byte
}
