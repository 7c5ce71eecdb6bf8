/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks for children that share our memory. */
#ifndef NSX_BASE_STACK_H
#define NSX_BASE_STACK_H

#include <stddef.h>

/*
 * For functions with a large buffer that are rarely called: compiled into their callers, they would make all of these touch
 * the pages of a frame that size.
 */
#define NSX_OWN_FRAME __attribute__((noinline))

enum { NSX_STACK_BYTES = 128 << 10, NSX_STACK_GUARD = 64 << 10 };

/**
 * nsx_stack_map() - Get a stack
 * @more: bytes above it, for anything
 *
 * Its neighbour at the low end is a guard of NSX_STACK_GUARD bytes: who needs more is killed instead of writing to
 * something else. All of it is one mapping.
 *
 * Return: lowest address of NSX_STACK_BYTES + @more, or NULL with errno.
 */
void *nsx_stack_map(size_t more);

/**
 * nsx_stack_unmap() - Give a stack back
 * @stack: from nsx_stack_map(), or NULL
 * @more:  as there
 */
void nsx_stack_unmap(void *stack, size_t more);

#endif
