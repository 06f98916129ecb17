#define _GNU_SOURCE
#include "platform.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static pthread_mutex_t shared = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(uint32_t) forks; /* between the first process and this one */
static atomic_int watched, registering;

/* A thread that does not exist in the child cannot hold the lock there, nor have left half done what it guards. */
static void before_fork(void)
{
    pthread_mutex_lock(&shared);
    gln_reserve_lock();
}

static void after_fork_in_parent(void)
{
    gln_reserve_unlock();
    pthread_mutex_unlock(&shared);
}

static void after_fork_in_child(void)
{
    atomic_fetch_add(&forks, 1);
    gln_reserve_unlock();
    pthread_mutex_unlock(&shared);
}

int gln_watch_forks(void)
{
    int nobody = 0;

    if (atomic_load(&watched) || !atomic_compare_exchange_strong(&registering, &nobody, 1))
        return atomic_load(&watched);
    if (!atomic_load(&watched) && pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0)
        atomic_store(&watched, 1);
    atomic_store(&registering, 0);
    return atomic_load(&watched);
}

/* As early as can be: handlers of hosts, registered later, then take their locks first, as hosts do that call with a lock held. */
__attribute__((constructor)) static void watch_forks(void)
{
    (void)gln_watch_forks();
}

uint32_t gln_fork_count(void)
{
    return atomic_load_explicit(&forks, memory_order_relaxed);
}

/* The count tells processes apart that have the same number in different namespaces, the number those that a bare clone made. */
uint64_t gln_process(void)
{
    return (uint64_t)(uint32_t)getpid() << 32 | gln_fork_count();
}

void gln_lock_acquire(void)
{
    pthread_mutex_lock(&shared);
}

void gln_lock_release(void)
{
    pthread_mutex_unlock(&shared);
}
