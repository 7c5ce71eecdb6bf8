/* SPDX-License-Identifier: Apache-2.0 */
/* The process of an agent's module: the agent's own program again, started by an agent that has threads. */
#ifndef NSX_AGENT_START_H
#define NSX_AGENT_START_H

#include <nsexec/error.h>
#include <stddef.h>
#include <sys/types.h>

enum { NSEXEC_AGENT_WORDS_MAX = 32, NSEXEC_AGENT_FDS_MAX = 32 };

/**
 * nsexec_agent_remember() - Note what the runtime of the program's language changes
 *
 * To be called twice: by a constructor, and when that runtime has begun.
 * thread-safe: no.
 */
void nsexec_agent_remember(void);

/**
 * nsexec_agent_start() - Execute a program in a child, with vfork semantics
 * @words: argv, then the environment, each of them ends with NUL
 * @argc:  how many are argv
 * @envc:  how many are the environment; at most NSEXEC_AGENT_WORDS_MAX together
 * @fds:   the program; what becomes 1 and 2; and what becomes 3 and up. All stay open
 * @count: of @fds, 2 to NSEXEC_AGENT_FDS_MAX
 * @err:   what failed; code 0 if nothing did
 *
 * The program is executed by descriptor: a path through /proc would be looked up in it each time, which takes longer than to
 * start the child. Descriptor 0 is /dev/null. Signals are as after execve(2): what is ignored stays so, except SIGTERM, and
 * what is blocked in the calling thread too. Other descriptors without FD_CLOEXEC are inherited. The soft limit of open files, which Go raises in
 * each of its programs, is what it was before, unless the agent has set it itself.
 *
 * thread-safe: yes; hold what keeps others from making descriptors that are inherited (Go: syscall.ForkLock).
 *
 * Return: pid (its parent is this process, which reaps it), or what clone(2), dup3(2) and execve(2) say; -E2BIG.
 */
pid_t nsexec_agent_start(const char *words, size_t argc, size_t envc, const int *fds, size_t count,
			 struct nsexec_err *err);

#endif
