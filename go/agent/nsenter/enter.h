// SPDX-License-Identifier: Apache-2.0
#ifndef NSEXEC_GO_AGENT_ENTER_H
#define NSEXEC_GO_AGENT_ENTER_H

// Returns at once without _LIBNSENTER_INIT; else in the namespaces of the descriptors that the environment names.
void nsexec_go_agent_enter(void);

#endif
