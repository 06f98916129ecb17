/*
 * Memory: the caller's allocator, leaks, and no allocation in steady state.
 */
#include "allocations.h"
#include "check.h"
#include "tiny_model.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *bundled;

/* ----------------------------------------------------------------------------------------- a caller's allocator */

typedef struct pool {
    pthread_mutex_t lock;
    long allocations, releases, bad;
    long fail_at; /* counted from 0; below 0: never */
    size_t bytes, peak;
} pool;

typedef struct block_header {
    void *base;
    size_t size;
    unsigned magic;
} block_header;

static void pool_reset(pool *pool, long fail_at)
{
    memset(pool, 0, sizeof *pool);
    pthread_mutex_init(&pool->lock, NULL);
    pool->fail_at = fail_at;
}

static void *pool_allocate(void *context, size_t size, size_t alignment)
{
    pool *pool = context;
    unsigned char *result = NULL;
    void *base;
    pthread_mutex_lock(&pool->lock);
    pool->bad += alignment == 0 || (alignment & (alignment - 1)) != 0 || size == 0;
    if (pool->fail_at-- != 0 &&
        (base = malloc(size + alignment + sizeof(block_header))) != NULL) {
        block_header header;
        result = (unsigned char *)base + sizeof header;
        result += (alignment - (uintptr_t)result % alignment) % alignment;
        header.base = base;
        header.size = size;
        header.magic = 0xB10C;
        memcpy(result - sizeof header, &header, sizeof header);
        memset(result, 0xCD, size); /* what is not written first must not be read */
        pool->allocations++;
        pool->bytes += size;
        if (pool->bytes > pool->peak)
            pool->peak = pool->bytes;
    }
    pthread_mutex_unlock(&pool->lock);
    return result;
}

static void pool_release(void *context, void *block, size_t size)
{
    pool *pool = context;
    block_header header;
    pthread_mutex_lock(&pool->lock);
    memcpy(&header, (unsigned char *)block - sizeof header, sizeof header);
    pool->bad += header.magic != 0xB10C || header.size != size;
    pool->releases++;
    pool->bytes -= header.size;
    header.magic = 0xDEAD;
    memcpy((unsigned char *)block - sizeof header, &header, sizeof header);
    free(header.base);
    pthread_mutex_unlock(&pool->lock);
}

static gln_session_options *pool_options(pool *pool, int threads)
{
    gln_session_options *options = NULL;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, threads));
    if (pool)
        CHECK_STATUS(GLN_OK, gln_session_options_set_allocator(options, pool_allocate, pool_release, pool));
    return options;
}

static unsigned char noise[3 * TINY_PIXELS];
static unsigned char picture[640 * 480 * 3];
static float values[3 * 8 * 10 * 12];

/* Every call that computes, once. */
static gln_status use_all(gln_session *session)
{
    gln_batch batch = tiny_batch(noise, 3), tensors = batch;
    gln_image image = {picture, 640, 480, 0, GLN_PIXEL_RGB};
    gln_prediction best[3];
    static float planes[3 * TINY_PIXELS];
    gln_status status;
    tensors.kind = GLN_BATCH_FLOAT32;
    tensors.data = planes;
    if ((status = gln_session_predict(session, &batch, GLN_OUTPUT_PROBABILITIES, values, 3 * TINY_CLASSES)) != GLN_OK ||
        (status = gln_session_predict(session, &tensors, GLN_OUTPUT_LOGITS, values, 3 * TINY_CLASSES)) != GLN_OK ||
        (status = gln_session_features(session, &batch, values, 3 * TINY_FEATURES)) != GLN_OK ||
        (status = gln_session_classify(session, &image, best, 3, NULL)) != GLN_OK)
        return status;
    return gln_session_layer(session, "conv1", &batch, values, sizeof values / sizeof values[0]);
}

static void test_allocator_is_used(void)
{
    static pool pool;
    gln_session_options *options;
    gln_session *session;
    float plain[TINY_CLASSES], pooled[TINY_CLASSES];
    gln_batch batch = tiny_batch(noise, 1);
    session = tiny_session(NULL);
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, plain, TINY_CLASSES));
    gln_session_free(session);
    pool_reset(&pool, -1);
    options = pool_options(&pool, 2);
    session = tiny_session(options);
    gln_session_options_free(options);
    CHECK(pool.allocations > 0 && pool.bad == 0);
    CHECK(pool.bytes >= gln_session_activation_bytes(session));
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, pooled, TINY_CLASSES));
    CHECK(memcmp(plain, pooled, sizeof plain) == 0);
    CHECK_STATUS(GLN_OK, use_all(session));
    gln_session_free(session);
    CHECK(pool.allocations == pool.releases && pool.bytes == 0 && pool.bad == 0);
}

static void test_failing_allocator(void)
{
    static pool pool;
    long fail_at, successes = 0;
    for (fail_at = 0; fail_at < 1000 && successes == 0; fail_at++) {
        gln_model *model = tiny_load();
        gln_session_options *options;
        gln_session *session = NULL;
        gln_status status;
        pool_reset(&pool, fail_at);
        options = pool_options(&pool, 2);
        status = gln_session_create(model, options, &session);
        CHECK((status == GLN_OK) == (session != NULL));
        if (status == GLN_OK) {
            status = use_all(session);
            /* One failed allocation does not spoil the session. */
            CHECK_STATUS(GLN_OK, use_all(session));
        }
        successes += status == GLN_OK;
        CHECK(status == GLN_OK || status == GLN_OUT_OF_MEMORY);
        if (status == GLN_OUT_OF_MEMORY)
            CHECK(*gln_last_error_message() != 0);
        gln_session_free(session);
        gln_session_options_free(options);
        gln_model_free(model);
        CHECK(pool.allocations == pool.releases && pool.bytes == 0 && pool.bad == 0);
    }
    CHECK(successes == 1 && fail_at > 2);
}

static void test_no_leaks(void)
{
    static pool pool;
    long before = 0;
    int round;
    for (round = 0; round < 12; round++) {
        gln_session_options *options;
        gln_session *session;
        gln_model *model = NULL;
        tiny_variant wrong_labels = {1, TINY_CLASSES - 1, 1};
        tiny_bytes file, structure;
        int kind;
        /* The first rounds let lazily made things come to be. */
        if (round == 3)
            before = allocations_live();
        pool_reset(&pool, -1);
        options = pool_options(round % 2 ? &pool : NULL, 1);
        session = tiny_session(options);
        CHECK_STATUS(GLN_OK, use_all(session));
        CHECK(gln_session_layer(session, "none", NULL, values, 1) != GLN_OK);
        gln_session_free(session);
        CHECK_STATUS(GLN_OK, gln_session_options_set_precision(options, GLN_PRECISION_INT8));
        CHECK_STATUS(GLN_OK, gln_session_options_set_input_size(options, 8192, 8192));
        model = tiny_load();
        CHECK_STATUS(GLN_UNSUPPORTED, gln_session_create(model, options, &session));
        gln_model_free(model);
        gln_session_options_free(options);
        file = tiny_model();
        for (kind = 0; kind < 2; kind++) {
            model = NULL;
            CHECK(gln_model_load_memory(file.data, file.size / 2, (gln_memory)kind, &model) != GLN_OK);
            file.data[file.size / 3] ^= 4;
            CHECK(gln_model_load_memory(file.data, file.size, (gln_memory)kind, &model) != GLN_OK);
            file.data[file.size / 3] ^= 4;
        }
        free(file.data);
        CHECK(gln_model_load_file("/nowhere/x.gln", &model) == GLN_IO_ERROR);
        structure = tiny_structure(wrong_labels);
        file = tiny_seal(structure, wrong_labels);
        CHECK(gln_model_load_memory(file.data, file.size, GLN_MEMORY_COPY, &model) == GLN_INVALID_MODEL);
        free(structure.data);
        free(file.data);
    }
    if (allocations_live() != before)
        fprintf(stderr, "%ld blocks more than before after 9 rounds\n", allocations_live() - before);
    CHECK(allocations_live() == before);
}

/* Four combinations of answers, of two pictures. */
static gln_status run_all(gln_session *session)
{
    static const char *const layers[] = {"conv1", "norm1", "concat", "pool1"};
    gln_picture picture = GLN_PICTURE_INIT;
    gln_view views[2] = {GLN_VIEW_INIT, GLN_VIEW_INIT};
    gln_request requests[3] = {GLN_REQUEST_INIT, GLN_REQUEST_INIT, GLN_REQUEST_INIT};
    static float layer[2 * 8 * TINY_PIXELS];
    gln_prediction best[2];
    gln_status status = GLN_OK;
    int i;
    picture.planes[0] = noise;
    picture.width = TINY_WIDTH;
    picture.height = TINY_HEIGHT;
    views[0].picture = views[1].picture = &picture;
    views[1].mirrored = 1;
    requests[0].kind = GLN_REQUEST_TOP;
    requests[0].top = 1;
    requests[0].values = best;
    requests[0].capacity = 2;
    requests[1].kind = GLN_REQUEST_FEATURES;
    requests[1].values = values;
    requests[1].capacity = 2 * TINY_FEATURES;
    requests[2].kind = GLN_REQUEST_LAYER;
    requests[2].values = layer;
    requests[2].capacity = 2 * 8 * TINY_PIXELS;
    for (i = 0; status == GLN_OK && i < 4; i++) {
        requests[2].layer = layers[i];
        status = gln_session_run(session, views, 2, requests, 3);
        if (status == GLN_OK)
            status = gln_session_run(session, views, 2, requests, 2);
    }
    return status;
}

static void check_steady_state(int threads, gln_backend backend)
{
    gln_session_options *options = pool_options(NULL, threads);
    gln_session *session;
    long before;
    int round;
    CHECK_STATUS(GLN_OK, gln_session_options_set_backend(options, backend));
    session = tiny_session(options);
    CHECK_STATUS(GLN_OK, use_all(session));
    before = allocations_calls();
    for (round = 0; round < 5; round++)
        CHECK_STATUS(GLN_OK, use_all(session));
    CHECK(allocations_calls() == before);
    CHECK_STATUS(GLN_OK, run_all(session));
    before = allocations_calls();
    for (round = 0; round < 5; round++)
        CHECK_STATUS(GLN_OK, run_all(session));
    if (allocations_calls() != before)
        fprintf(stderr, "%ld calls of malloc and free in five rounds\n", allocations_calls() - before);
    CHECK(allocations_calls() == before);
    gln_session_free(session);
    gln_session_options_free(options);
}

static void test_no_allocation_in_steady_state(void)
{
    check_steady_state(1, GLN_BACKEND_NATIVE);
    check_steady_state(3, GLN_BACKEND_NATIVE);
}

/* Batches need no memory even in the first call. */
static void test_no_allocation_in_first_call(void)
{
    gln_session *session = tiny_session(NULL);
    gln_batch batch = tiny_batch(noise, 3);
    long before = allocations_calls();
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, values, 3 * TINY_CLASSES));
    CHECK_STATUS(GLN_OK, gln_session_features(session, &batch, values, 3 * TINY_FEATURES));
    if (allocations_calls() != before)
        fprintf(stderr, "%ld calls of malloc and free\n", allocations_calls() - before);
    CHECK(allocations_calls() == before);
    gln_session_free(session);
}

/* Sessions of one model with the same settings share its packed weights; with another allocator they do not. */
static void test_weights_are_shared(void)
{
    static pool pool, other;
    gln_session_options *options, *apart;
    gln_session *first = NULL, *second = NULL, *third = NULL;
    gln_model *model = tiny_load();
    size_t alone;
    pool_reset(&pool, -1);
    pool_reset(&other, -1);
    options = pool_options(&pool, 1);
    apart = pool_options(&other, 1);
    CHECK_STATUS(GLN_OK, gln_session_create(model, options, &first));
    alone = pool.bytes;
    CHECK_STATUS(GLN_OK, gln_session_create(model, options, &second));
    CHECK(pool.bytes - alone < alone && gln_session_weight_bytes(second) == gln_session_weight_bytes(first));
    CHECK(pool.bytes - alone <= alone - gln_session_weight_bytes(first));
    CHECK_STATUS(GLN_OK, gln_session_create(model, apart, &third));
    CHECK(other.bytes == alone);
    gln_session_free(first);
    CHECK_STATUS(GLN_OK, use_all(second));
    gln_model_free(model);
    gln_session_free(second);
    CHECK_STATUS(GLN_OK, use_all(third));
    gln_session_free(third);
    CHECK(pool.allocations == pool.releases && other.allocations == other.releases);
    CHECK(pool.bytes == 0 && other.bytes == 0 && pool.bad == 0 && other.bad == 0);
    gln_session_options_free(options);
    gln_session_options_free(apart);
}

static void test_memory_is_told(void)
{
    static pool pool;
    gln_session_memory_info memory = {sizeof memory, 0, 0, 0, 0, 0, 0};
    gln_session_options *options;
    gln_session *session;
    tiny_bytes file = tiny_model();
    pool_reset(&pool, -1);
    options = pool_options(&pool, 1);
    session = tiny_session(options);
    CHECK_STATUS(GLN_OK, gln_session_memory(session, &memory));
    CHECK(memory.model_bytes == file.size);
    CHECK(memory.weight_bytes == gln_session_weight_bytes(session) && memory.weight_bytes > 0);
    CHECK(memory.arena_bytes + memory.scratch_bytes == gln_session_activation_bytes(session) && memory.arena_bytes > 0);
    CHECK(memory.picture_bytes == TINY_PIXELS);
    CHECK(pool.bytes >= memory.weight_bytes + memory.arena_bytes + memory.scratch_bytes);
    CHECK(pool.bytes <= memory.weight_bytes + memory.arena_bytes + memory.scratch_bytes + 64);
    CHECK(memory.peak_bytes >= memory.model_bytes + pool.peak);
    gln_session_free(session);
    gln_session_options_free(options);
    free(file.data);
}

/* What a session of the bundled model allocates at once, to the tightest limit that it accepts: packing's workspaces are within. */
static void test_memory_limit_holds(void)
{
    enum { ROUNDING = 8 << 20 };
    const int threads[] = {1, 2, 64};
    gln_model *model = NULL;
    size_t i;
    int precision;
    CHECK_STATUS(GLN_OK, gln_model_load_file(bundled, &model));
    for (i = 0; i < sizeof threads / sizeof *threads; i++) {
        for (precision = GLN_PRECISION_FLOAT32; precision <= GLN_PRECISION_INT8; precision++) {
            uint64_t least = 1, most = 1 << 30;
            gln_session_options *options = NULL;
            gln_session *session = NULL;
            CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
            CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, threads[i]));
            CHECK_STATUS(GLN_OK, gln_session_options_set_precision(options, (gln_precision)precision));
            while (least < most) {
                const uint64_t middle = (least + most) / 2;
                gln_status status;
                CHECK_STATUS(GLN_OK, gln_session_options_set_memory_limit(options, middle));
                allocations_begin_peak();
                session = NULL;
                status = gln_session_create(model, options, &session);
                CHECK(status == GLN_OK || status == GLN_LIMIT_EXCEEDED);
                CHECK(allocations_peak() <= middle + ROUNDING);
                if (status == GLN_OK)
                    most = middle;
                else
                    least = middle + 1;
                gln_session_free(session);
            }
            gln_session_options_free(options);
        }
    }
    gln_model_free(model);
}

int main(int count, char **arguments)
{
    if (count < 2)
        return 2;
    bundled = arguments[1];

    tiny_noise(noise, 3, 3);
    RUN(test_allocator_is_used);
    RUN(test_failing_allocator);
    RUN(test_no_leaks);
    RUN(test_no_allocation_in_steady_state);
    RUN(test_no_allocation_in_first_call);
    RUN(test_weights_are_shared);
    RUN(test_memory_is_told);
    RUN(test_memory_limit_holds);
    return check_finish();
}
