/* Progress and cancelling of calls. */
#include "check.h"
#include "tiny_model.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { IMAGES = 12, FEW = 3 };
static unsigned char noise[IMAGES * TINY_PIXELS];

typedef struct watcher {
    size_t calls, last, total;
    /* After how many images it wants the call to stop; 0: never. */
    size_t stop;
    int by_function;
    gln_session *session;
    gln_status meanwhile;
} watcher;

static int watch(void *context, size_t done, size_t total)
{
    watcher *it = context;
    gln_batch batch = tiny_batch(noise, 1);
    float row[TINY_CLASSES];
    it->calls++;
    CHECK(done == it->last + 1);
    it->last = done;
    it->total = total;
    it->meanwhile = gln_session_predict(it->session, &batch, GLN_OUTPUT_LOGITS, row, TINY_CLASSES);
    if (done != it->stop)
        return 0;
    if (it->by_function)
        gln_session_cancel(it->session);
    return !it->by_function;
}

static gln_session *watched(watcher *it, int threads)
{
    gln_session_options *options = NULL;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, threads));
    CHECK_STATUS(GLN_OK, gln_session_options_set_progress(options, it ? watch : NULL, it));
    {
        gln_session *session = tiny_session(options);
        gln_session_options_free(options);
        if (it)
            it->session = session;
        return session;
    }
}

static void fill_views(gln_view *views, gln_picture *picture)
{
    static const gln_picture empty = GLN_PICTURE_INIT;
    static const gln_view whole = GLN_VIEW_INIT;
    int i;
    *picture = empty;
    picture->planes[0] = noise;
    picture->width = TINY_WIDTH;
    picture->height = TINY_HEIGHT;
    for (i = 0; i < IMAGES; i++) {
        views[i] = whole;
        views[i].picture = picture;
    }
}

static void forget(float *rows)
{
    int i;
    for (i = 0; i < IMAGES * TINY_CLASSES; i++)
        rows[i] = 42;
}

static int is_row_written(const float *row)
{
    int i, written = 0;
    for (i = 0; i < TINY_CLASSES; i++)
        written += row[i] != 42;
    CHECK(written == 0 || written == TINY_CLASSES);
    return written != 0;
}

/* Of views, and of the images of a batch. */
static void check_progress(int threads, int views_count)
{
    size_t stop, i;
    int by_function;
    for (stop = 0; stop <= IMAGES; stop++) {
        for (by_function = 0; by_function < 2; by_function++) {
            watcher it = {0, 0, 0, 0, 0, NULL, GLN_OK};
            gln_session *session = watched(&it, threads);
            gln_batch batch = tiny_batch(noise, IMAGES);
            gln_picture picture;
            gln_view views[IMAGES];
            gln_request request = GLN_REQUEST_INIT;
            float rows[IMAGES][TINY_CLASSES];
            const size_t wanted = stop == 0 || stop == IMAGES ? IMAGES : stop;
            const gln_status expected = wanted == IMAGES ? GLN_OK : GLN_CANCELLED;
            it.stop = stop;
            it.by_function = by_function;
            fill_views(views, &picture);
            request.kind = GLN_REQUEST_LOGITS;
            request.values = rows;
            request.capacity = IMAGES * TINY_CLASSES;
            forget(rows[0]);
            if (views_count)
                CHECK_STATUS(expected, gln_session_run(session, views, IMAGES, &request, 1));
            else
                CHECK_STATUS(expected, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows[0],
                                                           IMAGES * TINY_CLASSES));
            CHECK(it.calls == wanted && it.last == wanted && it.total == IMAGES && it.meanwhile == GLN_BUSY);
            for (i = 0; i < IMAGES; i++)
                CHECK(is_row_written(rows[i]) == (i < wanted));
            /* The session is as before. */
            it.last = it.stop = 0;
            CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows[0],
                                                     IMAGES * TINY_CLASSES));
            gln_session_free(session);
        }
    }
}

static void test_progress_of_views(void)
{
    check_progress(1, 1);
    check_progress(3, 1);
}

static void test_progress_of_batches(void)
{
    check_progress(1, 0);
    check_progress(3, 0);
}

static int spoil(void *context, size_t done, size_t total)
{
    gln_view *views = context;
    (void)total;
    views[done].fit = GLN_FIT_WARP;
    views[done].context = TINY_HEIGHT / 2;
    return 0;
}

/* Views that a callback changes are looked at once more. */
static void test_views_that_change(void)
{
    gln_session_options *options = NULL;
    gln_session *session;
    gln_picture picture;
    gln_view views[IMAGES];
    gln_request request = GLN_REQUEST_INIT;
    float rows[IMAGES][TINY_CLASSES];
    fill_views(views, &picture);
    request.values = rows;
    request.capacity = IMAGES * TINY_CLASSES;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_progress(options, spoil, views));
    session = tiny_session(options);
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "context", gln_session_run(session, views, 2, &request, 1));
    gln_session_free(session);
    gln_session_options_free(options);
}

static void test_message_says_how_far_it_came(void)
{
    watcher it = {0, 0, 0, 5, 0, NULL, GLN_OK};
    gln_session *session = watched(&it, 1);
    gln_batch batch = tiny_batch(noise, IMAGES);
    float rows[IMAGES * TINY_CLASSES];
    CHECK_ERROR(GLN_CANCELLED, "5 of 12",
                gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows, IMAGES * TINY_CLASSES));
    gln_session_free(session);
}

/* Where no call runs there is nothing to cancel. */
static void test_cancelling_nothing_does_nothing(void)
{
    gln_session *session = watched(NULL, 1);
    gln_batch batch = tiny_batch(noise, 1);
    float row[TINY_CLASSES];
    gln_session_cancel(session);
    gln_session_cancel(session);
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, row, TINY_CLASSES));
    gln_session_cancel(session);
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, row, TINY_CLASSES));
    gln_session_free(session);
}

typedef struct canceller {
    gln_session *session;
    pthread_mutex_t lock;
    /* The longest pause between two cancels; negative: no more of them. */
    double nanoseconds;
} canceller;

static double longest_pause(canceller *it)
{
    double found;
    pthread_mutex_lock(&it->lock);
    found = it->nanoseconds;
    pthread_mutex_unlock(&it->lock);
    return found;
}

static void set_longest_pause(canceller *it, double nanoseconds)
{
    pthread_mutex_lock(&it->lock);
    it->nanoseconds = nanoseconds;
    pthread_mutex_unlock(&it->lock);
}

static void *cancel_at_random(void *context)
{
    canceller *it = context;
    unsigned random = 1;
    double longest;
    while ((longest = longest_pause(it)) >= 0) {
        struct timespec pause = {0, 0};
        random = random * 1664525 + 1013904223;
        pause.tv_nsec = (long)((double)(random >> 8) / (1 << 24) * longest);
        nanosleep(&pause, NULL);
        gln_session_cancel(it->session);
    }
    return NULL;
}

/* Whenever it comes: each call gives the right answer or says that it was cancelled, whatever it is. */
static void check_random_cancels(int threads)
{
    gln_session *session = watched(NULL, threads), *calm = watched(NULL, 1);
    gln_batch batch = tiny_batch(noise, FEW);
    gln_picture picture;
    gln_view views[IMAGES];
    gln_request requests[2] = {GLN_REQUEST_INIT, GLN_REQUEST_INIT};
    static float rows[IMAGES][TINY_CLASSES], wanted[FEW][TINY_CLASSES], layer[FEW][960];
    canceller it = {NULL, PTHREAD_MUTEX_INITIALIZER, 1e6};
    pthread_t thread;
    int cancelled = 0, answered = 0, round;
    size_t i;
    it.session = session;
    fill_views(views, &picture);
    requests[0].kind = GLN_REQUEST_LOGITS;
    requests[0].values = rows;
    requests[0].capacity = FEW * TINY_CLASSES;
    requests[1].kind = GLN_REQUEST_LAYER;
    requests[1].values = layer;
    requests[1].capacity = FEW * 960;
    CHECK_STATUS(GLN_OK, gln_session_predict(calm, &batch, GLN_OUTPUT_LOGITS, wanted[0], FEW * TINY_CLASSES));
    CHECK(pthread_create(&thread, NULL, cancel_at_random, &it) == 0);
    for (round = 0; cancelled < 500 || answered < 100; round++) {
        static const char *const names[] = {"conv1", "relu1", "pool1", "norm1", "branch1", "relu2"};
        gln_status status;
        forget(rows[0]);
        if (round % 8 == 7) {
            /* Ways to layers are made anew all the time. */
            requests[1].layer = names[round / 8 % 6];
            status = gln_session_run(session, views, FEW, requests, 2);
        } else {
            status = gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows[0], FEW * TINY_CLASSES);
        }
        /* However slow the machine is, and whatever runs beside: five are cancelled where one is answered. */
        if (status == GLN_CANCELLED) {
            cancelled++;
            set_longest_pause(&it, fmin(longest_pause(&it) * 1.1, 9e8));
        } else {
            CHECK_STATUS(GLN_OK, status);
            answered++;
            set_longest_pause(&it, fmax(longest_pause(&it) * 0.6, 1e3));
        }
        if (round % 8 == 7)
            continue;
        for (i = 0; i < FEW; i++)
            CHECK(is_row_written(rows[i]) ? memcmp(rows[i], wanted[i], sizeof rows[i]) == 0 : status != GLN_OK);
    }
    set_longest_pause(&it, -1);
    pthread_join(thread, NULL);
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows[0], FEW * TINY_CLASSES));
    CHECK(memcmp(rows, wanted, sizeof wanted) == 0);
    gln_session_free(session);
    gln_session_free(calm);
}

static void test_random_cancels(void)
{
    check_random_cancels(1);
    check_random_cancels(2);
}

int main(void)
{
    tiny_noise(noise, IMAGES, 9);
    RUN(test_progress_of_views);
    RUN(test_progress_of_batches);
    RUN(test_views_that_change);
    RUN(test_message_says_how_far_it_came);
    RUN(test_cancelling_nothing_does_nothing);
    RUN(test_random_cancels);
    return check_finish();
}
