#define _GNU_SOURCE
#include "platform.h"

/*
 * Swift's own allocations cannot fail: there is no error that they could become. In the shipped library, whose objects are linked
 * with --wrap=posix_memalign --wrap=free, they come to the end of this file, and where the system refuses one it is served from
 * the reserve of the call that asks. The call then fails at its next checkpoint with an ordinary error, which frees everything
 * in the ordinary way. Regular Swift, of tests and tool, allocates past all this: there a reserve is nothing.
 */
#ifdef GLN_EMBEDDED

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

/* The first reserve of a call, so that most calls ask the system for nothing. More calls at once map theirs. */
enum { SLOTS = 16, SLOT_BYTES = 64 << 10 };

/* Memory that is given out from its beginning to its end, and starts anew when all of it has come back. */
typedef struct piece {
    struct piece *next;
    char *top;
    char *end;
    size_t mapped; /* bytes; 0 for a slot */
    _Alignas(64) char bytes[];
} piece;

struct gln_reserve {
    gln_reserve *outer; /* of the call around this one */
    gln_reserve *next;  /* of those with blocks in use */
    piece *pieces;
    long blocks;
    int held; /* by a call */
    int slot; /* -1 where it is mapped */
    atomic_int served;
};

typedef union slot {
    _Alignas(64) char bytes[SLOT_BYTES];
    piece piece;
} slot;

static slot slots[SLOTS];
static atomic_flag taken[SLOTS];

/* For what is allocated outside of any call. */
static slot last_slot;
static gln_reserve last = {NULL, NULL, NULL, 0, 1, -1, 0};

static GLN_THREAD_LOCAL gln_reserve *current;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static gln_reserve *in_use;
static atomic_int in_use_count;

void gln_reserve_lock(void)
{
    pthread_mutex_lock(&mutex);
}

void gln_reserve_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

static char *aligned(char *place, size_t alignment)
{
    uintptr_t address = (uintptr_t)place;

    return place + (alignment - address % alignment) % alignment;
}

static piece *prepare(void *memory, size_t size, size_t mapped)
{
    piece *made = memory;

    made->next = NULL;
    made->top = made->bytes;
    made->end = (char *)memory + size;
    made->mapped = mapped;
    return made;
}

static piece *map(size_t size)
{
    size_t whole = (size + sizeof(piece) + 4095) / 4096 * 4096;
    void *memory;

    if (size > SIZE_MAX / 2)
        return NULL;
    memory = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : prepare(memory, whole, whole);
}

int gln_reserve_begin(void)
{
    piece *first = NULL;
    gln_reserve *made;
    int place;

    for (place = 0; place < SLOTS; place++)
        if (!atomic_flag_test_and_set_explicit(&taken[place], memory_order_acquire))
            break;
    first = place < SLOTS ? prepare(&slots[place], SLOT_BYTES, 0) : map(SLOT_BYTES);
    if (first == NULL)
        return -1;
    made = (gln_reserve *)first->top;
    first->top = aligned(first->top + sizeof *made, 64);
    made->outer = current;
    made->next = NULL;
    made->pieces = first;
    made->blocks = 0;
    made->held = 1;
    made->slot = place < SLOTS ? place : -1;
    atomic_init(&made->served, 0);
    current = made;
    return 0;
}

int gln_reserve_ensure(size_t size)
{
    piece *more;
    int has_room = current == NULL;

    if (!has_room) {
        pthread_mutex_lock(&mutex);
        for (piece *it = current->pieces; it != NULL && !has_room; it = it->next)
            has_room = size <= (size_t)(it->end - it->top);
        pthread_mutex_unlock(&mutex);
    }
    if (has_room)
        return 0;
    more = map(size);
    if (more == NULL)
        return -1;
    pthread_mutex_lock(&mutex);
    more->next = current->pieces;
    current->pieces = more;
    pthread_mutex_unlock(&mutex);
    return 0;
}

int gln_reserve_served(void)
{
    return current != NULL && atomic_load_explicit(&current->served, memory_order_relaxed);
}

/* Gives the memory of a reserve back that no call holds and no block lies in. */
static void give_back(gln_reserve *reserve)
{
    int place = reserve->slot;
    piece *next = reserve->pieces;

    /* The reserve itself lies in the last one. */
    while (next != NULL) {
        piece *it = next;
        next = it->next;
        if (it->mapped > 0)
            munmap(it, it->mapped);
    }
    if (place >= 0)
        atomic_flag_clear_explicit(&taken[place], memory_order_release);
}

void gln_reserve_end(void)
{
    gln_reserve *reserve = current;
    int is_free;

    current = reserve->outer;
    pthread_mutex_lock(&mutex);
    reserve->held = 0;
    is_free = reserve->blocks == 0;
    pthread_mutex_unlock(&mutex);
    if (is_free)
        give_back(reserve);
}

gln_reserve *gln_reserve_current(void)
{
    return current;
}

void gln_reserve_adopt(gln_reserve *reserve)
{
    current = reserve;
}

static void *take(gln_reserve *reserve, size_t alignment, size_t size)
{
    char *block = NULL;

    pthread_mutex_lock(&mutex);
    if (reserve == &last && last.pieces == NULL)
        last.pieces = prepare(&last_slot, SLOT_BYTES, 0);
    for (piece *it = reserve->pieces; it != NULL && block == NULL; it = it->next) {
        char *start = aligned(it->top, alignment);
        if (start <= it->end && size <= (size_t)(it->end - start)) {
            block = start;
            it->top = start + size;
        }
    }
    atomic_store_explicit(&reserve->served, 1, memory_order_relaxed);
    if (block != NULL && reserve->blocks++ == 0) {
        reserve->next = in_use;
        in_use = reserve;
        atomic_fetch_add_explicit(&in_use_count, 1, memory_order_release);
    }
    pthread_mutex_unlock(&mutex);
    return block;
}

static void start_anew(gln_reserve *reserve)
{
    for (piece *it = reserve->pieces; it != NULL; it = it->next) {
        it->top = it->bytes;
        if ((char *)reserve == it->bytes)
            it->top = aligned(it->top + sizeof *reserve, 64);
    }
}

/* Whether the block came from a reserve; then it has gone back there. */
static int put_back(const char *block)
{
    gln_reserve *unused = NULL;
    int found = 0;

    pthread_mutex_lock(&mutex);
    for (gln_reserve **link = &in_use; *link != NULL && !found; link = found ? link : &(*link)->next) {
        gln_reserve *reserve = *link;
        for (piece *it = reserve->pieces; it != NULL && !found; it = it->next)
            found = block >= it->bytes && block < it->end;
        if (found && --reserve->blocks == 0) {
            *link = reserve->next;
            atomic_fetch_sub_explicit(&in_use_count, 1, memory_order_relaxed);
            start_anew(reserve);
            if (!reserve->held)
                unused = reserve;
            break;
        }
    }
    pthread_mutex_unlock(&mutex);
    if (unused != NULL)
        give_back(unused);
    return found;
}

/* What Swift's objects call as posix_memalign and free, by the linker's --wrap. */
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);
void __wrap_free(void *block);
void __real_free(void *block);

int __wrap_posix_memalign(void **block, size_t alignment, size_t size)
{
    void *made;

    if (size == 0)
        size = 1;
    made = alignment <= _Alignof(max_align_t) ? malloc(size)
                                              : aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (made == NULL && current != NULL)
        made = take(current, alignment, size);
    if (made == NULL)
        made = take(&last, alignment, size);
    /* Never: docs/memory.md says why. Anything else would write to address 0. */
    if (made == NULL)
        __builtin_trap();
    *block = made;
    return 0;
}

void __wrap_free(void *block)
{
    if (atomic_load_explicit(&in_use_count, memory_order_acquire) == 0 || !put_back(block))
        __real_free(block);
}

#else

void gln_reserve_lock(void)
{
}

void gln_reserve_unlock(void)
{
}

int gln_reserve_begin(void)
{
    return 0;
}

int gln_reserve_ensure(size_t size)
{
    (void)size;
    return 0;
}

int gln_reserve_served(void)
{
    return 0;
}

void gln_reserve_end(void)
{
}

gln_reserve *gln_reserve_current(void)
{
    return NULL;
}

void gln_reserve_adopt(gln_reserve *reserve)
{
    (void)reserve;
}

#endif
