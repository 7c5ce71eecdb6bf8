// SPDX-License-Identifier: Apache-2.0

package bootstrap

import "strings"

// StageRuntime is the stage of an error that was found on our side; those of the child are "nsexec", "nsexec-0",
// "nsexec-1" and "nsexec-2".
const StageRuntime = "runtime"

// Error tells which stage failed at what. It unwraps to a syscall.Errno where a system call was the reason, and to the
// error of the context where that ended.
type Error struct {
	Stage string   // StageRuntime, or the name that the child gives itself; "" if it did not say
	Op    string   // what was attempted, in the words of the stage
	Err   error    // the reason; nil if there is no more than the text
	Log   []string // all fatal lines of the child's log, oldest first
}

// Error returns one line without control characters, for the child's part of it is not to be trusted.
func (e *Error) Error() string {
	text := e.Op
	if e.Stage != "" {
		text = e.Stage + ": " + text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if len(e.Log) > 0 && e.Stage == StageRuntime {
		text += " (" + strings.Join(e.Log, "; ") + ")"
	} else if len(e.Log) > 1 {
		text += " (then " + strings.Join(e.Log[1:], "; ") + ")"
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// Unwrap returns the reason, or nil.
func (e *Error) Unwrap() error { return e.Err }

// childError makes an error of the fatal lines. The first one is the cause; those after it are of stages that noticed.
func childError(lines []string) *Error {
	e := &Error{Log: lines}
	text := lines[0]
	if end := strings.Index(text, "]: "); end > 0 && strings.HasPrefix(text, "nsexec") {
		if begin := strings.IndexByte(text[:end], '['); begin > 0 {
			e.Stage, text = text[:begin], text[end+3:]
		}
	} else if begin := strings.Index(text, "nsenter: "); begin >= 0 {
		text = text[begin+len("nsenter: "):]
	}
	e.Op = text
	if colon := strings.LastIndex(text, ": "); colon > 0 {
		reason := text[colon+2:]
		if hint := strings.Index(reason, "; "); hint > 0 { // ours says more than runc's; all of it is in Log
			reason = reason[:hint]
		}
		if errno := parseErrno(reason); errno != nil {
			e.Op, e.Err = text[:colon], errno
		}
	}
	return e
}
