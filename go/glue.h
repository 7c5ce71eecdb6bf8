// SPDX-License-Identifier: Apache-2.0
// What the Go code of this package calls: a plan comes as a list of texts, so that nothing but bytes crosses the border.
#ifndef NSEXEC_GO_GLUE_H
#define NSEXEC_GO_GLUE_H

#include <stddef.h>
#include <stdint.h>

struct nsexec_go_failure {
	int32_t code; // negative errno, 0: none
	char step[16];
	char operation[40];
	char object[196];
	char hint[256];
};

struct nsexec_go_started {
	struct nsexec_go_failure failure;
	int32_t pid;
	int32_t pidfd; // a descriptor of the caller's
	void *process; // for nsexec_go_wait() and nsexec_go_free()
};

// texts: KEY NUL VALUE NUL ... as in the table of glue.c; image: a sealed memfd with the helper image, borrowed.
void nsexec_go_start(const char *texts, size_t bytes, int image, struct nsexec_go_started *ret);

// Waits for the end. Returns the exit status, or 256 plus the signal that ended it; negative: failed.
int nsexec_go_wait(void *process, struct nsexec_go_failure *ret);

void nsexec_go_free(void *process);

#endif
