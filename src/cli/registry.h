/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of containers. Each has a directory below the run directory, as long as it lives: making it claims the name.
 * In it are the file "state", and the seccomp filter if it is not the default one.
 */
#ifndef NSX_CLI_REGISTRY_H
#define NSX_CLI_REGISTRY_H

#include <nsexec/plan.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* As many names as are looked at in passing by a command that has other work to do. */
#define REGISTRY_SOME 32

struct registry_entry {
	char name[64];
	pid_t pid; /* 0: not started yet */
	uint64_t start;
	pid_t supervisor;
	uint64_t supervisor_start;
	int64_t created;  /* seconds since 1970 */
	char seccomp[16]; /* "default", "file", "none" */
	char command[256];
};

/**
 * registry_claim() - Take a name, and have it given back when the process has ended
 * @plan:  gets the paths to clean up
 * @entry: name, supervisor and command
 * @err:   detail on failure
 *
 * Return: 0, -EEXIST (a living container has it), -ENOENT (there is no run directory), or the error of mkdir(2).
 */
int registry_claim(struct nsexec_plan *plan, struct registry_entry *entry, struct nsx_err *err);

/**
 * registry_update() - Write what is known of a container
 * @entry: the entry
 * @err:   detail on failure
 *
 * Return: 0, or the error of writing.
 */
int registry_update(const struct registry_entry *entry, struct nsx_err *err);

/**
 * registry_save_filter() - Keep the seccomp filter of a container
 * @entry:  the entry
 * @filter: its bytes
 * @bytes:  how many
 * @err:    detail on failure
 *
 * Return: 0, or the error of writing.
 */
int registry_save_filter(const struct registry_entry *entry, const void *filter, size_t bytes,
			 struct nsx_err *err);

/**
 * registry_load_filter() - Read the seccomp filter of a container
 * @name:       the name
 * @ret_filter: its bytes; the caller frees them
 * @err:        detail on failure
 *
 * Return: bytes, or the error of reading.
 */
ssize_t registry_load_filter(const char *name, char **ret_filter, struct nsx_err *err);

/**
 * registry_release() - Give a name back that came to nothing
 * @name: the name
 */
void registry_release(const char *name);

/**
 * registry_release_own() - Give a name back if it is still this container's
 * @entry: the entry
 */
void registry_release_own(const struct registry_entry *entry);

/**
 * registry_find() - Look a living container up
 * @name:      its name
 * @ret_entry: what is known
 * @err:       detail on failure
 *
 * Return: 0, -ENOENT.
 */
int registry_find(const char *name, struct registry_entry *ret_entry, struct nsx_err *err);

/**
 * registry_each() - Visit all living containers, and remove what dead ones left
 * @visit: called for each; NULL only to clean up
 * @data:  handed to @visit
 * @most:  stop after so many names, 0: none; for callers in a hurry
 */
void registry_each(void (*visit)(void *data, const struct registry_entry *entry), void *data,
		   unsigned most);

#endif
