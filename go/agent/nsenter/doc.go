// SPDX-License-Identifier: Apache-2.0

// Package nsenter runs registered Go functions ("modules") in the namespaces of other processes: what a seccomp agent needs
// to act on behalf of a container. The API is that of github.com/kinvolk/seccompagent/pkg/nsenter, name for name, so that a
// change of the import path is all that a user of that package has to do; RunContext is the better form.
//
// The program executes itself again (Run), joins by the descriptors that the caller has opened before Go starts, and calls
// the function there:
//
//	var _ = nsenter.RegisterModule("mkdir", mkdir)
//
//	func main() {
//		nsenter.Init() // first: in a child it does not return
//		...
//		mntns, err := nsenter.OpenNamespace(pid, "mnt")
//		root, err := nsenter.OpenRoot(pid)
//		// is the notification still valid? If so, what was opened is what was meant
//		reply, err := nsenter.Run(root, nil, mntns, nil, nil, mkdirParams{Module: "mkdir", Path: "/x", Mode: 0o755})
//
// Where the original was wrong this package is not: chroot and chdir are checked; the reply has a descriptor of its own, so
// that nothing printed is taken for it; a failing or panicking module is an error; parameters travel in a sealed memory
// file, of any size, and in nobody's environment; the module has no descriptor of the caller's; the program's own file can
// not be changed through /proc/PID/exe.
//
// That check has a price: with a cwd that was deleted, or that lies outside of the root (CVE-2024-21626), Run is an error
// even for a module that needs none. Pass nil where the path that is meant is absolute.
//
// The process of a module starts with one processor (runtime.GOMAXPROCS) and one arena of the C library's heap, for it is
// there for one function.
//
// Run returns when it has the whole reply. The process is killed and reaped then; that may be a moment later. One that closes
// its reply unfinished has a second to end by itself.
//
// With gccgo, whose runtime opens the program when it starts, Run works only where the root has a /proc that shows it.
//
// All functions may be called from any goroutine. They need what joining the namespaces needs, usually root.
package nsenter
