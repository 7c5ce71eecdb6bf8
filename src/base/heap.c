/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap.c owns the memory of the command and of the helper image: processes that live for a millisecond, or wait without
 * allocating. What they need usually fits into a piece that is there from the start, which saves the four system calls
 * and the page faults that a general allocator begins with. Larger pieces come from the kernel, and go back to it.
 *
 * Replaces the C library's, which allows that for malloc, calloc, realloc, free, aligned_alloc and posix_memalign.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGN = 16, ROOM = 48 << 10 };

/* In front of each piece. */
struct head {
	size_t bytes;  /* that may be used */
	size_t mapped; /* 0: in the room */
};

_Static_assert(sizeof(struct head) == ALIGN, "pieces are aligned if their heads are");

/* Behind all other data (in a section that linkers place after .bss): what is written at all is in as few pages as can be. */
__attribute__((section(".sbss.heap"))) static _Alignas(ALIGN) unsigned char room[ROOM];
static size_t used;

static size_t round_up(size_t bytes, size_t to)
{
	return (bytes + to - 1) & ~(to - 1);
}

static struct head *head_of(void *ptr)
{
	return (struct head *)ptr - 1;
}

static void *from_kernel(size_t bytes)
{
	size_t mapped = round_up(bytes + sizeof(struct head), 4096);
	struct head *head =
		mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (head == MAP_FAILED) {
		errno = ENOMEM;
		return NULL;
	}
	*head = (struct head){ .bytes = mapped - sizeof(*head), .mapped = mapped };
	return head + 1;
}

/* Not malloc() itself, of which the compiler believes that there is nothing in front of what it returns. */
static void *take(size_t bytes)
{
	struct head *head = (void *)(room + used);

	if (bytes > PTRDIFF_MAX - 8192) {
		errno = ENOMEM;
		return NULL;
	}
	bytes = round_up(bytes != 0 ? bytes : 1, ALIGN);
	if (bytes + sizeof(*head) > ROOM - used)
		return from_kernel(bytes);
	*head = (struct head){ .bytes = bytes };
	used += bytes + sizeof(*head);
	return head + 1;
}

void *malloc(size_t bytes)
{
	return take(bytes);
}

void free(void *ptr)
{
	int saved = errno;

	if (ptr == NULL)
		return;

	struct head *head = head_of(ptr);

	if (head->mapped != 0)
		(void)munmap(head, head->mapped);
	else if ((unsigned char *)ptr + head->bytes == room + used)
		used -= head->bytes + sizeof(*head); /* the last one: others are not given back */
	errno = saved;
}

void *calloc(size_t count, size_t bytes)
{
	void *ptr;

	if (bytes != 0 && count > PTRDIFF_MAX / bytes) {
		errno = ENOMEM;
		return NULL;
	}
	ptr = take(count * bytes);
	if (ptr != NULL && head_of(ptr)->mapped == 0)
		memset(ptr, 0,
		       count * bytes); /* the room may have been used before; the kernel's is zero */
	return ptr;
}

void *realloc(void *ptr, size_t bytes)
{
	void *grown;

	if (ptr == NULL)
		return malloc(bytes);
	if (bytes <= head_of(ptr)->bytes)
		return ptr;
	grown = take(bytes);
	if (grown == NULL)
		return NULL;
	memcpy(grown, ptr, head_of(ptr)->bytes);
	free(ptr);
	return grown;
}

void *aligned_alloc(size_t align, size_t bytes)
{
	if (align > ALIGN) {
		errno = ENOMEM; /* nobody here asks for more */
		return NULL;
	}
	return malloc(bytes);
}
