/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong: a fixed-size record without pointers, so that it can be sent between processes as it is.
 */
#ifndef NSEXEC_ERROR_H
#define NSEXEC_ERROR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/** Bytes that nsexec_err_format() never needs more than, the closing NUL included. */
#define NSEXEC_ERR_TEXT_MAX 1024

/**
 * struct nsexec_err - The detail of a failure; the first one to detect it fills it
 * @code:      negative errno, 0 when nothing failed
 * @hint:      number of a sentence that says what to do; see nsexec_err_hint(); 0: none
 * @step:      step of the engine, "" outside of it
 * @operation: system call or short verb
 * @object:    what the user can recognise: a path, an option, a value
 *
 * All texts are NUL-terminated. Initialise with `= { 0 }`.
 */
struct nsexec_err {
	int32_t code;
	uint32_t hint;
	char step[16];
	char operation[40];
	char object[196];
};

/**
 * nsexec_err_format() - One line of text for a record
 * @err: the record
 * @buf: where to write
 * @len: size of @buf in bytes; NSEXEC_ERR_TEXT_MAX is always enough
 *
 * "STEP: OPERATION of OBJECT: REASON", without line feed. Control characters in the object are shown as `?`.
 * fork-safe: no (strerror).  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: the length of the text, cut to @len - 1.
 */
size_t nsexec_err_format(const struct nsexec_err *err, char *buf, size_t len);

/**
 * nsexec_err_hint() - The sentence that says what to do about a failure
 * @err: the record
 *
 * fork-safe: yes.  threads: any.  capabilities: none.  Since: 0.1.0.
 *
 * Return: a constant string, or NULL if there is nothing more to say.
 */
const char *nsexec_err_hint(const struct nsexec_err *err);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
