/* gln_session_run with wrong pictures, views and requests: each is named, and nothing is written. */
#include "check.h"
#include "tiny_model.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 30, HEIGHT = 28 };
static unsigned char bytes[3 * TINY_PIXELS];

typedef struct call {
    gln_picture picture;
    gln_view views[2];
    gln_request requests[2];
    gln_prediction best[2];
    float values[2 * TINY_FEATURES];
    size_t lengths[2];
} call;

static gln_session *session;

/* Two views of one picture, their likeliest classes and their features. */
static void fill(call *it)
{
    static const gln_picture picture = GLN_PICTURE_INIT;
    static const gln_view view = GLN_VIEW_INIT;
    static const gln_request request = GLN_REQUEST_INIT;
    size_t i;
    memset(it, 0, sizeof *it);
    it->picture = picture;
    it->picture.planes[0] = bytes;
    it->picture.width = WIDTH;
    it->picture.height = HEIGHT;
    for (i = 0; i < 2; i++) {
        it->views[i] = view;
        it->views[i].picture = &it->picture;
        it->requests[i] = request;
        it->requests[i].row_length = &it->lengths[i];
        it->best[i].class_index = -1;
        it->lengths[i] = 77;
    }
    it->requests[0].kind = GLN_REQUEST_TOP;
    it->requests[0].top = 1;
    it->requests[0].values = it->best;
    it->requests[0].capacity = 2;
    it->requests[1].kind = GLN_REQUEST_FEATURES;
    it->requests[1].values = it->values;
    it->requests[1].capacity = 2 * TINY_FEATURES;
    for (i = 0; i < 2 * TINY_FEATURES; i++)
        it->values[i] = 42;
}

static int is_untouched(const call *it)
{
    size_t i;
    for (i = 0; i < 2 * TINY_FEATURES; i++)
        if (it->values[i] != 42)
            return 0;
    return it->best[0].class_index == -1 && it->best[1].class_index == -1 && it->lengths[0] == 77 && it->lengths[1] == 77;
}

static gln_status run(call *it)
{
    return gln_session_run(session, it->views, 2, it->requests, 2);
}

/* That a call with one change is refused, with a message that names it. */
#define REFUSED(status, part, change)                                                                                  \
    do {                                                                                                               \
        call it;                                                                                                       \
        fill(&it);                                                                                                     \
        change;                                                                                                        \
        CHECK_ERROR((status), (part), run(&it));                                                                       \
        CHECK(is_untouched(&it));                                                                                      \
    } while (0)
#define WRONG(part, change) REFUSED(GLN_INVALID_ARGUMENT, part, change)

static void test_right_calls_are_taken(void)
{
    call it;
    fill(&it);
    CHECK_STATUS(GLN_OK, run(&it));
    CHECK(!is_untouched(&it) && it.best[0].class_index >= 0 && it.best[0].class_index == it.best[1].class_index);
    CHECK(memcmp(it.values, it.values + TINY_FEATURES, TINY_FEATURES * sizeof(float)) == 0);
}

static void test_arguments(void)
{
    call it;
    fill(&it);
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "session", gln_session_run(NULL, it.views, 2, it.requests, 2));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "views", gln_session_run(session, NULL, 2, it.requests, 2));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "requests", gln_session_run(session, it.views, 2, NULL, 2));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "view_count", gln_session_run(session, it.views, 0, it.requests, 2));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "views", gln_session_run(session, it.views, SIZE_MAX, it.requests, 2));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "views", gln_session_run(session, it.views, SIZE_MAX / 2, it.requests, 2));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "request_count", gln_session_run(session, it.views, 2, it.requests, 0));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "request_count", gln_session_run(session, it.views, 2, it.requests, 1025));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "request_count", gln_session_run(session, it.views, 2, it.requests, SIZE_MAX));
    CHECK(is_untouched(&it));
    gln_session_cancel(NULL);
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "session", gln_session_preprocess_view(NULL, it.views, bytes, sizeof bytes));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "view", gln_session_preprocess_view(session, NULL, bytes, sizeof bytes));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "pixels", gln_session_preprocess_view(session, it.views, NULL, sizeof bytes));
    CHECK_ERROR(GLN_BUFFER_TOO_SMALL, "1440", gln_session_preprocess_view(session, it.views, bytes, TINY_PIXELS - 1));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "capacity", gln_session_preprocess_view(session, it.views, bytes, SIZE_MAX));
    it.views[0].fit = (gln_fit)7;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "view->fit", gln_session_preprocess_view(session, it.views, bytes, sizeof bytes));
    it.views[0].fit = GLN_FIT_WARP;
    it.views[0].context = TINY_HEIGHT / 2;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "view->context",
                gln_session_preprocess_view(session, it.views, bytes, sizeof bytes));
    it.views[0].struct_size = 8;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "view->struct_size",
                gln_session_preprocess_view(session, it.views, bytes, sizeof bytes));
}

static void test_pictures(void)
{
    static const int32_t sides[] = {0, -1, 65536, INT32_MIN, INT32_MAX};
    size_t i;
    for (i = 0; i < sizeof sides / sizeof *sides; i++) {
        WRONG("views[0].picture->width is", it.picture.width = sides[i]);
        WRONG("views[0].picture->height is", it.picture.height = sides[i]);
        WRONG("65535", it.picture.height = sides[i]);
    }
    WRONG("views[0].picture->struct_size is 0", it.picture.struct_size = 0);
    WRONG("sizeof(gln_picture)", it.picture.struct_size = sizeof(gln_picture) - 1);
    WRONG("views[0].picture->struct_size", it.picture.struct_size = SIZE_MAX);
    WRONG("views[0].picture->planes[0]", it.picture.planes[0] = NULL);
    WRONG("views[0].picture->planes[1]", it.picture.planes[1] = bytes);
    WRONG("views[0].picture->planes[2]", it.picture.planes[2] = bytes);
    WRONG("views[0].picture->strides[0]", it.picture.strides[0] = 3 * WIDTH - 1);
    WRONG("views[0].picture->strides[0]", it.picture.strides[0] = -3 * WIDTH);
    WRONG("views[0].picture->strides[0]", it.picture.strides[0] = PTRDIFF_MAX);
    WRONG("views[0].picture->strides[1]", it.picture.strides[1] = 3 * WIDTH);
    WRONG("views[0].picture->format is 10", it.picture.format = (gln_pixel_format)10);
    WRONG("views[0].picture->orientation is 9", it.picture.orientation = 9);
    WRONG("views[0].picture->orientation is -1", it.picture.orientation = -1);
    WRONG("views[0].picture->planes[0]", (it.picture.format = GLN_PIXEL_RGB_FLOAT32, it.picture.planes[0] = bytes + 1));
}

/* A picture of planes that is right, for changes. */
static void planes(call *it, gln_pixel_format format)
{
    it->picture.format = format;
    it->picture.planes[1] = bytes + WIDTH * HEIGHT;
    if (format >= GLN_PIXEL_I420_VIDEO)
        it->picture.planes[2] = bytes + WIDTH * HEIGHT + WIDTH * HEIGHT / 4;
}

static void test_planes(void)
{
    int format;
    call right;
    for (format = GLN_PIXEL_NV12_VIDEO; format <= GLN_PIXEL_I420_FULL; format++) {
        const gln_pixel_format it_is = (gln_pixel_format)format;
        fill(&right);
        planes(&right, it_is);
        CHECK_STATUS(GLN_OK, run(&right));
        WRONG("picture->planes[1] is NULL", (planes(&it, it_is), it.picture.planes[1] = NULL));
        WRONG("picture->strides[1]", (planes(&it, it_is), it.picture.strides[1] = WIDTH / 2 - 1));
        WRONG("picture->planes[1] overlaps", (planes(&it, it_is), it.picture.planes[1] = bytes));
        WRONG("picture->planes[1] overlaps", (planes(&it, it_is), it.picture.planes[1] = bytes + WIDTH * HEIGHT - 1));
    }
    WRONG("picture->planes[2]", (planes(&it, GLN_PIXEL_NV12_FULL), it.picture.planes[2] = bytes));
    WRONG("picture->planes[2] is NULL", (planes(&it, GLN_PIXEL_I420_FULL), it.picture.planes[2] = NULL));
    WRONG("picture->planes[2] overlaps", (planes(&it, GLN_PIXEL_I420_FULL), it.picture.planes[2] = it.picture.planes[1]));
    /* Rows of one plane may lie in the gaps of the other. */
    fill(&right);
    planes(&right, GLN_PIXEL_I420_FULL);
    right.picture.planes[2] = bytes + WIDTH * HEIGHT + WIDTH / 2;
    right.picture.strides[1] = right.picture.strides[2] = WIDTH;
    CHECK_STATUS(GLN_OK, run(&right));
    /* Formats of planes are for gln_picture alone. */
    {
        gln_image image = {bytes, WIDTH, HEIGHT, 0, GLN_PIXEL_NV12_FULL};
        gln_batch batch = tiny_batch(bytes, 1);
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "gln_picture", gln_session_classify(session, &image, right.best, 1, NULL));
        batch.format = GLN_PIXEL_RGB_FLOAT32;
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "gln_picture",
                    gln_session_features(session, &batch, right.values, TINY_FEATURES));
    }
}

static void box(gln_view *view, int32_t left, int32_t top, int32_t width, int32_t height)
{
    view->left = left;
    view->top = top;
    view->width = width;
    view->height = height;
}

static void test_views(void)
{
    call turned;
    WRONG("views[1].struct_size", it.views[1].struct_size = 0);
    WRONG("views[0].struct_size", it.views[0].struct_size = sizeof(gln_view) - 8);
    WRONG("views[0].struct_size", it.views[0].struct_size = sizeof(gln_view) + 1);
    WRONG("views[0].struct_size", it.views[0].struct_size = SIZE_MAX);
    WRONG("views[1].picture is NULL", it.views[1].picture = NULL);
    WRONG("views[1].mirrored is 2", it.views[1].mirrored = 2);
    WRONG("views[1].fit is 3", it.views[1].fit = (gln_fit)3);
    WRONG("views[1].reserved", it.views[1].reserved = 1);
    WRONG("views[1].context", it.views[1].context = 1);
    WRONG("views[1].context", (it.views[1].fit = GLN_FIT_WARP, it.views[1].context = -1));
    WRONG("views[1].context", (it.views[1].fit = GLN_FIT_WARP, it.views[1].context = TINY_HEIGHT / 2));
    WRONG("views[1].context", (it.views[1].fit = GLN_FIT_ASPECT, it.views[1].context = INT32_MAX));
    WRONG("views[1].left", box(&it.views[1], 0, 0, WIDTH + 1, HEIGHT));
    WRONG("views[1].left", box(&it.views[1], 0, 0, WIDTH, HEIGHT + 1));
    WRONG("views[1].left", box(&it.views[1], 1, 0, WIDTH, HEIGHT));
    WRONG("views[1].left", box(&it.views[1], -1, 0, 5, 5));
    WRONG("views[1].left", box(&it.views[1], 0, -1, 5, 5));
    WRONG("views[1].left", box(&it.views[1], 3, 3, 0, 5));
    WRONG("views[1].left", box(&it.views[1], 3, 3, 5, 0));
    WRONG("views[1].left", box(&it.views[1], 3, 3, 5, -5));
    WRONG("views[1].left", box(&it.views[1], WIDTH, 0, 1, 1));
    WRONG("views[1].left", box(&it.views[1], INT32_MAX, 0, INT32_MAX, 1));
    WRONG("views[1].left", box(&it.views[1], INT32_MIN, 0, INT32_MIN, 1));
    /* Boxes are of the picture as it is seen. */
    WRONG("28 x 30", (it.picture.orientation = 6, box(&it.views[1], 0, 0, WIDTH, HEIGHT)));
    fill(&turned);
    turned.picture.orientation = 6;
    box(&turned.views[1], HEIGHT - 1, WIDTH - 1, 1, 1);
    CHECK_STATUS(GLN_OK, run(&turned));
}

static void test_requests(void)
{
    WRONG("requests[1].struct_size", it.requests[1].struct_size = 0);
    WRONG("requests[0].struct_size", it.requests[0].struct_size = 8);
    WRONG("requests[0].struct_size", it.requests[0].struct_size = SIZE_MAX);
    WRONG("requests[1].kind is 5", it.requests[1].kind = (gln_request_kind)5);
    WRONG("requests[1].values is NULL", it.requests[1].values = NULL);
    WRONG("requests[0].top is 0", it.requests[0].top = 0);
    WRONG("requests[0].top is -3", it.requests[0].top = -3);
    WRONG("requests[1].top is 1", it.requests[1].top = 1);
    WRONG("requests[1].layer", it.requests[1].layer = "conv1");
    WRONG("requests[1].layer is NULL", it.requests[1].kind = GLN_REQUEST_LAYER);
    WRONG("requests[1].capacity", it.requests[1].capacity = SIZE_MAX);
    REFUSED(GLN_NOT_FOUND, "requests[1].layer: the model in memory has no layer 'conv'",
            (it.requests[1].kind = GLN_REQUEST_LAYER, it.requests[1].layer = "conv"));
    REFUSED(GLN_BUFFER_TOO_SMALL, "requests[0].capacity is 1", it.requests[0].capacity = 1);
    REFUSED(GLN_BUFFER_TOO_SMALL, "requests[0].capacity is 0", it.requests[0].capacity = 0);
    REFUSED(GLN_BUFFER_TOO_SMALL, "requests[1].capacity is 23", it.requests[1].capacity = 23);
    REFUSED(GLN_BUFFER_TOO_SMALL, "requests[1].capacity is 24: 1920 are needed, 960 a view",
            (it.requests[1].kind = GLN_REQUEST_LAYER, it.requests[1].layer = "relu1"));
}

int main(void)
{
    tiny_noise(bytes, 3, 1);
    session = tiny_session(NULL);
    RUN(test_right_calls_are_taken);
    RUN(test_arguments);
    RUN(test_pictures);
    RUN(test_planes);
    RUN(test_views);
    RUN(test_requests);
    gln_session_free(session);
    return check_finish();
}
