#include "allocations.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

/* glibc's own names of what is replaced below. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long live, calls, count, fail_at;
static size_t bytes, first_bytes, most_bytes, least_size, largest_size;
static int is_armed;
static allocations_failure mode;

/* Whether an allocation is to fail. */
static int fails(size_t size)
{
    int result = 0;
    pthread_mutex_lock(&lock);
    if (is_armed && size >= least_size && size <= largest_size) {
        result = mode == FAIL_ONCE ? count == fail_at : mode == FAIL_FROM_THEN && count >= fail_at;
        count++;
    }
    pthread_mutex_unlock(&lock);
    if (result)
        errno = ENOMEM;
    return result;
}

/* What a block takes of the heap, the allocator's own word included. */
static size_t cost(void *block)
{
    return block ? malloc_usable_size(block) + sizeof(size_t) : 0;
}

/* Counts a block that was made, and one of this cost that is no more; 0 for none. */
static void *counted(void *block, size_t cost_before)
{
    pthread_mutex_lock(&lock);
    calls++;
    live += (block != NULL) - (cost_before != 0);
    bytes += cost(block) - cost_before;
    if (bytes > most_bytes)
        most_bytes = bytes;
    pthread_mutex_unlock(&lock);
    return block;
}

void *malloc(size_t size)
{
    return fails(size) ? NULL : counted(__libc_malloc(size), 0);
}

void *calloc(size_t number, size_t size)
{
    return fails(number * size) ? NULL : counted(__libc_calloc(number, size), 0);
}

void *realloc(void *block, size_t size)
{
    size_t before = cost(block);
    void *made;
    if (fails(size))
        return NULL;
    made = __libc_realloc(block, size);
    return counted(made, made || size == 0 ? before : 0);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails(size) ? NULL : counted(__libc_memalign(alignment, size), 0);
}

void *memalign(size_t alignment, size_t size)
{
    return fails(size) ? NULL : counted(__libc_memalign(alignment, size), 0);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    void *made = fails(size) ? NULL : counted(__libc_memalign(alignment, size), 0);
    if (!made)
        return ENOMEM;
    *block = made;
    return 0;
}

void free(void *block)
{
    counted(NULL, cost(block));
    __libc_free(block);
}

long allocations_live(void)
{
    long result;
    pthread_mutex_lock(&lock);
    result = live;
    pthread_mutex_unlock(&lock);
    return result;
}

long allocations_calls(void)
{
    long result;
    pthread_mutex_lock(&lock);
    result = calls;
    pthread_mutex_unlock(&lock);
    return result;
}

void allocations_begin_peak(void)
{
    pthread_mutex_lock(&lock);
    first_bytes = most_bytes = bytes;
    pthread_mutex_unlock(&lock);
}

size_t allocations_peak(void)
{
    size_t result;
    pthread_mutex_lock(&lock);
    result = most_bytes - first_bytes;
    pthread_mutex_unlock(&lock);
    return result;
}

void allocations_arm(allocations_failure failure, long number)
{
    allocations_arm_sizes(0, SIZE_MAX, failure, number);
}

void allocations_arm_sizes(size_t least, size_t largest, allocations_failure failure, long number)
{
    pthread_mutex_lock(&lock);
    least_size = least;
    largest_size = largest;
    mode = failure;
    fail_at = number;
    count = 0;
    is_armed = 1;
    pthread_mutex_unlock(&lock);
}

long allocations_disarm(void)
{
    long result;
    pthread_mutex_lock(&lock);
    is_armed = 0;
    result = count;
    pthread_mutex_unlock(&lock);
    return result;
}
