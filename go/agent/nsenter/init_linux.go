// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo && (amd64 || arm64)

package nsenter

/*
#cgo CFLAGS: -fno-plt

#define NSX_GO_PREFIX nsexec_go_agent_
#include "../../internal/csrc/names.h"
#include "../../internal/csrc/agent_enter.h"
#include "../../internal/csrc/agent_start.h"

#include <malloc.h>

__attribute__((constructor)) static void nsexec_go_agent_constructor(void)
{
	nsexec_agent_remember();
	// the C library shall not make a heap for each thread of Go's, which is there in a moment and hardly uses it
#ifdef M_ARENA_MAX
	if (nsexec_agent_enter())
		(void)mallopt(M_ARENA_MAX, 1);
#else
	(void)nsexec_agent_enter();
#endif
}
*/
import "C"

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"

	_ "github.com/nsexec/nsexec/go/internal/csrc" // the C sources, for `go mod vendor`
)

const (
	envInit      = "_LIBNSENTER_INIT"
	envCommand   = "_LIBNSENTER_COMMAND"
	envCommandFD = "_LIBNSENTER_COMMANDFD"
	envReplyFD   = "_LIBNSENTER_REPLYFD"
	initArg      = "-init"
	oneProcessor = "GOMAXPROCS=1" // Go starts a twentieth faster
)

// The first byte of a reply.
const (
	replyOK    = 'R'
	replyError = 'E'
)

func init() {
	if os.Getenv(envInit) == "" {
		C.nsexec_agent_remember() // for the second time: Go has begun
	}
}

// Init has to be called first thing in main. In a child that Run has started it runs the module and ends the process; in
// every other process it returns at once. (Both the argument and the variable have to be there, which no user gives.)
func Init() {
	if len(os.Args) < 2 || os.Args[1] != initArg || os.Getenv(envInit) == "" {
		return
	}
	reply := os.Stdout
	if text := os.Getenv(envReplyFD); text != "" {
		fd, err := strconv.Atoi(text)
		if err != nil || fd < 0 {
			fmt.Printf("nsenter: %s=%s is no descriptor\n", envReplyFD, text)
			os.Exit(1)
		}
		os.Unsetenv("GOMAXPROCS") // ours, and not for programs that the module executes
		syscall.CloseOnExec(fd)   // a program that the module executes shall neither answer for it nor hold up the agent
		reply = os.NewFile(uintptr(fd), "reply")
	}
	text, err := runModule()
	if err != nil {
		answer(reply, replyError, err.Error())
		os.Exit(1)
	}
	if err := answer(reply, replyOK, text); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// answer writes a reply; where the parent is ours it says first of what kind it is, and how long: who has all of it need not
// wait for the end of this process.
func answer(reply *os.File, kind byte, text string) error {
	if reply != os.Stdout {
		head := make([]byte, 9)
		head[0] = kind
		binary.LittleEndian.PutUint64(head[1:], uint64(len(text)))
		text = string(head) + text
	} else if kind == replyError {
		text += "\n"
	}
	_, err := io.WriteString(reply, text)
	return err
}

func runModule() (string, error) {
	param, err := readCommand()
	if err != nil {
		return "", err
	}
	f, err := find(param)
	if err != nil {
		return "", err
	}
	return call(f, param)
}

func readCommand() ([]byte, error) {
	if text := os.Getenv(envCommandFD); text != "" {
		fd, err := strconv.Atoi(text)
		if err != nil || fd < 0 {
			return nil, fmt.Errorf("nsenter: %s=%s is no descriptor", envCommandFD, text)
		}
		syscall.CloseOnExec(fd)
		file := os.NewFile(uintptr(fd), "command")
		defer file.Close()
		return io.ReadAll(file)
	}
	text := os.Getenv(envCommand) // the parent of the original
	if text == "" {
		return nil, fmt.Errorf("nsenter: invalid call to init: neither %s nor %s is set", envCommandFD, envCommand)
	}
	param, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("nsenter: %s: %w", envCommand, err)
	}
	return param, nil
}
