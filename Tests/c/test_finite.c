/* Values that are not finite: in the caller's tensors, and of those that the network computes. */
#include "check.h"
#include "tiny_model.h"

#include <math.h>
#include <string.h>

enum { IMAGES = 3, BAD = 1, PLACE = 1234 };

static float tensors[IMAGES * TINY_PIXELS];

/* Three images of which the second has one such value; or with `scale`, a second one of large values. */
static gln_batch tensor_batch(float value, float scale)
{
    gln_batch batch = {GLN_BATCH_FLOAT32, GLN_PIXEL_RGB, tensors, IMAGES};
    size_t i;
    for (i = 0; i < IMAGES * TINY_PIXELS; i++)
        tensors[i] = (float)(i % 17) / 17 - 0.5f;
    if (scale > 0) {
        for (i = 0; i < TINY_PIXELS; i++)
            tensors[BAD * TINY_PIXELS + i] *= scale;
    } else {
        tensors[BAD * TINY_PIXELS + PLACE] = value;
    }
    return batch;
}

static size_t profiled;

static void receive(void *context, const gln_operation_time *operation)
{
    (void)context;
    CHECK(operation->image == 0);
    profiled++;
}

/* That rows before the bad image's are written, or not touched, and the others not touched. */
static void check_rows(const float *values, size_t length)
{
    size_t i;
    int untouched = 1, finite = 1;
    for (i = 0; i < BAD * length; i++)
        finite = finite && values[i] > -1e30f && values[i] < 1e30f;
    for (i = BAD * length; i < IMAGES * length; i++)
        untouched = untouched && values[i] == -7;
    CHECK(finite);
    CHECK(untouched);
}

static void clear(float *values, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++)
        values[i] = -7;
}

static void check_calls(gln_session *session, const gln_batch *batch, gln_status status, const char *part)
{
    static float values[IMAGES * TINY_FEATURES];
    size_t room = sizeof values / sizeof *values;
    clear(values, room);
    CHECK_ERROR(status, part, gln_session_predict(session, batch, GLN_OUTPUT_PROBABILITIES, values, room));
    check_rows(values, TINY_CLASSES);
    clear(values, room);
    CHECK_ERROR(status, part, gln_session_predict(session, batch, GLN_OUTPUT_LOGITS, values, room));
    check_rows(values, TINY_CLASSES);
    clear(values, room);
    CHECK_ERROR(status, part, gln_session_features(session, batch, values, room));
    check_rows(values, TINY_FEATURES);
    clear(values, room);
    CHECK_ERROR(status, part, gln_session_layer(session, "fc", batch, values, room));
    check_rows(values, TINY_CLASSES);
    profiled = 0;
    CHECK_ERROR(status, part, gln_session_profile(session, batch, receive, NULL));
    CHECK(profiled > 0);
}

static void test_every_tier(float value, float scale, gln_status status, const char *part)
{
    int isa, threads;
    for (isa = GLN_ISA_PORTABLE; isa <= GLN_ISA_AVX512_VNNI; isa++)
        for (threads = 1; threads <= 3; threads += 2) {
            gln_session_options *options = NULL;
            gln_session *session;
            gln_batch batch = tensor_batch(value, scale);
            CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
            CHECK_STATUS(GLN_OK, gln_session_options_set_max_isa(options, (gln_isa)isa));
            CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, threads));
            session = tiny_session(options);
            check_calls(session, &batch, status, part);
            /* The session goes on. */
            batch = tensor_batch(0, 0);
            {
                float values[IMAGES * TINY_CLASSES];
                CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_PROBABILITIES, values,
                                                         IMAGES * TINY_CLASSES));
            }
            gln_session_free(session);
            gln_session_options_free(options);
        }
}

static void test_nan(void)
{
    test_every_tier(nanf(""), 0, GLN_INVALID_ARGUMENT, "batch.data: value 1234 of image 1 is NaN");
}

static void test_infinity(void)
{
    test_every_tier(INFINITY, 0, GLN_INVALID_ARGUMENT, "batch.data: value 1234 of image 1 is infinite");
    test_every_tier(-INFINITY, 0, GLN_INVALID_ARGUMENT, "batch.data: value 1234 of image 1 is infinite");
}

static void test_overflow(void)
{
    /* Squares of 1e25 are infinite: the normalization would make zeros of them. */
    test_every_tier(0, 1e25f, GLN_NOT_FINITE, "image 1: layer 'norm1'");
}

int main(void)
{
    RUN(test_nan);
    RUN(test_infinity);
    RUN(test_overflow);
    return check_finish();
}
