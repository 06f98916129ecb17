#define _GNU_SOURCE
#include "platform.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Alone in its cache line. */
struct gln_counter {
    _Alignas(64) _Atomic(int64_t) value;
};

gln_counter *gln_counter_create(void)
{
    gln_counter *counter = gln_allocate_aligned(sizeof *counter, _Alignof(gln_counter));

    if (counter != NULL)
        atomic_init(&counter->value, 0);
    return counter;
}

void gln_counter_free(gln_counter *counter)
{
    gln_free_aligned(counter);
}

int64_t gln_counter_add(gln_counter *counter, int64_t amount)
{
    return atomic_fetch_add_explicit(&counter->value, amount, memory_order_acq_rel);
}

int64_t gln_counter_load(gln_counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_acquire);
}

void gln_counter_store(gln_counter *counter, int64_t value)
{
    atomic_store_explicit(&counter->value, value, memory_order_release);
}

int gln_counter_exchange(gln_counter *counter, int64_t expected, int64_t value)
{
    return atomic_compare_exchange_strong_explicit(&counter->value, &expected, value, memory_order_acq_rel,
                                                   memory_order_acquire);
}

typedef struct worker {
    gln_team *team;
    pthread_t thread;
    size_t index;
} worker;

struct gln_team {
    gln_counter generation; /* rises by one a job; the workers' signal to start */
    gln_counter unfinished; /* workers that still run the job */
    gln_counter sleeping;   /* workers, and the caller, that wait on a condition */
    gln_team_work work;
    void *context;
    int64_t spin_nanoseconds;
    int stop;
    uint64_t process; /* whose threads the workers are, and how many forks had led to it */
    uint32_t forks;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int32_t worker_count;
    worker workers[];
};

static void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    sched_yield();
#endif
}

/* Waits until *counter differs from `value` (or, with until_equal, equals it): busily for the spin time, then asleep. */
static void wait_for(gln_team *team, gln_counter *counter, int64_t value, int until_equal)
{
    uint64_t deadline = 0;
    int round = 0;

    while ((gln_counter_load(counter) == value) != until_equal) {
        pause_cpu();
        if (++round < 64)
            continue;
        round = 0;
        if (deadline == 0)
            deadline = gln_nanoseconds() + (uint64_t)team->spin_nanoseconds;
        if (gln_nanoseconds() < deadline)
            continue;
        pthread_mutex_lock(&team->mutex);
        atomic_fetch_add(&team->sleeping.value, 1);
        while ((atomic_load(&counter->value) == value) != until_equal)
            pthread_cond_wait(&team->changed, &team->mutex);
        atomic_fetch_sub(&team->sleeping.value, 1);
        pthread_mutex_unlock(&team->mutex);
    }
}

/* After a change of a counter that somebody may sleep for. Sequentially consistent with wait_for's own order. */
static void wake(gln_team *team)
{
    if (atomic_load(&team->sleeping.value) == 0)
        return;
    pthread_mutex_lock(&team->mutex);
    pthread_cond_broadcast(&team->changed);
    pthread_mutex_unlock(&team->mutex);
}

static void *worker_main(void *argument)
{
    worker *self = argument;
    gln_team *team = self->team;
    int64_t seen = 0;

    for (;;) {
        wait_for(team, &team->generation, seen, 0);
        seen = gln_counter_load(&team->generation);
        if (team->stop)
            return NULL;
        team->work(team->context, self->index);
        if (atomic_fetch_sub(&team->unfinished.value, 1) == 1)
            wake(team);
    }
}

gln_team *gln_team_create(int32_t threads, int32_t spin_microseconds)
{
    gln_team *team;
    pthread_attr_t attributes;
    sigset_t all, before;
    size_t size = sizeof(gln_team) + (size_t)(threads - 1) * sizeof(worker);

    team = gln_allocate_aligned(size, 64);
    if (team == NULL)
        return NULL;
    atomic_init(&team->generation.value, 0);
    atomic_init(&team->unfinished.value, 0);
    atomic_init(&team->sleeping.value, 0);
    team->work = NULL;
    team->context = NULL;
    team->spin_nanoseconds = (int64_t)spin_microseconds * 1000;
    team->stop = 0;
    team->process = gln_process();
    team->forks = gln_fork_count();
    team->worker_count = 0;
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->changed, NULL);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1024 * 1024 > PTHREAD_STACK_MIN ? 1024 * 1024 : PTHREAD_STACK_MIN);
    /* Signals of the host are the host's: workers inherit a full mask. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int32_t i = 0; i < threads - 1; i++) {
        worker *next = &team->workers[i];
        next->team = team;
        next->index = (size_t)i + 1;
        if (pthread_create(&next->thread, &attributes, worker_main, next) != 0)
            break;
        team->worker_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (team->worker_count != threads - 1) {
        gln_team_free(team);
        return NULL;
    }
    return team;
}

void gln_team_free(gln_team *team)
{
    if (team == NULL)
        return;
    /* A forked child has none of the threads, and their condition must not be destroyed while they seem to wait for it. */
    if (team->process != gln_process()) {
        gln_free_aligned(team);
        return;
    }
    team->stop = 1;
    atomic_fetch_add(&team->generation.value, 1);
    wake(team);
    for (int32_t i = 0; i < team->worker_count; i++)
        pthread_join(team->workers[i].thread, NULL);
    pthread_cond_destroy(&team->changed);
    pthread_mutex_destroy(&team->mutex);
    gln_free_aligned(team);
}

void gln_team_run(gln_team *team, gln_team_work work, void *context)
{
    /* In a child that a callback forked, the rest of the call. */
    if (team->forks != gln_fork_count()) {
        for (int32_t i = 0; i <= team->worker_count; i++)
            work(context, (size_t)i);
        return;
    }
    team->work = work;
    team->context = context;
    atomic_store(&team->unfinished.value, team->worker_count);
    atomic_fetch_add(&team->generation.value, 1);
    wake(team);
    work(context, 0);
    wait_for(team, &team->unfinished, 0, 1);
}

static void do_nothing(void *context, size_t index)
{
    (void)context;
    (void)index;
}

int gln_team_is_apart(gln_team *team)
{
    enum { BATCHES = 16, JOBS = 8, PATIENCE = 500000 };
    /* One cache line goes to and fro between the caller and each worker: 40 to 60 ns within a cache, 250 and more between two. */
    const uint64_t limit = 150 + 100 * (uint64_t)team->worker_count;
    const uint64_t start = gln_nanoseconds();
    uint64_t least = UINT64_MAX, before = start;

    /* Workers that sleep between jobs take their time to wake up, wherever they are. */
    if (team->spin_nanoseconds < 10000)
        return 0;
    for (int batch = 0; batch < BATCHES; batch++) {
        uint64_t now;
        for (int job = 0; job < JOBS; job++) {
            gln_team_run(team, do_nothing, NULL);
            now = gln_nanoseconds();
            /* Somebody else uses the cores: nothing can be learnt. */
            if (now - start > PATIENCE)
                return 0;
        }
        if ((now - before) / JOBS < least)
            least = (now - before) / JOBS;
        before = now;
    }
    return least > limit;
}
