// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	createCgroupNamespace = 0x80 // the byte for which the last stage of the eras 1.0 and 2019 waits
	maxPidMessage         = 256
	drainTime             = time.Second
)

var errClosed = errors.New("the child closed its end")

// starter is one attempt to start a child.
type starter struct {
	config  *Config
	pipe    *os.File // our ends
	logPipe *os.File
	log     *logReader

	childPipe, childLog, null *os.File // the child's

	stage0      int // 0: not started
	stage1      int // 0: not known
	stage2      int
	pidfd       *os.File
	helloRead   bool          // the NUL byte, where there is one
	pidLine     []byte        // what was read of the pid message
	stage0Ended chan struct{} // closed when the first stage has ended; it is not reaped by that
}

// Start makes the process that c describes and returns when the constructor has done its part: the first two stages have
// ended and are reaped, and Go begins to run in the third. The context bounds Start only; to end the process later, use
// Process.Signal. When anything fails, or the context ends, nothing of the child is left.
//
// An error is an *Error, but for that of a missing program and the like, which is an *os.PathError. What capabilities are
// needed depends on c: CAP_SYS_ADMIN for all but a new user namespace. Any goroutine may call it; the process must not
// ignore SIGCHLD, nor reap children that it does not know, with wait4(-1), meanwhile.
func Start(ctx context.Context, c *Config) (*Process, error) {
	message, err := c.Message()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, &Error{Stage: StageRuntime, Op: "start", Err: err}
	}
	s := &starter{config: c}
	if err := s.open(); err != nil {
		s.close()
		return nil, err
	}
	if err := s.execute(); err != nil {
		s.close()
		return nil, err
	}
	s.closeChildEnds()
	if s.logPipe != nil {
		s.log = readLog(s.logPipe, c.Log)
	}

	s.watchStage0()
	stop := s.killWith(ctx)
	err = s.converse(message)
	if stop() {
		err = &Error{Stage: StageRuntime, Op: "start", Err: ctx.Err()}
	}
	if err != nil {
		return nil, s.fail(err)
	}
	if _, err := reap(s.stage0); err != nil {
		return nil, s.fail(&Error{Stage: StageRuntime, Op: "reap nsexec-0", Err: err})
	}
	return &Process{Pid: s.stage2, Pidfd: s.pidfd, Pipe: s.pipe, log: s.log, logPipe: s.logPipe}, nil
}

// open makes the socket pair and the pipe.
func (s *starter) open() error {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return &Error{Stage: StageRuntime, Op: "socketpair", Err: err}
	}
	s.pipe, s.childPipe = pollable(fds[0], "init pipe"), os.NewFile(uintptr(fds[1]), "init pipe of the child")
	if s.config.Era != V2015 {
		var ends [2]int
		if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
			return &Error{Stage: StageRuntime, Op: "pipe2", Err: err}
		}
		s.logPipe, s.childLog = pollable(ends[0], "log pipe"), os.NewFile(uintptr(ends[1]), "log pipe of the child")
	}
	s.null, err = os.OpenFile(os.DevNull, os.O_RDWR, 0)
	return err
}

// pollable makes a file with deadlines, which a Close in another goroutine wakes.
func pollable(fd int, name string) *os.File {
	_ = syscall.SetNonblock(fd, true) // without, only these are lost
	return os.NewFile(uintptr(fd), name)
}

// execute starts the first stage.
func (s *starter) execute() error {
	c := s.config
	files := []*os.File{c.Stdin, c.Stdout, c.Stderr}
	for i := range files {
		if files[i] == nil {
			files[i] = s.null
		}
	}
	env := append([]string(nil), c.Env...)
	give := func(file *os.File, variable string) {
		files = append(files, file)
		if variable != "" {
			env = append(env, variable+"="+strconv.Itoa(len(files)-1))
		}
	}
	for _, file := range c.Files {
		if file.File == nil {
			return invalid("Files", "a file is nil")
		}
		give(file.File, file.Env)
	}
	give(s.childPipe, envInitPipe)
	if s.childLog != nil {
		give(s.childLog, envLogPipe)
		env = append(env, envLogLevel+"="+c.logLevelText())
	}
	if c.hasMountSources() {
		// The numbers only: the child puts the sources that it opens there.
		numbers := make([]int, len(c.MountSources))
		for i, source := range c.MountSources {
			numbers[i] = -1
			if source != "" {
				give(s.null, "")
				numbers[i] = len(files) - 1
			}
		}
		text, _ := json.Marshal(numbers) // cannot fail
		env = append(env, envMountFDs+"="+string(text))
	}
	if c.Era == V2015 {
		env = append(env, envInitPID+"="+strconv.Itoa(c.TargetPID))
		if c.ConsolePath != "" {
			env = append(env, envConsolePath+"="+c.ConsolePath)
		}
	}
	if err := checkEnv(env); err != nil {
		return err
	}

	// A process group of its own: the stages, whose pids we learn late or never, are in it until the last one has all
	// it needs to be the last. So they can be killed and reaped whatever happens.
	attr := &syscall.SysProcAttr{}
	if c.SysProcAttr != nil {
		*attr = *c.SysProcAttr
	}
	if attr.Pgid != 0 {
		return invalid("SysProcAttr", "Pgid: the first stage leads its own group")
	}
	attr.Setpgid = !attr.Setsid
	fds := make([]uintptr, len(files))
	for i, file := range files {
		fds[i] = file.Fd()
	}
	pid, err := syscall.ForkExec(c.Path, c.Args, &syscall.ProcAttr{Dir: c.Dir, Env: env, Files: fds, Sys: attr})
	runtime.KeepAlive(files)
	if err != nil {
		return &os.PathError{Op: "fork/exec", Path: c.Path, Err: err}
	}
	s.stage0 = pid
	return nil
}

// checkEnv refuses variables that are there twice: which of them counts differs between C and Go.
func checkEnv(env []string) error {
	seen := map[string]bool{}
	for _, entry := range env {
		name := entry
		if equals := strings.IndexByte(entry, '='); equals >= 0 {
			name = entry[:equals]
		}
		if seen[name] && strings.HasPrefix(name, "_LIBCONTAINER_") {
			return invalid("Env", "%s is there twice", name)
		}
		seen[name] = true
	}
	return nil
}

// logLevelText: C code reads the level, as a number, since 1.1; Go code of before reads a word.
func (c *Config) logLevelText() string {
	if c.Era == Current || c.Era == V1_1 {
		level := c.LogLevel
		if level == LogDefault {
			level = LogInfo
		}
		return strconv.Itoa(int(level - LogPanic))
	}
	return levelNames[c.LogLevel]
}

// killWith kills the child when the context ends. The function it returns stops that, and tells whether it happened. It
// must be called before the first stage is reaped, for then the number of the group is free.
func (s *starter) killWith(ctx context.Context) (stop func() bool) {
	killed := false
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-ctx.Done():
			killed = true
			s.killGroup()
			_ = s.pipe.SetDeadline(time.Unix(1, 0))
		case <-over:
		}
	}()
	return func() bool {
		close(over)
		<-ended
		return killed
	}
}

// watchStage0 notices its end. What it had to say is in the socket then; somebody else who holds the other end, and does not
// say it, is not waited for.
func (s *starter) watchStage0() {
	s.stage0Ended = make(chan struct{})
	go func() {
		waitNotReap(s.stage0, 0)
		_ = s.pipe.SetDeadline(time.Now().Add(drainTime))
		close(s.stage0Ended)
	}()
}

// killGroup must not be called when the first stage is reaped.
func (s *starter) killGroup() {
	_ = syscall.Kill(-s.stage0, syscall.SIGKILL) // who is gone is gone
}

// converse says and hears all that the protocol has. The first stage has ended then, but is not reaped.
func (s *starter) converse(message []byte) error {
	c := s.config
	if c.BeforeMessage != nil {
		if err := c.BeforeMessage(s.stage0); err != nil {
			return &Error{Stage: StageRuntime, Op: "BeforeMessage", Err: err}
		}
	}
	if c.Era.sendsNul() {
		var first [1]byte
		if _, err := io.ReadFull(s.pipe, first[:]); err != nil {
			return s.lost("read the first byte", err)
		}
		if first[0] != 0 {
			s.pidLine = first[:]
			return &Error{Stage: StageRuntime, Op: "read the first byte", Err: fmt.Errorf("%w: it is 0x%02x: a constructor of another era?", syscall.EPROTO, first[0])}
		}
	}
	s.helloRead = true
	if len(message) > 0 {
		if _, err := s.pipe.Write(message); err != nil {
			return s.lost("write the message", err)
		}
	}
	if err := s.readPids(); err != nil {
		return err
	}
	if c.Era.waitsForCgroup() && c.Create&Cgroup != 0 {
		if _, err := s.pipe.Write([]byte{createCgroupNamespace}); err != nil {
			return s.lost("write the byte for the cgroup namespace", err)
		}
	}
	if s.stage1 != 0 {
		_, _ = reap(s.stage1) // its failure is that of the first stage; somebody else's reaping does no harm
	}
	return s.waitStage0()
}

// readPids reads the pid message and opens the pidfd.
func (s *starter) readPids() error {
	if err := s.readPidLine(); err != nil {
		return s.lost("read the pid message", err)
	}
	stage1, stage2, err := parsePids(s.config.Era, s.pidLine)
	if err != nil {
		return &Error{Stage: StageRuntime, Op: "read the pid message", Err: err}
	}
	for _, pid := range []int{stage1, stage2} {
		if pid == 0 || pid == s.stage0 {
			if pid == 0 && s.config.Era == V2015 {
				continue
			}
			return &Error{Stage: StageRuntime, Op: "read the pid message", Err: fmt.Errorf("%w: pid %d", syscall.EPROTO, pid)}
		}
		if errno := waitNotReap(pid, waitNoBlock); errno != 0 {
			return &Error{Stage: StageRuntime, Op: fmt.Sprintf("wait for pid %d of the pid message", pid), Err: errno}
		}
	}
	s.stage1, s.stage2 = stage1, stage2
	s.pidfd, err = pidfdOpen(stage2)
	if err != nil {
		return &Error{Stage: StageRuntime, Op: "pidfd_open", Err: err}
	}
	return nil
}

// readPidLine reads byte by byte: what follows may be for somebody else. Called again it goes on where it was.
func (s *starter) readPidLine() error {
	for len(s.pidLine) < maxPidMessage {
		var one [1]byte
		if _, err := io.ReadFull(s.pipe, one[:]); err != nil {
			return err
		}
		s.pidLine = append(s.pidLine, one[0])
		if one[0] == '\n' {
			return nil
		}
	}
	return fmt.Errorf("%w: it does not end", syscall.EPROTO)
}

// waitStage0 waits for the end of the first stage, without reaping it, and looks how it ended.
func (s *starter) waitStage0() error {
	<-s.stage0Ended
	_ = s.pipe.SetDeadline(time.Time{})
	status, err := s.stage0Status()
	if err != nil {
		return &Error{Stage: StageRuntime, Op: "wait for nsexec-0", Err: err}
	}
	if status != "" {
		return &Error{Stage: "nsexec-0", Op: status}
	}
	return nil
}

// stage0Status tells how the first stage ended, "" if well. It has ended, and is not reaped.
func (s *starter) stage0Status() (string, error) {
	code, status, err := peekStatus(s.stage0)
	switch {
	case err != nil:
		return "", err
	case code == codeExited && status == 0:
		return "", nil
	case code == codeExited:
		return "exit status " + strconv.Itoa(status), nil
	}
	return "killed by " + syscall.Signal(status).String(), nil
}

// lost is the error for a conversation that broke off. Why is in the log, or in the way the first stage ended.
func (s *starter) lost(op string, err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		err = errClosed
	}
	return &Error{Stage: StageRuntime, Op: op, Err: err}
}

// fail ends and reaps all that is left of the child, and makes the best error of what is known.
func (s *starter) fail(reason error) error {
	broken := &Error{}
	mayKnow := errors.As(reason, &broken) && (broken.Stage == "nsexec-0" || broken.Err == errClosed)
	how := ""
	if mayKnow {
		// It closed its end, so it is about to end; let it say why before it is killed.
		how = s.endOfStage0(drainTime)
	}
	s.killGroup()
	if s.pidfd != nil {
		if connection, err := s.pidfd.SyscallConn(); err == nil {
			_ = connection.Control(func(fd uintptr) { pidfdSendSignal(int(fd), syscall.SIGKILL) })
		}
	}
	<-s.stage0Ended
	s.reapAll()
	if s.log != nil {
		_ = s.logPipe.SetReadDeadline(time.Now().Add(drainTime)) // who else has the other end does not hold us up
		<-s.log.done
		if lines := s.log.fatalLines(); len(lines) > 0 {
			if mayKnow {
				reason = childError(lines)
			} else if broken.Op != "" {
				broken.Log = lines
			}
		} else if mayKnow && how != "" {
			reason = &Error{Stage: "nsexec-0", Op: how}
		}
	} else if mayKnow && how != "" {
		reason = &Error{Stage: "nsexec-0", Op: how + " (why is on its standard error)"}
	}
	s.close()
	return reason
}

// endOfStage0 waits at most that long for the first stage, which stays unreaped, and tells how it ended.
func (s *starter) endOfStage0(limit time.Duration) string {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-s.stage0Ended:
		how, _ := s.stage0Status()
		return how
	case <-timer.C:
		return ""
	}
}

// reapAll reaps the stages. All are killed, or about to die: no wait takes long.
func (s *starter) reapAll() {
	stage2Reaped := false
	for {
		pid, err := syscall.Wait4(-s.stage0, nil, waitAll, nil)
		if err != nil && err != syscall.EINTR {
			break // ECHILD: nobody is left in the group
		}
		stage2Reaped = stage2Reaped || err == nil && pid == s.stage2
	}
	if stage2Reaped {
		return
	}
	if s.stage2 == 0 {
		// The pids may be in the socket still, and the last stage may have left the group.
		_ = s.pipe.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		err := error(nil)
		if len(s.pidLine) == 0 || s.pidLine[len(s.pidLine)-1] != '\n' {
			err = s.readPidLine()
		}
		line := s.pidLine
		if s.config.Era.sendsNul() && !s.helloRead && len(line) > 0 && line[0] == 0 {
			line = line[1:]
		}
		if err == nil {
			_, s.stage2, _ = parsePids(s.config.Era, line)
		}
	}
	if s.stage2 > 0 && waitNotReap(s.stage2, waitNoBlock) == 0 {
		_ = syscall.Kill(s.stage2, syscall.SIGKILL) // our own child, and not reaped: the pid is its
		_, _ = reap(s.stage2)
	}
}

func (s *starter) closeChildEnds() {
	for _, file := range []**os.File{&s.childPipe, &s.childLog, &s.null} {
		if *file != nil {
			_ = (*file).Close()
			*file = nil
		}
	}
}

func (s *starter) close() {
	s.closeChildEnds()
	for _, file := range []*os.File{s.pipe, s.logPipe, s.pidfd} {
		if file != nil {
			_ = file.Close()
		}
	}
}
