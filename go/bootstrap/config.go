// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"errors"
	"os"
	"strings"
	"syscall"
)

// ErrUnsupported is returned by Start where there are no namespaces, which is everywhere but on Linux.
var ErrUnsupported = errors.New("nsexec: not supported on this system")

// Era is a version of the protocol. The two sides must agree on it: nothing in the messages tells them apart.
type Era int

// The eras, newest first.
const (
	Current Era = iota // runc 1.2 and newer
	V1_1               // runc 1.1.x: a NUL byte comes first; sources of mounts instead of time offsets
	V1_0               // runc 1.0.0-rc94 to 1.0.x: a NUL byte comes first; the cgroup namespace waits for a byte
	V2019              // runc 1.0.0-rc7 to rc93: other names in the pid message, no NUL byte
	V2015              // runc of 2015: joins by pid, and everything is in the environment
)

var eraNames = [...]string{"current", "1.1", "1.0", "2019", "2015"}

// String returns the name by which the C library knows the era: "current", "1.1", "1.0", "2019" or "2015".
func (e Era) String() string {
	if e < 0 || int(e) >= len(eraNames) {
		return "unknown era"
	}
	return eraNames[e]
}

// sendsNul: does the first stage write a NUL byte before it reads the message?
func (e Era) sendsNul() bool { return e == V1_1 || e == V1_0 }

// waitsForCgroup: does the last stage wait for a byte before it makes its cgroup namespace?
func (e Era) waitsForCgroup() bool { return e == V1_0 || e == V2019 }

// Kind is a set of kinds of namespaces; its bits are those of clone(2).
type Kind uint32

// The kinds.
const (
	Mnt    Kind = 0x00020000
	Cgroup Kind = 0x02000000
	UTS    Kind = 0x04000000
	IPC    Kind = 0x08000000
	User   Kind = 0x10000000
	PID    Kind = 0x20000000
	Net    Kind = 0x40000000
	Time   Kind = 0x00000080

	allKinds = Mnt | Cgroup | UTS | IPC | User | PID | Net | Time
)

// kinds in the order in which paths are sent: the constructors before runc 1.3 join in this order.
var kinds = []struct {
	kind Kind
	name string
}{
	{User, "user"}, {IPC, "ipc"}, {UTS, "uts"}, {Net, "net"}, {PID, "pid"}, {Mnt, "mnt"}, {Cgroup, "cgroup"}, {Time, "time"},
}

// String returns the names of the kinds as in /proc/PID/ns, joined by "|".
func (k Kind) String() string {
	var names []string
	for _, entry := range kinds {
		if k&entry.kind != 0 {
			names = append(names, entry.name)
		}
	}
	if k&^allKinds != 0 {
		names = append(names, "unknown")
	}
	return strings.Join(names, "|")
}

// IDMap is one line of a uid or gid map: Size ids from Inside are those from Outside in the parent namespace.
type IDMap struct {
	Inside, Outside, Size uint32
}

// TimeOffset is added to a clock in a new time namespace.
type TimeOffset struct {
	Secs     int64
	Nanosecs uint32 // below 1000000000
}

// File is a file that the child inherits, from descriptor 3 on in the order given.
type File struct {
	File *os.File
	Env  string // the environment variable that tells its number; "": none
}

// LogLevel tells which lines the child writes to the log.
type LogLevel int

// The levels, those of logrus. The zero value is LogInfo.
const (
	LogDefault LogLevel = iota
	LogPanic
	LogFatal
	LogError
	LogWarning
	LogInfo
	LogDebug
	LogTrace
)

var levelNames = [...]string{"info", "panic", "fatal", "error", "warning", "info", "debug", "trace"}

// LogEntry is one line of the child's log.
type LogEntry struct {
	Level   string // "fatal", "debug", ...; "" if the line could not be parsed
	Message string
}

// Config says what process to make. Start reads it only; it may be used again, but not be changed meanwhile.
type Config struct {
	Era Era // of the constructor in the child

	// The program that has the constructor, usually the runtime itself: Path "/proc/self/exe", Args {"runc", "init"}.
	// Env is its environment besides the variables of the protocol, which Start adds; nil is an empty one.
	Path string
	Args []string
	Env  []string
	Dir  string // "": that of the caller

	// Its standard descriptors; nil is /dev/null.
	Stdin, Stdout, Stderr *os.File
	Files                 []File // more files, from descriptor 3 on

	Create Kind            // the namespaces to create
	Join   map[Kind]string // the namespaces to join, one kind each, by path

	// For a new user namespace. Without Setgroups, and with Rootless, setgroups(2) is forbidden in it.
	UIDMaps, GIDMaps []IDMap
	Setgroups        bool
	Rootless         bool   // the runtime is not root
	NewuidmapPath    string // absolute paths of the helpers, or ""
	NewgidmapPath    string
	OOMScoreAdj      *int                  // -1000 to 1000; nil: unchanged
	TimeOffsets      map[string]TimeOffset // "monotonic", "boottime"; era Current only
	MountSources     []string              // one for each mount, "" if it has no source to open; era V1_1 only
	TargetPID        int                   // era V2015 only: the process whose namespaces are joined
	ConsolePath      string                // era V2015 only: the terminal to become the controlling one
	BeforeMessage    func(pid int) error   // called with the pid of the first stage before the message is sent, to put it in its cgroup
	Log              func(LogEntry)        // called with each line of the log, also after Start; one at a time, in another goroutine
	LogLevel         LogLevel
	SysProcAttr      *syscall.SysProcAttr // for the first stage; it is always made the leader of a process group
}

// Names of the environment variables.
const (
	envInitPipe    = "_LIBCONTAINER_INITPIPE"
	envInitPID     = "_LIBCONTAINER_INITPID"
	envConsolePath = "_LIBCONTAINER_CONSOLE_PATH"
	envLogPipe     = "_LIBCONTAINER_LOGPIPE"
	envLogLevel    = "_LIBCONTAINER_LOGLEVEL"
	envMountFDs    = "_LIBCONTAINER_MOUNT_FDS"
)
