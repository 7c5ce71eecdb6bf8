/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NSX_LIB_EXEC_H
#define NSX_LIB_EXEC_H

#include "lib_run.h"

/**
 * nsx_exec() - Execute a program, looked up in PATH of its environment if the name has no slash
 * @argv: arguments
 * @envp: environment
 * @err:  detail, with a hint found by probing
 *
 * fork-safe: yes.
 *
 * Return: only on failure: -ENOENT, -EACCES, -ENOEXEC and others of execve(2).
 */
int nsx_exec(char *const argv[], char *const envp[], struct nsx_err *err);

/**
 * nsx_exec_init() - Execute the reaping init program, which starts the program as its child
 * @run: the run
 * @err: detail on failure
 *
 * fork-safe: yes.
 *
 * Return: only on failure: -errno.
 */
int nsx_exec_init(struct nsx_run *run, struct nsx_err *err);

#endif
