// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"
	"sync"
)

const (
	maxLineBytes  = 64 << 10
	maxFatalLines = 32
)

// logReader reads the child's log to its end and keeps the fatal lines.
type logReader struct {
	done  chan struct{}
	mutex sync.Mutex
	fatal []string
}

func readLog(from io.Reader, report func(LogEntry)) *logReader {
	l := &logReader{done: make(chan struct{})}
	go func() {
		defer close(l.done)
		lines := bufio.NewReaderSize(from, 4096)
		for {
			line, err := readLine(lines)
			if len(line) > 0 {
				l.take(parseLogLine(line), report)
			}
			if err != nil {
				return
			}
		}
	}()
	return l
}

// readLine returns one line without its end; what is longer than maxLineBytes is cut, for a child may write without end.
func readLine(from *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := from.ReadSlice('\n')
		if room := maxLineBytes - len(line); room < len(part) {
			part = part[:room]
		}
		line = append(line, part...)
		if err != bufio.ErrBufferFull {
			return strings.TrimRight(string(line), "\n"), err
		}
	}
}

func (l *logReader) take(entry LogEntry, report func(LogEntry)) {
	if entry.Level == "fatal" || entry.Level == "panic" {
		l.mutex.Lock()
		if len(l.fatal) < maxFatalLines {
			l.fatal = append(l.fatal, entry.Message)
		}
		l.mutex.Unlock()
	}
	if report != nil {
		report(entry)
	}
}

func (l *logReader) fatalLines() []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return append([]string(nil), l.fatal...)
}

// parseLogLine takes the JSON of all eras, that without escapes of runc before 1.0.0-rc94 included.
func parseLogLine(line string) LogEntry {
	var entry struct{ Level, Msg string }
	if json.Unmarshal([]byte(line), &entry) == nil {
		return LogEntry{Level: entry.Level, Message: entry.Msg}
	}
	const start, middle, end = `{"level":"`, `", "msg": "`, `"}`
	if at := strings.Index(line, middle); at > 0 && strings.HasPrefix(line, start) && strings.HasSuffix(line, end) {
		if begin := at + len(middle); begin <= len(line)-len(end) {
			return LogEntry{Level: line[len(start):at], Message: line[begin : len(line)-len(end)]}
		}
	}
	return LogEntry{Message: line}
}
