/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of seccomp agents: a function of an agent in the namespaces of a container, in a program whose runtime has
 * threads. The agent executes itself again with the descriptors of what it has opened in its environment.
 */
#ifndef NSX_AGENT_ENTER_H
#define NSX_AGENT_ENTER_H

#include <stdbool.h>

/**
 * nsexec_agent_enter() - Go where the environment says; for a constructor
 *
 * Without _LIBNSENTER_INIT it returns at once. Else _LIBNSENTER_{MNT,NET,IPC,UTS,CGROUP,PID,USER}NSFD, _ROOTFD and _CWDFD
 * are descriptors, and _UID and _GID numbers; each may be missing. Everything else but 0 to 2, _COMMANDFD and _REPLYFD is
 * closed. What fails ends the process with 1 and a line, "E" before it, on _REPLYFD; without that on standard output.
 * With a pid namespace it returns in a child of the process, which ends as that one does, and kills it at SIGTERM.
 *
 * Return: whether this process is that of a module.
 */
bool nsexec_agent_enter(void);

#endif
