// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// The format of netlink(7): a header, then attributes, padded to four bytes each.
const (
	messageType   = 62000
	flagRequest   = 1
	headerBytes   = 16
	maxTotalBytes = 1 << 20 // what our constructor takes; a message of runc is some hundred bytes

	attrCloneFlags   = 27281
	attrNsPaths      = 27282
	attrUIDMap       = 27283
	attrGIDMap       = 27284
	attrSetgroups    = 27285
	attrOOMScoreAdj  = 27286
	attrRootless     = 27287
	attrNewuidmap    = 27288
	attrNewgidmap    = 27289
	attrTimeOffsets  = 27290
	attrMountSources = 27290 // the same number, in the era 1.1
)

var nativeEndian = func() binary.ByteOrder {
	one := uint16(1)
	if *(*byte)(unsafe.Pointer(&one)) == 1 {
		return binary.LittleEndian
	}
	return binary.BigEndian
}()

// builder collects attributes; the first error stays.
type builder struct {
	bytes []byte
	err   error
}

func (b *builder) add(number uint16, name string, value []byte) {
	if b.err != nil {
		return
	}
	// The length is a 16-bit number. Let it wrap, and the reader takes the rest of the value for attributes, which is how
	// CVE-2021-43784 let a configuration switch namespaces off.
	length := 4 + len(value)
	if length > math.MaxUint16 {
		b.err = invalid(name, "%d bytes are more than an attribute can hold", len(value))
		return
	}
	var header [4]byte
	nativeEndian.PutUint16(header[0:], uint16(length))
	nativeEndian.PutUint16(header[2:], number)
	b.bytes = append(append(b.bytes, header[:]...), value...)
	for len(b.bytes)%4 != 0 {
		b.bytes = append(b.bytes, 0)
	}
}

func (b *builder) addUint32(number uint16, name string, value uint32) {
	var bytes [4]byte
	nativeEndian.PutUint32(bytes[:], value)
	b.add(number, name, bytes[:])
}

// addBool writes the truth to the first byte: runc's constructor reads only that one, on big-endian machines, too.
func (b *builder) addBool(number uint16, name string, value bool) {
	bytes := make([]byte, 4)
	if value {
		bytes[0] = 1
	}
	b.add(number, name, bytes)
}

func (b *builder) addString(number uint16, name, value string) {
	if b.err == nil && strings.IndexByte(value, 0) >= 0 {
		b.err = invalid(name, "there is a NUL byte in it")
		return
	}
	b.add(number, name, append([]byte(value), 0))
}

func invalid(name, format string, args ...interface{}) error {
	return &Error{Stage: StageRuntime, Op: "check " + name, Err: fmt.Errorf("%w: "+format, append([]interface{}{syscall.EINVAL}, args...)...)}
}

// Message returns the bytes that the runtime writes to the init pipe, for those who start the child on their own. In the
// era V2015 there is no message, and it is empty. An error is an *Error that unwraps to EINVAL, or to what lstat(2) of a
// path to join returned. Safe for any goroutine.
func (c *Config) Message() ([]byte, error) { return c.message(os.Lstat) }

func (c *Config) message(lstat func(string) (os.FileInfo, error)) ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Era == V2015 {
		return nil, nil
	}
	paths, err := c.joinList(lstat)
	if err != nil {
		return nil, err
	}

	b := &builder{bytes: make([]byte, headerBytes, 256)}
	b.addUint32(attrCloneFlags, "Create", uint32(c.Create))
	if paths != "" {
		b.addString(attrNsPaths, "Join", paths)
	}
	if c.NewuidmapPath != "" {
		b.addString(attrNewuidmap, "NewuidmapPath", c.NewuidmapPath)
	}
	if len(c.UIDMaps) > 0 {
		b.addString(attrUIDMap, "UIDMaps", formatMaps(c.UIDMaps))
	}
	if len(c.GIDMaps) > 0 {
		b.addString(attrGIDMap, "GIDMaps", formatMaps(c.GIDMaps))
	}
	if c.NewgidmapPath != "" {
		b.addString(attrNewgidmap, "NewgidmapPath", c.NewgidmapPath)
	}
	if c.Setgroups {
		b.addBool(attrSetgroups, "Setgroups", true)
	}
	if c.OOMScoreAdj != nil {
		b.addString(attrOOMScoreAdj, "OOMScoreAdj", strconv.Itoa(*c.OOMScoreAdj))
	}
	b.addBool(attrRootless, "Rootless", c.Rootless)
	if len(c.TimeOffsets) > 0 {
		b.addString(attrTimeOffsets, "TimeOffsets", formatOffsets(c.TimeOffsets))
	}
	if c.hasMountSources() {
		// each source ends in a NUL, and so does the attribute
		b.add(attrMountSources, "MountSources", []byte(strings.Join(c.MountSources, "\x00")+"\x00\x00"))
	}
	if b.err == nil && len(b.bytes) > maxTotalBytes {
		b.err = invalid("message", "%d bytes are too many", len(b.bytes))
	}
	if b.err != nil {
		return nil, b.err
	}
	nativeEndian.PutUint32(b.bytes[0:], uint32(len(b.bytes)))
	nativeEndian.PutUint16(b.bytes[4:], messageType)
	nativeEndian.PutUint16(b.bytes[6:], flagRequest)
	nativeEndian.PutUint32(b.bytes[8:], 1)
	return b.bytes, nil
}

// check finds what no constructor of that era would understand.
func (c *Config) check() error {
	if c.Era < Current || c.Era > V2015 {
		return invalid("Era", "%d is none", int(c.Era))
	}
	if c.LogLevel < LogDefault || c.LogLevel > LogTrace {
		return invalid("LogLevel", "%d is none", int(c.LogLevel))
	}
	if c.Era == V2015 {
		return c.check2015()
	}
	if c.TargetPID != 0 || c.ConsolePath != "" {
		return invalid("TargetPID, ConsolePath", "only the era %v has them", V2015)
	}
	if unknown := c.Create &^ allKinds; unknown != 0 {
		return invalid("Create", "0x%x are not namespaces", uint32(unknown))
	}
	joined := Kind(0)
	for kind := range c.Join {
		joined |= kind
	}
	if both := c.Create & joined; both != 0 {
		return invalid("Create", "%v: to create and to join", both)
	}
	if c.Era != Current && (c.Create|joined)&Time != 0 {
		return invalid("Create, Join", "time: the era %v does not know it", c.Era)
	}
	if len(c.UIDMaps)+len(c.GIDMaps) > 0 && c.Create&User == 0 {
		return invalid("UIDMaps, GIDMaps", "no user namespace is created")
	}
	if err := checkMaps("UIDMaps", c.UIDMaps); err != nil {
		return err
	}
	if err := checkMaps("GIDMaps", c.GIDMaps); err != nil {
		return err
	}
	for _, path := range []string{c.NewuidmapPath, c.NewgidmapPath} {
		if path != "" && !filepath.IsAbs(path) {
			return invalid("NewuidmapPath, NewgidmapPath", "%q is not absolute", path)
		}
	}
	if c.OOMScoreAdj != nil && (*c.OOMScoreAdj < -1000 || *c.OOMScoreAdj > 1000) {
		return invalid("OOMScoreAdj", "%d is not in -1000..1000", *c.OOMScoreAdj)
	}
	return c.checkLast()
}

// checkLast looks at what shares the last attribute.
func (c *Config) checkLast() error {
	if len(c.TimeOffsets) > 0 && (c.Era != Current || c.Create&Time == 0) {
		return invalid("TimeOffsets", "only the era %v has them, for a new time namespace", Current)
	}
	for clock, offset := range c.TimeOffsets {
		if clock != "monotonic" && clock != "boottime" {
			return invalid("TimeOffsets", "%q is not a clock that has one", clock)
		}
		if offset.Nanosecs >= 1e9 {
			return invalid("TimeOffsets", "%d nanoseconds are a second or more", offset.Nanosecs)
		}
	}
	if len(c.MountSources) > 0 && c.Era != V1_1 {
		return invalid("MountSources", "only the era %v has them", V1_1)
	}
	if c.hasMountSources() && c.Create&(User|Mnt) != User|Mnt {
		return invalid("MountSources", "they are for new user and mount namespaces")
	}
	for _, path := range c.MountSources {
		if strings.IndexByte(path, 0) >= 0 {
			return invalid("MountSources", "there is a NUL byte in %q", path)
		}
	}
	return nil
}

func (c *Config) check2015() error {
	if c.TargetPID <= 0 {
		return invalid("TargetPID", "%d is not a process", c.TargetPID)
	}
	more := Config{Era: c.Era, Path: c.Path, Args: c.Args, Env: c.Env}
	if c.Create != more.Create || len(c.Join)+len(c.UIDMaps)+len(c.GIDMaps)+len(c.TimeOffsets)+len(c.MountSources) > 0 ||
		c.Setgroups || c.Rootless || c.NewuidmapPath+c.NewgidmapPath != "" || c.OOMScoreAdj != nil {
		return invalid("Config", "the era %v only joins the namespaces of TargetPID", V2015)
	}
	return nil
}

func (c *Config) hasMountSources() bool {
	for _, path := range c.MountSources {
		if path != "" {
			return true
		}
	}
	return false
}

// joinList returns "kind:path,kind:path" in the order of kinds.
func (c *Config) joinList(lstat func(string) (os.FileInfo, error)) (string, error) {
	var list []string
	found := 0
	for _, entry := range kinds {
		path, wanted := c.Join[entry.kind]
		if !wanted {
			continue
		}
		found++
		if path == "" || strings.ContainsAny(path, ",\x00") {
			return "", invalid("Join", "the path of %s, %q, is empty or has a comma or a NUL byte", entry.name, path)
		}
		if _, err := lstat(path); err != nil {
			return "", &Error{Stage: StageRuntime, Op: "check Join", Err: err}
		}
		list = append(list, entry.name+":"+path)
	}
	if found != len(c.Join) {
		return "", invalid("Join", "each key must be one kind of namespace")
	}
	return strings.Join(list, ","), nil
}

func checkMaps(name string, maps []IDMap) error {
	for _, m := range maps {
		if m.Size == 0 || uint64(m.Inside)+uint64(m.Size) > 1<<32 || uint64(m.Outside)+uint64(m.Size) > 1<<32 {
			return invalid(name, "%d %d %d: the range is empty or wraps", m.Inside, m.Outside, m.Size)
		}
	}
	return nil
}

func formatMaps(maps []IDMap) string {
	var b strings.Builder
	for _, m := range maps {
		fmt.Fprintf(&b, "%d %d %d\n", m.Inside, m.Outside, m.Size)
	}
	return b.String()
}

func formatOffsets(offsets map[string]TimeOffset) string {
	clocks := make([]string, 0, len(offsets))
	for clock := range offsets {
		clocks = append(clocks, clock)
	}
	sort.Strings(clocks)
	var b strings.Builder
	for _, clock := range clocks {
		fmt.Fprintf(&b, "%s %d %d\n", clock, offsets[clock].Secs, offsets[clock].Nanosecs)
	}
	return b.String()
}

// parsePids takes only the keys of that era; stage1 is 0 in the era 2015.
func parsePids(era Era, line []byte) (stage1, stage2 int, err error) {
	var pids map[string]int
	if err := json.Unmarshal(line, &pids); err != nil {
		return 0, 0, fmt.Errorf("%w: %q", syscall.EPROTO, line)
	}
	keys := []string{"stage2_pid", "stage1_pid"}
	switch era {
	case V2019:
		keys = []string{"pid", "pid_first"}
	case V2015:
		keys = []string{"pid"}
	}
	for _, key := range keys {
		if pids[key] <= 0 {
			return 0, 0, fmt.Errorf("%w: %q has no %q: a constructor of another era?", syscall.EPROTO, line, key)
		}
	}
	if len(pids) != len(keys) {
		return 0, 0, fmt.Errorf("%w: %q has more than the pids of the era %v", syscall.EPROTO, line, era)
	}
	if len(keys) == 1 {
		return 0, pids[keys[0]], nil
	}
	if pids[keys[0]] == pids[keys[1]] {
		return 0, 0, fmt.Errorf("%w: %q: the pids are the same", syscall.EPROTO, line)
	}
	return pids[keys[1]], pids[keys[0]], nil
}
