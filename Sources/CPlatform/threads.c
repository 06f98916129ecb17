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
    pthread_cond_t called; /* sleeps for it between jobs */
    size_t index;
    int64_t seen; /* the last job that it has worked on */
} worker;

/* A job's number counts in these steps, and the rest says how many threads work on it. */
enum { JOB = 1 << 16 };
/* Conditions on which callers sleep: a turn's number says which. */
enum { TURN_CONDITIONS = 8 };

struct gln_team {
    gln_counter job;        /* the last one: the workers' signal to start */
    gln_counter unfinished; /* workers that still run the job */
    gln_counter sleeping;   /* workers and callers that wait on a condition */
    gln_counter last_turn;  /* how many turns callers have asked for */
    gln_counter turn;       /* whose turn it is, counted from 0 */
    gln_team_work work;
    void *context;
    int64_t spin_nanoseconds;
    int stop;
    uint64_t process; /* whose threads the workers are, and how many forks had led to it */
    uint32_t forks;
    pthread_mutex_t mutex;
    pthread_cond_t finished;
    pthread_cond_t turns[TURN_CONDITIONS];
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

/* Whether what a thread waits for has come. Sequentially consistent with sleep_until and wake. */
typedef int (*arrival)(const void *context);

static int is_called(const void *context)
{
    const worker *self = context;
    const int64_t job = atomic_load(&self->team->job.value);
    return job != self->seen && (int64_t)self->index < job % JOB;
}

static int is_finished(const void *context)
{
    const gln_team *team = context;
    return atomic_load(&team->unfinished.value) == 0;
}

typedef struct caller {
    gln_team *team;
    int64_t turn;
} caller;

static int is_turn(const void *context)
{
    const caller *self = context;
    return atomic_load(&self->team->turn.value) == self->turn;
}

static int is_nearly_turn(const void *context)
{
    const caller *self = context;
    return atomic_load(&self->team->turn.value) + 1 >= self->turn;
}

static void sleep_until(gln_team *team, arrival has_come, const void *context, pthread_cond_t *changed)
{
    pthread_mutex_lock(&team->mutex);
    atomic_fetch_add(&team->sleeping.value, 1);
    while (!has_come(context))
        pthread_cond_wait(changed, &team->mutex);
    atomic_fetch_sub(&team->sleeping.value, 1);
    pthread_mutex_unlock(&team->mutex);
}

/* Spins for a while, then sleeps. */
static void wait_until(gln_team *team, arrival has_come, const void *context, pthread_cond_t *changed)
{
    uint64_t deadline = 0;
    int round = 0;

    while (!has_come(context)) {
        pause_cpu();
        if (++round < 64)
            continue;
        round = 0;
        if (deadline == 0)
            deadline = gln_nanoseconds() + (uint64_t)team->spin_nanoseconds;
        if (gln_nanoseconds() >= deadline)
            sleep_until(team, has_come, context, changed);
    }
}

/* After a change that somebody may sleep for on the condition. */
static void wake(gln_team *team, pthread_cond_t *changed)
{
    if (atomic_load(&team->sleeping.value) == 0)
        return;
    pthread_mutex_lock(&team->mutex);
    pthread_cond_broadcast(changed);
    pthread_mutex_unlock(&team->mutex);
}

/* Gives the first workers a job, as many as together with the caller are so many threads; the others sleep on. */
static void call(gln_team *team, int32_t threads)
{
    const int64_t last = gln_counter_load(&team->job);

    atomic_store(&team->job.value, (last / JOB + 1) * JOB + threads);
    if (atomic_load(&team->sleeping.value) == 0)
        return;
    pthread_mutex_lock(&team->mutex);
    for (int32_t i = 0; i < threads - 1; i++)
        pthread_cond_signal(&team->workers[i].called);
    pthread_mutex_unlock(&team->mutex);
}

static void *worker_main(void *argument)
{
    worker *self = argument;
    gln_team *team = self->team;

    for (;;) {
        wait_until(team, is_called, self, &self->called);
        self->seen = gln_counter_load(&team->job);
        if (team->stop)
            return NULL;
        team->work(team->context, self->index);
        if (atomic_fetch_sub(&team->unfinished.value, 1) == 1)
            wake(team, &team->finished);
    }
}

static gln_team *allocate_team(int32_t threads)
{
    gln_team *team = gln_allocate_aligned(sizeof(gln_team) + (size_t)(threads - 1) * sizeof(worker), 64);

    if (team == NULL)
        return NULL;
    atomic_init(&team->job.value, 0);
    atomic_init(&team->unfinished.value, 0);
    atomic_init(&team->sleeping.value, 0);
    atomic_init(&team->last_turn.value, 0);
    atomic_init(&team->turn.value, 0);
    team->work = NULL;
    team->context = NULL;
    team->stop = 0;
    team->process = gln_process();
    team->forks = gln_fork_count();
    team->worker_count = 0;
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->finished, NULL);
    for (int i = 0; i < TURN_CONDITIONS; i++)
        pthread_cond_init(&team->turns[i], NULL);
    return team;
}

gln_team *gln_team_create(int32_t threads, int32_t spin_microseconds)
{
    gln_team *team = allocate_team(threads);
    pthread_attr_t attributes;
    sigset_t all, before;

    if (team == NULL)
        return NULL;
    team->spin_nanoseconds = (int64_t)spin_microseconds * 1000;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1024 * 1024 > PTHREAD_STACK_MIN ? 1024 * 1024 : PTHREAD_STACK_MIN);
    /* Signals of the host are the host's: workers inherit a full mask. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int32_t i = 0; i < threads - 1; i++) {
        worker *next = &team->workers[i];
        next->team = team;
        next->index = (size_t)i + 1;
        next->seen = 0;
        pthread_cond_init(&next->called, NULL);
        if (pthread_create(&next->thread, &attributes, worker_main, next) != 0) {
            pthread_cond_destroy(&next->called);
            break;
        }
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
    /* A forked child has none of the threads, and their conditions must not be destroyed while they seem to wait for them. */
    if (team->process != gln_process()) {
        gln_free_aligned(team);
        return;
    }
    team->stop = 1;
    call(team, team->worker_count + 1);
    for (int32_t i = 0; i < team->worker_count; i++) {
        pthread_join(team->workers[i].thread, NULL);
        pthread_cond_destroy(&team->workers[i].called);
    }
    for (int i = 0; i < TURN_CONDITIONS; i++)
        pthread_cond_destroy(&team->turns[i]);
    pthread_cond_destroy(&team->finished);
    pthread_mutex_destroy(&team->mutex);
    gln_free_aligned(team);
}

/* In a child that a callback forked, for the rest of the call. */
static int is_forked(const gln_team *team)
{
    return team->forks != gln_fork_count();
}

void gln_team_take(gln_team *team)
{
    caller self = {team, 0};
    pthread_cond_t *changed;

    if (is_forked(team))
        return;
    self.turn = atomic_fetch_add(&team->last_turn.value, 1);
    changed = &team->turns[self.turn % TURN_CONDITIONS];
    /* Of those who wait only the next spins: the others would take the workers' cores. */
    if (!is_nearly_turn(&self))
        sleep_until(team, is_nearly_turn, &self, changed);
    wait_until(team, is_turn, &self, changed);
}

void gln_team_leave(gln_team *team)
{
    int64_t turn;

    if (is_forked(team))
        return;
    turn = atomic_fetch_add(&team->turn.value, 1) + 1;
    wake(team, &team->turns[turn % TURN_CONDITIONS]);
    /* The one after is awake when its turn comes. */
    wake(team, &team->turns[(turn + 1) % TURN_CONDITIONS]);
}

void gln_team_run(gln_team *team, int32_t threads, gln_team_work work, void *context)
{
    if (is_forked(team)) {
        for (int32_t i = 0; i < threads; i++)
            work(context, (size_t)i);
        return;
    }
    team->work = work;
    team->context = context;
    atomic_store(&team->unfinished.value, threads - 1);
    call(team, threads);
    work(context, 0);
    wait_until(team, is_finished, team, &team->finished);
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
            gln_team_run(team, team->worker_count + 1, do_nothing, NULL);
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
