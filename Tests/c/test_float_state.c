/*
 * The caller's floating-point state: whatever it is, on any thread, answers are the same bit for bit, nothing raises SIGFPE, callbacks
 * find it, and afterwards it is as before. argv[1]: a quantized model.
 */
#include "check.h"
#include "tiny_model.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *quantized_path;

#if defined(__x86_64__)
#include <xmmintrin.h>

enum { USUAL = 0x1F80, TOP = 4, VALUES = 4096 };

static const unsigned states[] = {
    0x9FC0,          /* results and operands that are subnormal become zero */
    0x3F80,          /* rounds down */
    0x5F80,          /* rounds up */
    0x7F80,          /* rounds towards zero */
    0x1F80 & ~0x680, /* invalid operations, division by zero and overflow raise SIGFPE */
    0x0000,          /* so does all else, and the operand's subnormality */
    0x1F80 | 0x3F    /* every flag is up already */
};
enum { STATES = sizeof states / sizeof *states };

/* What the callbacks compare with and do, and what they found. */
static unsigned hosts_state;
static int on_other_threads, calls_of[5];
static volatile int wrong_states;

static void meet(int callback)
{
    calls_of[callback]++;
    if (_mm_getcsr() != hosts_state)
        wrong_states++;
}

typedef struct item {
    gln_work_function work;
    void *context;
    size_t index;
} item;

static void *work_in_state(void *argument)
{
    item *it = argument;
    const unsigned state = states[it->index % STATES];
    _mm_setcsr(state);
    it->work(it->context, it->index);
    if (_mm_getcsr() != state)
        wrong_states++;
    return NULL;
}

static void parallel_for(void *context, size_t count, gln_work_function work, void *work_context)
{
    pthread_t threads[8];
    item items[8];
    size_t i;
    (void)context;
    meet(0);
    for (i = 0; i < count; i++) {
        items[i].work = work;
        items[i].context = work_context;
        items[i].index = i;
        if (!on_other_threads || pthread_create(&threads[i], NULL, work_in_state, &items[i]) != 0)
            work(work_context, i);
    }
    for (i = 0; on_other_threads && i < count; i++)
        pthread_join(threads[i], NULL);
    if (_mm_getcsr() != hosts_state)
        wrong_states++;
}

static void *allocate(void *context, size_t size, size_t alignment)
{
    void *block = NULL;
    (void)context;
    meet(1);
    return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

static void release(void *context, void *block, size_t size)
{
    (void)context;
    (void)size;
    meet(1);
    free(block);
}

static void log_line(void *context, const char *message)
{
    (void)context;
    (void)message;
    meet(2);
}

static void receive(void *context, const gln_operation_time *operation)
{
    (void)context;
    (void)operation;
    meet(3);
}

static int read_part(void *context, uint64_t offset, void *buffer, size_t size)
{
    const tiny_bytes *file = context;
    meet(4);
    memcpy(buffer, file->data + offset, size);
    return 0;
}

static unsigned char picture[100 * 80 * 3];
static unsigned char *batch_pixels;
/* Written beforehand: that computes too. */
static tiny_bytes tiny;

/* All that a session computes. */
typedef struct answers {
    gln_status worst;
    gln_prediction best[TOP];
    float rows[2][16];
    float features[2][1100];
} answers;

#define AROUND(call)                                                                                                   \
    do {                                                                                                               \
        const gln_status status = (call);                                                                              \
        if (status != GLN_OK)                                                                                          \
            result->worst = status;                                                                                    \
        if (_mm_getcsr() != hosts_state)                                                                               \
            wrong_states++;                                                                                            \
    } while (0)

static void load(gln_model **model, answers *result)
{
    if (quantized_path != NULL) {
        AROUND(gln_model_load_file(quantized_path, model));
    } else {
        AROUND(gln_model_load_callbacks(read_part, tiny.size, &tiny, model));
    }
}

static gln_session_options *options_for(int threads, gln_precision precision, int hosted)
{
    gln_session_options *options = NULL;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, threads));
    CHECK_STATUS(GLN_OK, gln_session_options_set_precision(options, precision));
    if (hosted) {
        CHECK_STATUS(GLN_OK, gln_session_options_set_parallel_for(options, parallel_for, NULL));
        CHECK_STATUS(GLN_OK, gln_session_options_set_allocator(options, allocate, release, NULL));
        CHECK_STATUS(GLN_OK, gln_session_options_set_log(options, log_line, NULL));
    }
    return options;
}

/* Loads and creates in one state, runs and frees in another. Between them nothing here computes with floating point. */
static void answer(const gln_session_options *options, unsigned create_state, unsigned run_state, answers *result)
{
    gln_model *model = NULL;
    gln_session *session = NULL;
    const gln_image image = {picture, 100, 80, 0, GLN_PIXEL_RGB};
    gln_batch batch = tiny_batch(batch_pixels, 2);
    memset(result, 0, sizeof *result);
    hosts_state = create_state;
    _mm_setcsr(create_state);
    load(&model, result);
    AROUND(gln_session_create(model, options, &session));
    hosts_state = run_state;
    _mm_setcsr(run_state);
    AROUND(gln_session_classify(session, &image, result->best, TOP, NULL));
    AROUND(gln_session_predict(session, &batch, GLN_OUTPUT_PROBABILITIES, result->rows[0], sizeof result->rows / 4));
    AROUND(gln_session_features(session, &batch, result->features[0], sizeof result->features / 4));
    AROUND(gln_session_profile(session, &batch, receive, NULL));
    gln_session_free(session);
    AROUND(GLN_OK);
    gln_model_free(model);
    AROUND(GLN_OK);
    hosts_state = USUAL;
    _mm_setcsr(USUAL);
    for (int i = 0; i < TOP; i++)
        result->best[i].label = NULL;
}

static void check_states(int threads, gln_precision precision, int hosted)
{
    static answers usual, found;
    gln_session_options *options = options_for(threads, precision, hosted);
    int i;
    wrong_states = 0;
    memset(calls_of, 0, sizeof calls_of);
    on_other_threads = 0;
    answer(options, USUAL, USUAL, &usual);
    CHECK(usual.worst == GLN_OK);
    on_other_threads = hosted;
    for (i = 0; i < STATES; i++) {
        answer(options, states[i], states[(i + 1) % STATES], &found);
        CHECK(memcmp(&found, &usual, sizeof found) == 0);
    }
    answer(options, USUAL, states[1], &found);
    CHECK(memcmp(&found, &usual, sizeof found) == 0);
    answer(options, states[1], USUAL, &found);
    CHECK(memcmp(&found, &usual, sizeof found) == 0);
    CHECK(wrong_states == 0);
    CHECK(!hosted || (calls_of[0] > 0 && calls_of[1] > 0 && calls_of[2] > 0));
    CHECK(calls_of[3] > 0 && (quantized_path != NULL || calls_of[4] > 0));
    gln_session_options_free(options);
}

static void check_model(const char *path)
{
    gln_model *model = NULL;
    static answers unused, *result = &unused;
    size_t pixels;
    quantized_path = path;
    hosts_state = USUAL;
    load(&model, result);
    CHECK(unused.worst == GLN_OK && gln_model_class_count(model) <= 16 && gln_model_feature_count(model) <= 1100);
    pixels = (size_t)gln_model_input_height(model) * (size_t)gln_model_input_width(model) * 3;
    batch_pixels = malloc(2 * pixels);
    for (size_t i = 0; i < 2 * pixels; i++)
        batch_pixels[i] = (unsigned char)(i * i / 7 + i / 300);
    check_states(3, GLN_PRECISION_FLOAT32, 1);
    if (path == NULL) {
        check_states(1, GLN_PRECISION_FLOAT32, 0);
        check_states(3, GLN_PRECISION_FLOAT32, 0);
    }
    if (gln_model_precision(model) == GLN_PRECISION_INT8) {
        check_states(1, GLN_PRECISION_INT8, 0);
        check_states(3, GLN_PRECISION_INT8, 0);
        check_states(3, GLN_PRECISION_INT8, 1);
    }
    free(batch_pixels);
    gln_model_free(model);
}

static void raise_a_flag(void *context, const char *message)
{
    (void)context;
    (void)message;
    _mm_setcsr(_mm_getcsr() | 0x20);
}

/* What a callback makes of its thread's state is the host's own affair. */
static void test_callbacks_changes_are_kept(void)
{
    gln_session_options *options = options_for(1, GLN_PRECISION_AUTO, 0);
    gln_session *session = NULL;
    gln_model *model = tiny_load();
    unsigned after;
    CHECK_STATUS(GLN_OK, gln_session_options_set_log(options, raise_a_flag, NULL));
    _mm_setcsr(USUAL);
    CHECK_STATUS(GLN_OK, gln_session_create(model, options, &session));
    after = _mm_getcsr();
    _mm_setcsr(USUAL);
    CHECK(after == (USUAL | 0x20));
    gln_session_free(session);
    gln_session_options_free(options);
    gln_model_free(model);
}

static void test_tiny(void)
{
    check_model(NULL);
}

static void test_quantized(void)
{
    check_model(quantized_path);
}
#else
static void test_tiny(void)
{
    SKIP("the state is set here in x86-64's way");
}
#endif

int main(int count, char **arguments)
{
    const char *path = count > 1 ? arguments[1] : NULL;
#if defined(__x86_64__)
    for (size_t i = 0; i < sizeof picture; i++)
        picture[i] = (unsigned char)(i * 31 + i / 240 * 7);
    tiny = tiny_model();
    RUN(test_callbacks_changes_are_kept);
    RUN(test_tiny);
    quantized_path = path;
    RUN(test_quantized);
    free(tiny.data);
#else
    (void)path;
    RUN(test_tiny);
#endif
    return check_finish();
}
