/* Forks: sessions stay with their process, models go along, and no child hangs, whatever runs in the parent meanwhile. */
#define _GNU_SOURCE
#include "check.h"
#include "tiny_model.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 20, FORKS = 300 };

static int (*unlock)(pthread_mutex_t *);
static pthread_t slow_thread;
static int slow;

/* In front of the C library's: one thread holds every lock for longer, so that forks meet it. */
int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    const struct timespec time = {0, 200000};
    if (unlock == NULL)
        *(void **)&unlock = dlsym(RTLD_NEXT, "pthread_mutex_unlock");
    if (slow && pthread_equal(pthread_self(), slow_thread))
        nanosleep(&time, NULL);
    return unlock(mutex);
}

static unsigned char noise[TINY_PIXELS];
static const gln_image picture = {noise, TINY_WIDTH, TINY_HEIGHT, 0, GLN_PIXEL_RGB};
/* What does not hold in a child: its exit status. */
static int wrong;

#define EXPECT(condition) expect((condition) != 0, #condition, __LINE__)

static void expect(int holds, const char *condition, int line)
{
    if (holds)
        return;
    wrong++;
    fprintf(stderr, "test_processes.c:%d: in a child: does not hold: %s (%s)\n", line, condition, gln_last_error_message());
}

/* Forks; the child does its work and ends by _exit, or is ended after a while. Returns whether all went well. */
static int in_child(void (*work)(void *), void *context)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        alarm(PATIENCE);
        wrong = 0;
        work(context);
        _exit(wrong > 100 ? 100 : wrong);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 0;
    if (WIFSIGNALED(status))
        fprintf(stderr, "test_processes.c: a child hung or crashed: signal %d\n", WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void pause_milliseconds(long milliseconds)
{
    const struct timespec time = {0, milliseconds * 1000000};
    nanosleep(&time, NULL);
}

static void on_threads(void *context, size_t count, gln_work_function work, void *work_context)
{
    size_t i;
    (void)context;
    for (i = 0; i < count; i++)
        work(work_context, i);
}

static gln_session_options *options_with(int threads, gln_parallel_for_function parallel_for, void *context)
{
    gln_session_options *options = NULL;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, threads));
    CHECK_STATUS(GLN_OK, gln_session_options_set_parallel_for(options, parallel_for, context));
    return options;
}

typedef struct setting {
    gln_model *model;
    gln_session_options *options;
    gln_session *session;
    float probability; /* of the likeliest class of `picture` */
} setting;

static setting make_setting(int threads, gln_parallel_for_function parallel_for, void *context)
{
    setting made = {NULL, NULL, NULL, 0};
    gln_prediction best = {0, 0, NULL};
    made.model = tiny_load();
    made.options = options_with(threads, parallel_for, context);
    CHECK_STATUS(GLN_OK, gln_session_create(made.model, made.options, &made.session));
    CHECK_STATUS(GLN_OK, gln_session_classify(made.session, &picture, &best, 1, NULL));
    made.probability = best.probability;
    return made;
}

static void free_setting(setting *made)
{
    gln_session_free(made->session);
    gln_model_free(made->model);
    gln_session_options_free(made->options);
}

static void receive_nothing(void *context, const gln_operation_time *operation)
{
    (void)context;
    (void)operation;
}

static void expect_refusal(gln_status status)
{
    EXPECT(status == GLN_WRONG_PROCESS);
    EXPECT(strstr(gln_last_error_message(), "make a new one") != NULL);
}

static void expect_session_is_refused(gln_session *session)
{
    static float values[8 * TINY_PIXELS];
    unsigned char cut[TINY_PIXELS];
    const gln_batch batch = tiny_batch(noise, 1);
    gln_prediction best;
    expect_refusal(gln_session_classify(session, &picture, &best, 1, NULL));
    expect_refusal(gln_session_preprocess(session, &picture, cut, sizeof cut));
    expect_refusal(gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, values, TINY_CLASSES));
    expect_refusal(gln_session_features(session, &batch, values, TINY_FEATURES));
    expect_refusal(gln_session_layer(session, "conv1", &batch, values, 8 * TINY_PIXELS));
    expect_refusal(gln_session_profile(session, &batch, receive_nothing, NULL));
    {
        gln_picture seen = GLN_PICTURE_INIT;
        gln_view view = GLN_VIEW_INIT;
        gln_request request = GLN_REQUEST_INIT;
        seen.planes[0] = picture.pixels;
        seen.width = picture.width;
        seen.height = picture.height;
        view.picture = &seen;
        request.values = values;
        request.capacity = TINY_CLASSES;
        expect_refusal(gln_session_run(session, &view, 1, &request, 1));
        expect_refusal(gln_session_preprocess_view(session, &view, cut, sizeof cut));
        gln_session_cancel(session);
    }
}

/* A new session of the parent's model, with the parent's options, computes what the parent's did. */
static void expect_new_session_works(const setting *parents)
{
    gln_session *session = NULL;
    gln_prediction best = {0, 0, NULL};
    EXPECT(gln_session_create(parents->model, parents->options, &session) == GLN_OK);
    EXPECT(gln_session_classify(session, &picture, &best, 1, NULL) == GLN_OK);
    EXPECT(best.probability == parents->probability);
    gln_session_free(session);
}

static void use_in_child(void *context)
{
    setting *parents = context;
    int32_t channels = 0, height = 0, width = 0;
    expect_session_is_refused(parents->session);
    EXPECT(gln_session_threads(parents->session) > 0 && gln_session_isa(parents->session) != GLN_ISA_BEST);
    EXPECT(gln_session_input_height(parents->session) == TINY_HEIGHT && gln_session_weight_bytes(parents->session) > 0);
    EXPECT(gln_session_layer_shape(parents->session, "fc", &channels, &height, &width) == GLN_OK);
    EXPECT(channels == TINY_CLASSES && gln_model_class_count(parents->model) == TINY_CLASSES);
    expect_new_session_works(parents);
    gln_session_free(parents->session);
    expect_new_session_works(parents);
    gln_model_free(parents->model);
    gln_session_options_free(parents->options);
}

static void use_in_grandchild(void *context)
{
    setting *parents = context, own = make_setting(2, NULL, NULL);
    EXPECT(in_child(use_in_child, parents));
    EXPECT(in_child(use_in_child, &own));
    free_setting(&own);
    use_in_child(parents);
}

static void check_children(int threads, gln_parallel_for_function parallel_for)
{
    setting made = make_setting(threads, parallel_for, NULL);
    gln_prediction best = {0, 0, NULL};
    CHECK(in_child(use_in_child, &made));
    CHECK(in_child(use_in_grandchild, &made));
    CHECK_STATUS(GLN_OK, gln_session_classify(made.session, &picture, &best, 1, NULL));
    CHECK(best.probability == made.probability);
    free_setting(&made);
}

static void test_children(void)
{
    check_children(1, NULL);
    check_children(3, NULL);
    check_children(2, on_threads);
}

typedef struct team_setting {
    setting *parents; /* their options name the team */
    gln_thread_team *team;
} team_setting;

/* The team stays with its process, what used it gets another one, and all is freed in any order. */
static void use_team_in_child(void *context)
{
    const team_setting *it = context;
    gln_session *session = NULL;
    gln_thread_team *own = NULL;
    expect_session_is_refused(it->parents->session);
    expect_refusal(gln_session_create(it->parents->model, it->parents->options, &session));
    EXPECT(session == NULL && gln_thread_team_threads(it->team) == 3);
    gln_thread_team_free(it->team);
    EXPECT(gln_thread_team_create(3, 0, &own) == GLN_OK);
    EXPECT(gln_session_options_set_thread_team(it->parents->options, own) == GLN_OK);
    gln_thread_team_free(own);
    expect_new_session_works(it->parents);
    gln_session_free(it->parents->session);
    expect_new_session_works(it->parents);
    gln_session_options_free(it->parents->options);
    gln_model_free(it->parents->model);
}

static team_setting make_team_setting(setting *parents, int32_t spin_microseconds)
{
    team_setting made = {NULL, NULL};
    *parents = make_setting(1, NULL, NULL);
    gln_session_free(parents->session);
    CHECK_STATUS(GLN_OK, gln_thread_team_create(3, spin_microseconds, &made.team));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(parents->options, 0));
    CHECK_STATUS(GLN_OK, gln_session_options_set_thread_team(parents->options, made.team));
    CHECK_STATUS(GLN_OK, gln_session_create(parents->model, parents->options, &parents->session));
    made.parents = parents;
    return made;
}

static void test_teams(void)
{
    setting parents;
    team_setting it = make_team_setting(&parents, 0);
    gln_prediction best = {0, 0, NULL};
    /* The workers are on their way to sleep, or asleep. */
    CHECK(in_child(use_team_in_child, &it));
    pause_milliseconds(20);
    CHECK(in_child(use_team_in_child, &it));
    CHECK_STATUS(GLN_OK, gln_session_classify(parents.session, &picture, &best, 1, NULL));
    CHECK(best.probability == parents.probability);
    gln_thread_team_free(it.team);
    free_setting(&parents);
}

typedef struct daemon_setting {
    setting *parents;
    int report; /* where the daemon writes what was wrong */
} daemon_setting;

static void use_in_daemon(void *context)
{
    const daemon_setting *it = context;
    /* Only the daemon returns. */
    EXPECT(daemon(1, 1) == 0);
    alarm(PATIENCE);
    use_in_child(it->parents);
    EXPECT(write(it->report, &wrong, sizeof wrong) == sizeof wrong);
}

static void test_daemon(void)
{
    setting made = make_setting(3, NULL, NULL);
    daemon_setting it = {NULL, 0};
    int ends[2] = {-1, -1}, wrong_in_daemon = -1;
    CHECK(pipe(ends) == 0);
    it.parents = &made;
    it.report = ends[1];
    CHECK(in_child(use_in_daemon, &it));
    close(ends[1]);
    CHECK(read(ends[0], &wrong_in_daemon, sizeof wrong_in_daemon) == sizeof wrong_in_daemon && wrong_in_daemon == 0);
    close(ends[0]);
    free_setting(&made);
}

/* The workers of a fresh session are on their way to sleep, or asleep, when it is freed in a child. */
static void test_sleeping_workers(void)
{
    setting made;
    gln_session_options *options = options_with(3, NULL, NULL);
    CHECK_STATUS(GLN_OK, gln_session_options_set_spin_time(options, 0));
    made = make_setting(1, NULL, NULL);
    gln_session_free(made.session);
    CHECK_STATUS(GLN_OK, gln_session_create(made.model, options, &made.session));
    pause_milliseconds(20);
    CHECK(in_child(use_in_child, &made));
    gln_session_options_free(options);
    free_setting(&made);
}

typedef struct traffic {
    setting *shared;
    pthread_mutex_t lock;
    int stop;
} traffic;

static int stopped(traffic *traffic)
{
    int stop;
    pthread_mutex_lock(&traffic->lock);
    stop = traffic->stop;
    pthread_mutex_unlock(&traffic->lock);
    return stop;
}

static void *keep_classifying(void *context)
{
    traffic *traffic = context;
    gln_prediction best;
    while (!stopped(traffic))
        CHECK_STATUS(GLN_OK, gln_session_classify(traffic->shared->session, &picture, &best, 1, NULL));
    return NULL;
}

static void *keep_creating(void *context)
{
    traffic *traffic = context;
    gln_prediction best;
    int round;
    slow_thread = pthread_self();
    slow = 1;
    for (round = 0; !stopped(traffic); round++) {
        gln_session *session = NULL;
        /* Other settings than the last's: weights are packed, shared and freed. */
        CHECK_STATUS(GLN_OK, gln_session_options_set_algorithm(traffic->shared->options, (gln_algorithm)(round & 1)));
        CHECK_STATUS(GLN_OK, gln_session_create(traffic->shared->model, traffic->shared->options, &session));
        if (round % 8 == 0)
            CHECK_STATUS(GLN_OK, gln_session_classify(session, &picture, &best, 1, NULL));
        gln_session_free(session);
    }
    return NULL;
}

static void check_forks_during(void *(*work)(void *), int threads)
{
    setting made = make_setting(threads, NULL, NULL), childs = made;
    traffic traffic = {&made, PTHREAD_MUTEX_INITIALIZER, 0};
    pthread_t thread;
    int i, well = 0;
    childs.options = options_with(2, NULL, NULL);
    CHECK(pthread_create(&thread, NULL, work, &traffic) == 0);
    for (i = 0; i < FORKS && well == i; i++)
        well += in_child(use_in_child, &childs);
    CHECK(well == FORKS);
    pthread_mutex_lock(&traffic.lock);
    traffic.stop = 1;
    pthread_mutex_unlock(&traffic.lock);
    pthread_join(thread, NULL);
    slow = 0;
    gln_session_options_free(childs.options);
    free_setting(&made);
}

static void test_forks_while_classifying(void)
{
    check_forks_during(keep_classifying, 2);
}

/* Forks meet a team in the middle of another session's stages, and sessions that wait for their turns. */
static void test_forks_while_a_team_works(void)
{
    enum { USERS = 3 };
    setting parents, users[USERS];
    team_setting it = make_team_setting(&parents, 20);
    traffic traffics[USERS];
    pthread_t threads[USERS];
    int i, well = 0;
    for (i = 0; i < USERS; i++) {
        users[i] = parents;
        CHECK_STATUS(GLN_OK, gln_session_create(parents.model, parents.options, &users[i].session));
        traffics[i].shared = &users[i];
        traffics[i].stop = 0;
        pthread_mutex_init(&traffics[i].lock, NULL);
        CHECK(pthread_create(&threads[i], NULL, keep_classifying, &traffics[i]) == 0);
    }
    for (i = 0; i < FORKS && well == i; i++)
        well += in_child(use_team_in_child, &it);
    CHECK(well == FORKS);
    for (i = 0; i < USERS; i++) {
        pthread_mutex_lock(&traffics[i].lock);
        traffics[i].stop = 1;
        pthread_mutex_unlock(&traffics[i].lock);
        pthread_join(threads[i], NULL);
        gln_session_free(users[i].session);
    }
    gln_thread_team_free(it.team);
    free_setting(&parents);
}

static void test_forks_while_creating_and_freeing(void)
{
    check_forks_during(keep_creating, 1);
}

/* Callbacks that fork. In the child the call goes on and returns. */

static pid_t forked_here;
static int fork_now;

static void fork_once(void)
{
    if (!fork_now)
        return;
    fork_now = 0;
    fflush(stdout);
    forked_here = fork();
    if (forked_here == 0)
        alarm(PATIENCE);
}

static void fork_in_parallel_for(void *context, size_t count, gln_work_function work, void *work_context)
{
    fork_once();
    on_threads(context, count, work, work_context);
}

/*
 * Where it says 1, LeakSanitizer does not look: a call in the middle of which the process ends still holds what it works on, some of it
 * by pointers with marks of Swift's enums in them, which it does not take for pointers.
 */
int __lsan_is_turned_off(void);
static int exits_in_call;
int __lsan_is_turned_off(void)
{
    return exits_in_call;
}

static void exit_in_parallel_for(void *context, size_t count, gln_work_function work, void *work_context)
{
    fork_once();
    if (forked_here == 0) {
        exits_in_call = 1;
        exit(0);
    }
    on_threads(context, count, work, work_context);
}

static void fork_in_log(void *context, const char *message)
{
    (void)context;
    (void)message;
    fork_once();
}

static void fork_in_profile(void *context, const gln_operation_time *operation)
{
    ++*(int *)context;
    (void)operation;
    fork_once();
}

static setting at_exit;

static void free_at_exit(void)
{
    gln_session_free(at_exit.session);
    gln_model_free(at_exit.model);
}

/* In the parent: whether the child of the callback did well. In the child: ends it. */
static int callbacks_child_did_well(void)
{
    int status = 0;
    if (forked_here == 0)
        _exit(wrong);
    return forked_here > 0 && waitpid(forked_here, &status, 0) == forked_here && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static void prepare_fork(void)
{
    fork_now = 1;
    forked_here = -1;
    wrong = 0;
}

static void test_fork_in_parallel_for(void)
{
    setting made = make_setting(2, fork_in_parallel_for, NULL);
    gln_prediction best = {0, 0, NULL};
    prepare_fork();
    EXPECT(gln_session_classify(made.session, &picture, &best, 1, NULL) == GLN_OK);
    EXPECT(best.probability == made.probability);
    if (forked_here == 0)
        use_in_child(&made);
    CHECK(callbacks_child_did_well());
    free_setting(&made);
}

static void test_exit_in_parallel_for(void)
{
    gln_prediction best;
    at_exit = make_setting(2, exit_in_parallel_for, NULL);
    atexit(free_at_exit);
    prepare_fork();
    CHECK_STATUS(GLN_OK, gln_session_classify(at_exit.session, &picture, &best, 1, NULL));
    CHECK(callbacks_child_did_well());
    free_setting(&at_exit);
    memset(&at_exit, 0, sizeof at_exit);
}

static void test_fork_in_profile(void)
{
    setting made = make_setting(3, NULL, NULL);
    const gln_batch batch = tiny_batch(noise, 1);
    int operations = 0, before;
    CHECK_STATUS(GLN_OK, gln_session_profile(made.session, &batch, fork_in_profile, &operations));
    before = operations;
    operations = 0;
    prepare_fork();
    EXPECT(gln_session_profile(made.session, &batch, fork_in_profile, &operations) == GLN_OK);
    EXPECT(operations == before);
    if (forked_here == 0)
        use_in_child(&made);
    CHECK(callbacks_child_did_well());
    free_setting(&made);
}

/* In the child the rest of the call runs on its thread alone, though the parent's other session has the team meanwhile. */
static void test_fork_in_profile_with_a_team(void)
{
    setting parents, other;
    team_setting it = make_team_setting(&parents, 20);
    traffic traffic = {&other, PTHREAD_MUTEX_INITIALIZER, 0};
    const gln_batch batch = tiny_batch(noise, 1);
    pthread_t thread;
    int round;
    other = parents;
    CHECK_STATUS(GLN_OK, gln_session_create(parents.model, parents.options, &other.session));
    CHECK(pthread_create(&thread, NULL, keep_classifying, &traffic) == 0);
    for (round = 0; round < 30; round++) {
        int operations = 0;
        prepare_fork();
        EXPECT(gln_session_profile(parents.session, &batch, fork_in_profile, &operations) == GLN_OK);
        EXPECT(operations > TINY_LAYERS / 2);
        if (forked_here == 0)
            use_team_in_child(&it);
        CHECK(callbacks_child_did_well());
    }
    pthread_mutex_lock(&traffic.lock);
    traffic.stop = 1;
    pthread_mutex_unlock(&traffic.lock);
    pthread_join(thread, NULL);
    gln_session_free(other.session);
    gln_thread_team_free(it.team);
    free_setting(&parents);
}

typedef struct forking_file {
    tiny_bytes file;
    int pieces;
} forking_file;

static int fork_in_read(void *context, uint64_t offset, void *buffer, size_t size)
{
    forking_file *it = context;
    it->pieces++;
    memcpy(buffer, it->file.data + offset, size / 2);
    fork_once();
    memcpy((char *)buffer + size / 2, it->file.data + offset + size / 2, size - size / 2);
    return 0;
}

/* Parent and child both have the model. */
static void test_fork_in_load_callbacks(void)
{
    setting made = make_setting(1, NULL, NULL);
    forking_file it = {{NULL, 0}, 0};
    it.file = tiny_model();
    gln_model_free(made.model);
    prepare_fork();
    EXPECT(gln_model_load_callbacks(fork_in_read, it.file.size, &it, &made.model) == GLN_OK);
    EXPECT(it.pieces == 1);
    expect_new_session_works(&made);
    if (forked_here == 0)
        use_in_child(&made);
    CHECK(callbacks_child_did_well());
    free(it.file.data);
    free_setting(&made);
}

static void test_fork_in_log(void)
{
    setting made = make_setting(3, NULL, NULL);
    gln_session_free(made.session);
    CHECK_STATUS(GLN_OK, gln_session_options_set_log(made.options, fork_in_log, NULL));
    prepare_fork();
    EXPECT(gln_session_create(made.model, made.options, &made.session) == GLN_OK);
    if (forked_here == 0)
        use_in_child(&made);
    CHECK(callbacks_child_did_well());
    free_setting(&made);
}

int main(void)
{
    tiny_noise(noise, 1, 7);
    RUN(test_children);
    RUN(test_teams);
    RUN(test_daemon);
    RUN(test_sleeping_workers);
    RUN(test_forks_while_classifying);
    RUN(test_forks_while_a_team_works);
    RUN(test_forks_while_creating_and_freeing);
    RUN(test_fork_in_parallel_for);
    RUN(test_exit_in_parallel_for);
    RUN(test_fork_in_profile);
    RUN(test_fork_in_profile_with_a_team);
    RUN(test_fork_in_load_callbacks);
    RUN(test_fork_in_log);
    return check_finish();
}
