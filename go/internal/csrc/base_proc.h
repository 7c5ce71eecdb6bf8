/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NSX_BASE_PROC_H
#define NSX_BASE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base_err.h"

/**
 * nsx_proc_start_time() - Field 22 of /proc/PID/stat
 * @proc_fd:   the directory /proc/PID
 * @ret_start: clock ticks since boot
 * @err:       detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: 0, -ESRCH, -EPROTO.
 */
int nsx_proc_start_time(int proc_fd, uint64_t *ret_start, struct nsx_err *err);

/**
 * nsx_proc_is() - Does a process exist, and is it the one that started then?
 * @pid:   its number
 * @start: its start time
 *
 * fork-safe: yes.
 *
 * Return: false for another process, for none, and for one that has ended and was not reaped.
 */
bool nsx_proc_is(pid_t pid, uint64_t start);

/**
 * nsx_proc_exit_code() - How a process ended that somebody else has not reaped yet
 * @pid:      its number
 * @ret_code: as of wait(2)
 * @err:      detail on failure, or NULL
 *
 * fork-safe: yes.
 *
 * Return: 0, -ECHILD (it has not ended, or is gone), -EPROTO.
 */
int nsx_proc_exit_code(pid_t pid, int *ret_code, struct nsx_err *err);

/**
 * nsx_proc_start_of() - The start time of a process by number
 * @pid: its number
 *
 * fork-safe: yes.
 *
 * Return: the time, 0 if there is no such process.
 */
uint64_t nsx_proc_start_of(pid_t pid);

#endif
