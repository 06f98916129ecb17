/* Thread teams that sessions share: the same results, turns, callbacks, lifetimes, and what is refused. */
#include "check.h"
#include "tiny_model.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 5 };
static unsigned char noise[BATCH * TINY_PIXELS];

typedef struct rows {
    float values[BATCH * TINY_CLASSES];
} rows;

static gln_thread_team *team_of(int32_t threads, int32_t spin_microseconds)
{
    gln_thread_team *team = NULL;
    CHECK_STATUS(GLN_OK, gln_thread_team_create(threads, spin_microseconds, &team));
    return team;
}

static gln_session_options *options_with(int32_t threads, gln_thread_team *team)
{
    gln_session_options *options = NULL;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, threads));
    CHECK_STATUS(GLN_OK, gln_session_options_set_thread_team(options, team));
    return options;
}

static gln_session *session_with(int32_t threads, gln_thread_team *team)
{
    gln_session_options *options = options_with(threads, team);
    gln_session *session = tiny_session(options);
    gln_session_options_free(options);
    return session;
}

static gln_status predict(gln_session *session, rows *rows)
{
    const gln_batch batch = tiny_batch(noise, BATCH);
    return gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows->values, BATCH * TINY_CLASSES);
}

static rows reference(void)
{
    rows wanted = {{0}};
    gln_session *session = session_with(1, NULL);
    CHECK_STATUS(GLN_OK, predict(session, &wanted));
    gln_session_free(session);
    return wanted;
}

static void test_what_is_refused(void)
{
    static const int32_t wrong[] = {-1, 257, INT32_MAX, INT32_MIN};
    gln_thread_team *team = NULL;
    size_t i;
    for (i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "threads is", gln_thread_team_create(wrong[i], 0, &team));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "1000001 microseconds", gln_thread_team_create(2, 1000001, &team));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_thread_team_create(2, -1, &team));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "team", gln_thread_team_create(2, 0, NULL));
    CHECK(team == NULL);
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "options", gln_session_options_set_thread_team(NULL, NULL));
    CHECK(gln_thread_team_threads(NULL) == 0);
    gln_thread_team_free(NULL);
}

static void test_results_are_the_same(void)
{
    static const int32_t sizes[] = {1, 2, 3, 5}, caps[] = {0, 1, 2, 4};
    const rows wanted = reference();
    size_t i, j, spins;
    for (i = 0; i < 4; i++)
        for (spins = 0; spins < 2; spins++) {
            gln_thread_team *team = team_of(sizes[i], spins ? 200 : 0);
            CHECK(gln_thread_team_threads(team) == sizes[i]);
            for (j = 0; j < 4; j++) {
                gln_session *session = session_with(caps[j], team);
                rows found = {{0}};
                CHECK(gln_session_threads(session) == (caps[j] && caps[j] < sizes[i] ? caps[j] : sizes[i]));
                CHECK_STATUS(GLN_OK, predict(session, &found));
                CHECK(memcmp(&found, &wanted, sizeof found) == 0);
                gln_session_free(session);
            }
            gln_thread_team_free(team);
        }
}

static void test_a_team_of_all_allowed_cpus(void)
{
    gln_thread_team *team = team_of(0, 0);
    gln_session *alone = session_with(0, NULL), *session = session_with(0, team);
    CHECK(gln_thread_team_threads(team) == gln_session_threads(alone));
    CHECK(gln_session_threads(session) == gln_session_threads(alone));
    gln_session_free(alone);
    gln_session_free(session);
    gln_thread_team_free(team);
}

typedef struct guest {
    gln_thread_team *team;
    const rows *wanted;
    int32_t threads;
} guest;

static void *use_team(void *argument)
{
    const guest *it = argument;
    int round, call;
    for (round = 0; round < 3; round++) {
        gln_session *session = session_with(it->threads, it->team);
        for (call = 0; call < 20; call++) {
            rows found = {{0}};
            /* Another session's work makes nobody busy. */
            CHECK_STATUS(GLN_OK, predict(session, &found));
            CHECK(memcmp(&found, it->wanted, sizeof found) == 0);
        }
        gln_session_free(session);
    }
    return NULL;
}

/* More sessions than the team has places to wait at. */
static void test_sessions_at_the_same_time(void)
{
    enum { GUESTS = 11 };
    const rows wanted = reference();
    int spins, i;
    for (spins = 0; spins < 2; spins++) {
        gln_thread_team *team = team_of(3, spins ? 100 : 0);
        guest guests[GUESTS];
        pthread_t threads[GUESTS];
        for (i = 0; i < GUESTS; i++) {
            guests[i].team = team;
            guests[i].wanted = &wanted;
            guests[i].threads = i % 4;
            CHECK(pthread_create(&threads[i], NULL, use_team, &guests[i]) == 0);
        }
        for (i = 0; i < GUESTS; i++)
            pthread_join(threads[i], NULL);
        gln_thread_team_free(team);
    }
}

static void test_sessions_and_options_keep_it_alive(void)
{
    const rows wanted = reference();
    gln_thread_team *team = team_of(3, 0);
    gln_session_options *options = options_with(0, team);
    gln_session *session;
    rows found = {{0}};
    gln_thread_team_free(team);
    session = tiny_session(options);
    gln_session_options_free(options);
    CHECK(gln_session_threads(session) == 3);
    CHECK_STATUS(GLN_OK, predict(session, &found));
    CHECK(memcmp(&found, &wanted, sizeof found) == 0);
    gln_session_free(session);
    /* Nothing is left of it where only options had it. */
    team = team_of(2, 0);
    options = options_with(0, team);
    gln_thread_team_free(team);
    CHECK_STATUS(GLN_OK, gln_session_options_set_thread_team(options, NULL));
    session = tiny_session(options);
    CHECK_STATUS(GLN_OK, predict(session, &found));
    gln_session_free(session);
    gln_session_options_free(options);
}

static void in_turn(void *context, size_t count, gln_work_function work, void *work_context)
{
    size_t i;
    ++*(int *)context;
    for (i = 0; i < count; i++)
        work(work_context, i);
}

static void test_a_parallel_for_besides(void)
{
    gln_thread_team *team = team_of(2, 0);
    gln_session_options *options = options_with(0, team);
    gln_model *model = tiny_load();
    gln_session *session = NULL;
    int calls = 0;
    CHECK_STATUS(GLN_OK, gln_session_options_set_parallel_for(options, in_turn, &calls));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "thread team and a parallel_for", gln_session_create(model, options, &session));
    CHECK(session == NULL && calls == 0);
    CHECK_STATUS(GLN_OK, gln_session_options_set_parallel_for(options, NULL, NULL));
    CHECK_STATUS(GLN_OK, gln_session_create(model, options, &session));
    gln_session_free(session);
    CHECK_STATUS(GLN_OK, gln_session_options_set_thread_team(options, NULL));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, 2));
    CHECK_STATUS(GLN_OK, gln_session_options_set_parallel_for(options, in_turn, &calls));
    session = NULL;
    CHECK_STATUS(GLN_OK, gln_session_create(model, options, &session));
    CHECK(calls > 0);
    gln_session_free(session);
    gln_session_options_free(options);
    gln_model_free(model);
    gln_thread_team_free(team);
}

/* What callbacks do, on the thread whose call they come from. */
typedef struct visitor {
    gln_session *own, *other;
    gln_session_options *options;
    const rows *wanted;
    int calls, lines;
} visitor;

static void use_another_session(visitor *it)
{
    rows found = {{0}};
    CHECK_STATUS(GLN_OK, predict(it->other, &found));
    CHECK(memcmp(&found, it->wanted, sizeof found) == 0);
}

static void receive(void *context, const gln_operation_time *operation)
{
    visitor *it = context;
    rows found = {{0}};
    (void)operation;
    it->calls++;
    CHECK_ERROR(GLN_BUSY, "session", predict(it->own, &found));
    use_another_session(it);
}

static void log_line(void *context, const char *message)
{
    visitor *it = context;
    it->lines += strstr(message, "2 threads of a shared team's 3") != NULL;
    use_another_session(it);
}

static void *allocate(void *context, size_t size, size_t alignment)
{
    void *block = NULL;
    use_another_session(context);
    return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

static void release(void *context, void *block, size_t size)
{
    (void)size;
    free(block);
    use_another_session(context);
}

/* A team that was held during one of them would never come free. */
static void test_callbacks_find_it_free(void)
{
    const rows wanted = reference();
    const gln_batch batch = tiny_batch(noise, 1);
    gln_thread_team *team = team_of(3, 0);
    visitor it = {NULL, NULL, NULL, NULL, 0, 0};
    it.wanted = &wanted;
    it.other = session_with(0, team);
    it.options = options_with(2, team);
    CHECK_STATUS(GLN_OK, gln_session_options_set_log(it.options, log_line, &it));
    CHECK_STATUS(GLN_OK, gln_session_options_set_allocator(it.options, allocate, release, &it));
    it.own = tiny_session(it.options);
    CHECK(it.lines == 1);
    CHECK_STATUS(GLN_OK, gln_session_profile(it.own, &batch, receive, &it));
    CHECK(it.calls > TINY_LAYERS / 2);
    gln_session_free(it.own);
    gln_session_free(it.other);
    gln_session_options_free(it.options);
    gln_thread_team_free(team);
}

int main(void)
{
    tiny_noise(noise, BATCH, 9);
    RUN(test_what_is_refused);
    RUN(test_results_are_the_same);
    RUN(test_a_team_of_all_allowed_cpus);
    RUN(test_sessions_at_the_same_time);
    RUN(test_sessions_and_options_keep_it_alive);
    RUN(test_a_parallel_for_besides);
    RUN(test_callbacks_find_it_free);
    return check_finish();
}
