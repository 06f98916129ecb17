/* Sizes, strides and counts that no memory holds are refused, by a message that names them as they are. */
#include "check.h"
#include "tiny_model.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The message names a number too. */
static void check_number(const char *number)
{
    CHECK(strstr(gln_last_error_message(), number) != NULL);
    CHECK(strstr(gln_last_error_message(), " -") == NULL);
}

static const char largest[] = "18446744073709551615";

static void test_strides(void)
{
    static unsigned char pixels[10 * 10 * 3];
    gln_session *session = tiny_session(NULL);
    gln_image image = {pixels, 10, 10, 0, GLN_PIXEL_RGB};
    gln_prediction best;
    unsigned char cut[TINY_PIXELS];
    ptrdiff_t stride;
    for (stride = PTRDIFF_MAX; stride > (ptrdiff_t)1 << 44; stride = stride / 3 * 2) {
        image.row_stride = stride;
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "row_stride", gln_session_classify(session, &image, &best, 1, NULL));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "row_stride", gln_session_preprocess(session, &image, cut, sizeof cut));
    }
    image.row_stride = PTRDIFF_MIN;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "row_stride", gln_session_classify(session, &image, &best, 1, NULL));
    image.row_stride = PTRDIFF_MAX / 10;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "row_stride", gln_session_classify(session, &image, &best, 1, NULL));
    image.row_stride = 30;
    CHECK_STATUS(GLN_OK, gln_session_classify(session, &image, &best, 1, NULL));
    gln_session_free(session);
}

static void receive(void *context, const gln_operation_time *operation)
{
    ++*(int *)context;
    (void)operation;
}

static void test_batches(void)
{
    static float pixels[TINY_PIXELS], values[64];
    static const size_t counts[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX / TINY_PIXELS + 1,
                                    SIZE_MAX / TINY_PIXELS / 4 + 1, (size_t)1 << 40};
    gln_session *session = tiny_session(NULL);
    int received = 0;
    for (size_t i = 0; i < 2 * sizeof counts / sizeof *counts; i++) {
        gln_batch batch = tiny_batch((unsigned char *)pixels, counts[i / 2]);
        const size_t capacity = SIZE_MAX / 65536 / 8; /* as large as memory can be */
        batch.kind = i % 2 ? GLN_BATCH_FLOAT32 : GLN_BATCH_U8;
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "batch->count",
                    gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, values, 64));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "batch->count",
                    gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, values, capacity / 4));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "batch->count", gln_session_features(session, &batch, values, 64));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "batch->count", gln_session_layer(session, "fc", &batch, values, 64));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "batch->count", gln_session_profile(session, &batch, receive, &received));
        if (i < 2)
            check_number(largest);
    }
    CHECK(received == 0);
    gln_session_free(session);
}

static void test_capacities(void)
{
    static unsigned char pixels[TINY_PIXELS];
    static float values[64];
    static gln_prediction best[TINY_CLASSES];
    gln_session *session = tiny_session(NULL);
    const gln_image image = {pixels, TINY_WIDTH, TINY_HEIGHT, 0, GLN_PIXEL_RGB};
    const gln_batch batch = tiny_batch(pixels, 1);
    const size_t absurd[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 + 1, (size_t)1 << 60};
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        const size_t it = absurd[i];
        size_t count = 99;
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "capacity", gln_session_classify(session, &image, best, it, &count));
        CHECK(count == 99);
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "capacity", gln_session_preprocess(session, &image, pixels, it));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "capacity",
                    gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, values, it));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "capacity", gln_session_features(session, &batch, values, it));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "capacity", gln_session_layer(session, "fc", &batch, values, it));
        if (i == 0)
            check_number(largest);
    }
    /* More than needed is fine. */
    CHECK_STATUS(GLN_OK, gln_session_classify(session, &image, best, (size_t)1 << 40, NULL));
    CHECK_STATUS(GLN_OK, gln_session_features(session, &batch, values, (size_t)1 << 40));
    gln_session_free(session);
}

static int read_nothing(void *context, uint64_t offset, void *buffer, size_t size)
{
    CHECK(!"called");
    (void)context;
    (void)offset;
    (void)buffer;
    (void)size;
    return 0;
}

static void test_models(void)
{
    tiny_bytes file = tiny_model();
    gln_model *model = NULL;
    gln_layer_info layer;
    gln_preprocessing preprocessing;
    const char *key, *value;
    gln_session_memory_info memory;
    gln_session *session = tiny_session(NULL);
    const size_t absurd[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 + 1, (size_t)1 << 48};
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "size is",
                    gln_model_load_memory(file.data, absurd[i], GLN_MEMORY_COPY, &model));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "size is",
                    gln_model_load_memory(file.data, absurd[i], GLN_MEMORY_BORROW, &model));
        if (i == 0)
            check_number(largest);
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "size is", gln_model_load_callbacks(read_nothing, absurd[i], NULL, &model));
        if (i == 0)
            check_number(largest);
    }
    CHECK(model == NULL);
    CHECK_STATUS(GLN_OK, gln_model_load_memory(file.data, file.size, GLN_MEMORY_COPY, &model));
    layer.struct_size = sizeof layer;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "index", gln_model_layer(model, SIZE_MAX, &layer));
    check_number(largest);
    layer.struct_size = SIZE_MAX;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "struct_size", gln_model_layer(model, 0, &layer));
    check_number(largest);
    preprocessing.struct_size = SIZE_MAX;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "preprocessing->struct_size", gln_model_preprocessing(model, &preprocessing));
    check_number(largest);
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "index", gln_model_metadata_entry(model, SIZE_MAX, &key, &value));
    check_number(largest);
    memory.struct_size = SIZE_MAX;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "struct_size", gln_session_memory(session, &memory));
    check_number(largest);
    CHECK(gln_model_label(model, SIZE_MAX) == NULL && gln_model_label(model, SIZE_MAX / 2) == NULL);
    gln_session_free(session);
    gln_model_free(model);
    free(file.data);
}

static void beyond_the_count(void *context, size_t count, gln_work_function work, void *work_context)
{
    static const size_t beyond[] = {0, 1, 1000000, SIZE_MAX / 2, SIZE_MAX};
    (void)context;
    for (size_t i = 0; i < count; i++)
        work(work_context, i);
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        work(work_context, beyond[i] < count ? count + beyond[i] : beyond[i]);
}

/* Work that was never handed out is not done. */
static void test_work_indices(void)
{
    static unsigned char pixels[TINY_PIXELS];
    const gln_batch batch = tiny_batch(pixels, 1);
    float usual[TINY_CLASSES], found[TINY_CLASSES];
    gln_session_options *options = NULL;
    gln_session *session;
    tiny_noise(pixels, 1, 5);
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, 3));
    session = tiny_session(options);
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, usual, TINY_CLASSES));
    gln_session_free(session);
    CHECK_STATUS(GLN_OK, gln_session_options_set_parallel_for(options, beyond_the_count, NULL));
    session = tiny_session(options);
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, found, TINY_CLASSES));
    CHECK(memcmp(found, usual, sizeof found) == 0);
    gln_session_free(session);
    gln_session_options_free(options);
}

int main(void)
{
    RUN(test_strides);
    RUN(test_batches);
    RUN(test_capacities);
    RUN(test_models);
    RUN(test_work_indices);
    return check_finish();
}
