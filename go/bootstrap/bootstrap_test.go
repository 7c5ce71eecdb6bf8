// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

// The dumps of the protocol document, little-endian.
const (
	dumpA = `4c000000 30f20100 01000000 00000000 0800916a 00000000 2c00926a 6970633a 2f70726f 632f3432 2f6e732f 6970632c
		6d6e743a 2f70726f 632f3432 2f6e732f 6d6e7400 0800976a 00000000`
	dumpB = `5c000000 30f20100 01000000 00000000 0800916a 0000027e 1400936a 30203130 30303030 20363535 33360a00 1400946a
		30203130 30303030 20363535 33360a00 0800956a 01000000 0900966a 2d353030 00000000 0800976a 00000000`
	dumpC = `88000000 30f20100 01000000 00000000 0800916a 80000230 1700986a 2f757372 2f62696e 2f6e6577 7569646d 61700000
		0e00936a 30203130 30302031 0a000000 0e00946a 30203130 30302031 0a000000 1700996a 2f757372 2f62696e 2f6e6577
		6769646d 61700000 0800976a 01000000 18009a6a 6d6f6e6f 746f6e69 63203137 32383030 20300a00`
	dumpD = `28000000 30f20100 01000000 00000000 0800916a 92100000 0f00926a 2f646576 2f707473 2f330000`
	dumpE = `54000000 30f20100 01000000 00000000 0800916a 00000210 0e00936a 30203130 30302031 0a000000 0e00946a 30203130
		30302031 0a000000 0800976a 00000000 14009a6a 002f7372 762f6100 2f737276 2f620000`
)

func unhex(t *testing.T, text string) string {
	t.Helper()
	bytes, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes)
}

func anyPath(string) (os.FileInfo, error) { return nil, nil }

func littleEndian(t *testing.T) {
	if nativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the dumps are little-endian, this machine is not")
	}
}

func TestMessageIsByteForByteThatOfTheProtocol(t *testing.T) {
	littleEndian(t)
	adj := -500
	single := []IDMap{{0, 1000, 1}}
	many := []IDMap{{0, 100000, 65536}}
	for name, test := range map[string]struct {
		config Config
		dump   string
	}{
		"A": {Config{Join: map[Kind]string{Mnt: "/proc/42/ns/mnt", IPC: "/proc/42/ns/ipc"}}, dumpA},
		"B": {Config{Create: User | PID | Net | IPC | UTS | Cgroup | Mnt, UIDMaps: many, GIDMaps: many, Setgroups: true, OOMScoreAdj: &adj}, dumpB},
		"C": {Config{Create: User | PID | Mnt | Time, UIDMaps: single, GIDMaps: single, Rootless: true, NewuidmapPath: "/usr/bin/newuidmap",
			NewgidmapPath: "/usr/bin/newgidmap", TimeOffsets: map[string]TimeOffset{"monotonic": {172800, 0}}}, dumpC},
		"E": {Config{Era: V1_1, Create: User | Mnt, UIDMaps: single, GIDMaps: single, MountSources: []string{"", "/srv/a", "/srv/b"}}, dumpE},
	} {
		message, err := test.config.message(anyPath)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if string(message) != unhex(t, test.dump) {
			t.Errorf("%s:\n%s", name, hex.Dump(message))
		}
	}
}

func TestBuilderMakesTheMessageOfAnEraThatStartDoesNotSpeak(t *testing.T) {
	littleEndian(t)
	b := &builder{bytes: []byte(unhex(t, dumpD))[:headerBytes:headerBytes]}
	b.addUint32(27281, "pid", 4242)
	b.addString(27282, "console", "/dev/pts/3")
	if b.err != nil || string(b.bytes) != unhex(t, dumpD) {
		t.Errorf("%v\n%s", b.err, hex.Dump(b.bytes))
	}
}

func TestMessageRefuses(t *testing.T) {
	one := []IDMap{{0, 0, 1}}
	adj := 1001
	for name, config := range map[string]Config{
		"an era that is none":                 {Era: 5},
		"a level that is none":                {LogLevel: 9},
		"flags that are not namespaces":       {Create: 0x100},
		"a kind both created and joined":      {Create: Net, Join: map[Kind]string{Net: "/n"}},
		"two kinds as one key":                {Join: map[Kind]string{Net | IPC: "/n"}},
		"an unknown kind":                     {Join: map[Kind]string{1: "/n"}},
		"a comma in a path":                   {Join: map[Kind]string{Net: "/a,user:/b"}},
		"a NUL in a path":                     {Join: map[Kind]string{Net: "/a\x00b"}},
		"an empty path":                       {Join: map[Kind]string{Net: ""}},
		"maps without a user namespace":       {UIDMaps: one},
		"an empty map":                        {Create: User, UIDMaps: []IDMap{{0, 0, 0}}},
		"a map that wraps":                    {Create: User, GIDMaps: []IDMap{{0, 1<<32 - 1, 2}}},
		"a helper by relative path":           {NewuidmapPath: "newuidmap"},
		"a NUL in a helper's path":            {NewgidmapPath: "/a\x00"},
		"a score that is too high":            {OOMScoreAdj: &adj},
		"offsets without a time namespace":    {TimeOffsets: map[string]TimeOffset{"monotonic": {1, 0}}},
		"offsets in an old era":               {Era: V1_1, TimeOffsets: map[string]TimeOffset{"monotonic": {1, 0}}},
		"a clock that has no offset":          {Create: Time, TimeOffsets: map[string]TimeOffset{"realtime": {1, 0}}},
		"a second of nanoseconds":             {Create: Time, TimeOffsets: map[string]TimeOffset{"boottime": {0, 1e9}}},
		"a time namespace in an old era":      {Era: V1_0, Create: Time},
		"mount sources in the current era":    {Create: User | Mnt, MountSources: []string{"/a"}},
		"mount sources without a namespace":   {Era: V1_1, MountSources: []string{"/a"}},
		"a NUL in a mount source":             {Era: V1_1, Create: User | Mnt, MountSources: []string{"/a\x00/b"}},
		"a target outside of 2015":            {TargetPID: 1},
		"no target in 2015":                   {Era: V2015},
		"a namespace to create in 2015":       {Era: V2015, TargetPID: 1, Create: Net},
		"a length that wraps (paths)":         {Join: map[Kind]string{Net: "/" + strings.Repeat("x", 65530)}},
		"a length that wraps (mount sources)": {Era: V1_1, Create: User | Mnt, MountSources: []string{strings.Repeat("x", 65531)}},
		"a length that wraps (maps)":          {Create: User, UIDMaps: make65536()},
	} {
		message, err := config.message(anyPath)
		var detail *Error
		if message != nil || !errors.As(err, &detail) || detail.Stage != StageRuntime || !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := (&Config{Join: map[Kind]string{Net: "/does/not/exist"}}).Message()
	if !errors.Is(err, syscall.ENOENT) || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Error(err)
	}
}

func make65536() []IDMap {
	maps := make([]IDMap, 65536/len("4294967294 0 1\n")+1)
	for i := range maps {
		maps[i] = IDMap{4294967294, 0, 1}
	}
	return maps
}

func TestMessageTakesTheLongestAttribute(t *testing.T) {
	path := "/" + strings.Repeat("x", 65535-4-1-len("net:/"))
	message, err := (&Config{Join: map[Kind]string{Net: path}}).message(anyPath)
	if err != nil || len(message) != 16+8+65536+8 {
		t.Error(len(message), err)
	}
}

func TestPidMessageOfEachEra(t *testing.T) {
	for line, want := range map[string]struct {
		era            Era
		stage1, stage2 int
	}{
		"{\"stage1_pid\":4242,\"stage2_pid\":4243}\n": {Current, 4242, 4243},
		"{\"pid\": 4243, \"pid_first\": 4242}\n":      {V2019, 4242, 4243},
		"{ \"pid\" : 4243 }\n":                        {V2015, 0, 4243},
	} {
		for era := Current; era <= V2015; era++ {
			stage1, stage2, err := parsePids(era, []byte(line))
			same := era == want.era || want.era == Current && (era == V1_1 || era == V1_0)
			if same != (err == nil) || same && (stage1 != want.stage1 || stage2 != want.stage2) {
				t.Errorf("%v, %s: %d %d %v", era, line, stage1, stage2, err)
			}
		}
	}
	for _, line := range []string{"", "{}", "[]", "{\"stage1_pid\":1,\"stage2_pid\":1}", "{\"stage1_pid\":-1,\"stage2_pid\":1}",
		"{\"stage1_pid\":1,\"stage2_pid\":2,\"more\":3}", "{\"stage1_pid\":1,\"stage2_pid\":99999999999999999999}", "\x00{\"stage1_pid\":1,\"stage2_pid\":2}"} {
		if _, _, err := parsePids(Current, []byte(line)); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
}

func TestLogLines(t *testing.T) {
	for line, want := range map[string]LogEntry{
		`{"level":"debug", "msg": "nsexec-2[1]: a \"b\" \\"}`:                   {"debug", `nsexec-2[1]: a "b" \`},
		`{"level":"fatal", "msg": "main:12 nsenter: failed "x": No such file"}`: {"fatal", `main:12 nsenter: failed "x": No such file`},
		`{"level":"info","msg":"go","time":"2020"}`:                             {"info", "go"},
		`{"level":"fatal", "msg": "`:                                            {"", `{"level":"fatal", "msg": "`},
		`panic: oh`:                                                             {"", "panic: oh"},
	} {
		if got := parseLogLine(line); got != want {
			t.Errorf("%s: %+v", line, got)
		}
	}
	long := strings.Repeat("x", 3*maxLineBytes)
	var lengths []int
	log := readLog(strings.NewReader(long+"\nshort"), func(e LogEntry) { lengths = append(lengths, len(e.Message)) })
	<-log.done
	if len(lengths) != 2 || lengths[0] != maxLineBytes || lengths[1] != 5 {
		t.Error(lengths)
	}
}

func TestErrorsOfTheChild(t *testing.T) {
	err := childError([]string{"nsexec-1[77]: failed to unshare user namespace: Operation not permitted", "nsexec-0[76]: failed to sync with stage-1"})
	if err.Stage != "nsexec-1" || err.Op != "failed to unshare user namespace" || len(err.Log) != 2 ||
		(parseErrno("operation not permitted") != nil && !errors.Is(err, syscall.EPERM)) {
		t.Errorf("%+v", err)
	}
	if text := err.Error(); !strings.Contains(text, "nsexec-1: failed to unshare user namespace: ") || !strings.Contains(text, "(then nsexec-0[76]: ") {
		t.Error(text)
	}
	err = childError([]string{"nsexec-0[1]: namespaces: open of /x: No such file or directory; is it mounted?"})
	if err.Op != "namespaces: open of /x" || parseErrno("no such file or directory") != nil && !errors.Is(err, syscall.ENOENT) {
		t.Errorf("%+v", err)
	}
	err = childError([]string{"bail:12 nsenter: failed to open /x: No such file or directory"})
	if err.Stage != "" || err.Op != "failed to open /x" {
		t.Errorf("%+v", err)
	}
	if err := childError([]string{"nsexec-0[1]: a\nb\x1b[31m"}); strings.ContainsAny(err.Error(), "\n\x1b") {
		t.Errorf("%q", err.Error())
	}
}
