/* Sessions: results, buffers, images, threads, the caller's own threads, lifetimes, signals. */
#include "check.h"
#include "tiny_model.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 5 };
static unsigned char noise[BATCH * TINY_PIXELS];

static gln_session *session_with(int threads, gln_isa isa, gln_backend backend)
{
    gln_session_options *options = NULL;
    gln_session *session;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, threads));
    CHECK_STATUS(GLN_OK, gln_session_options_set_max_isa(options, isa));
    CHECK_STATUS(GLN_OK, gln_session_options_set_backend(options, backend));
    session = tiny_session(options);
    gln_session_options_free(options);
    return session;
}

static void test_predict(void)
{
    gln_session *session = tiny_session(NULL);
    gln_batch batch = tiny_batch(noise, BATCH), single, tensors = tiny_batch(NULL, BATCH);
    float *planes = malloc(sizeof(float) * BATCH * TINY_PIXELS);
    float rows[BATCH][TINY_CLASSES], logits[BATCH][TINY_CLASSES], again[BATCH][TINY_CLASSES];
    static const float mean[] = {104, 117, 123};
    size_t i, j;
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_PROBABILITIES, rows[0], BATCH * TINY_CLASSES));
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, logits[0], BATCH * TINY_CLASSES));
    for (i = 0; i < BATCH; i++) {
        double sum = 0, exponentials = 0;
        for (j = 0; j < TINY_CLASSES; j++) {
            sum += rows[i][j];
            exponentials += exp(logits[i][j]);
        }
        CHECK(fabs(sum - 1) < 1e-5);
        for (j = 0; j < TINY_CLASSES; j++)
            CHECK(fabs(exp(logits[i][j]) / exponentials - rows[i][j]) < 1e-6);
        CHECK(i == 0 || memcmp(rows[i], rows[0], sizeof rows[0]) != 0);
        single = tiny_batch(noise + i * TINY_PIXELS, 1);
        CHECK_STATUS(GLN_OK, gln_session_predict(session, &single, GLN_OUTPUT_PROBABILITIES, again[0], TINY_CLASSES));
        CHECK(memcmp(again[0], rows[i], sizeof rows[i]) == 0);
    }

    /* The same as normalised planes in the network's own order, blue first. */
    for (i = 0; i < BATCH * TINY_PIXELS; i++) {
        size_t image = i / TINY_PIXELS, channel = i % 3, pixel = i % TINY_PIXELS / 3;
        size_t plane = image * 3 + 2 - channel;
        planes[plane * TINY_HEIGHT * TINY_WIDTH + pixel] = ((float)noise[i] - mean[2 - channel]) * 0.02f;
    }
    tensors.kind = GLN_BATCH_FLOAT32;
    tensors.format = (gln_pixel_format)99;
    tensors.data = planes;
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &tensors, GLN_OUTPUT_LOGITS, again[0], BATCH * TINY_CLASSES));
    for (i = 0; i < BATCH; i++)
        for (j = 0; j < TINY_CLASSES; j++)
            CHECK(fabsf(again[i][j] - logits[i][j]) < 1e-4f);
    free(planes);
    gln_session_free(session);
}

static void test_predict_refuses(void)
{
    gln_session *session = tiny_session(NULL);
    float rows[BATCH * TINY_FEATURES];
    gln_batch batch = tiny_batch(noise, 2);
    gln_output output = GLN_OUTPUT_PROBABILITIES;
    size_t i;
    for (i = 0; i < BATCH * TINY_FEATURES; i++)
        rows[i] = 42;
    CHECK_ERROR(GLN_BUFFER_TOO_SMALL, "7 floats", gln_session_predict(session, &batch, output, rows, 7));
    CHECK_STATUS(GLN_BUFFER_TOO_SMALL, gln_session_predict(session, &batch, output, rows, 0));
    CHECK_ERROR(GLN_BUFFER_TOO_SMALL, "23 floats", gln_session_features(session, &batch, rows, 23));
    CHECK_ERROR(GLN_BUFFER_TOO_SMALL, "7 floats", gln_session_layer(session, "fc", &batch, rows, 7));
    CHECK_ERROR(GLN_NOT_FOUND, "fc9", gln_session_layer(session, "fc9", &batch, rows, 8));
    CHECK_STATUS(GLN_NOT_FOUND, gln_session_layer(session, "", &batch, rows, 8));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "output", gln_session_predict(session, &batch, (gln_output)2, rows, 8));
    batch.count = 0;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "count", gln_session_predict(session, &batch, output, rows, 8));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "count", gln_session_features(session, &batch, rows, 60));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "count", gln_session_layer(session, "fc", &batch, rows, 60));
    batch.count = SIZE_MAX;
    CHECK(gln_session_predict(session, &batch, output, rows, 8) != GLN_OK);
    batch.count = SIZE_MAX / TINY_CLASSES + 1;
    CHECK(gln_session_predict(session, &batch, output, rows, 8) != GLN_OK);
    batch.count = SIZE_MAX / TINY_FEATURES + 1;
    CHECK(gln_session_features(session, &batch, rows, 60) != GLN_OK);
    CHECK(gln_session_layer(session, "pool2", &batch, rows, 60) != GLN_OK);
    batch.count = 1;
    batch.kind = (gln_batch_kind)2;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "kind", gln_session_predict(session, &batch, output, rows, 8));
    batch.kind = GLN_BATCH_U8;
    batch.format = (gln_pixel_format)5;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "format", gln_session_predict(session, &batch, output, rows, 8));
    for (i = 0; i < BATCH * TINY_FEATURES; i++)
        CHECK(rows[i] == 42);
    gln_session_free(session);
}

static void test_classify(void)
{
    gln_session *session = tiny_session(NULL);
    unsigned char cut[TINY_PIXELS];
    gln_image image = {noise, 61, 43, 0, GLN_PIXEL_RGB};
    gln_batch batch = tiny_batch(cut, 1);
    gln_prediction best[TINY_CLASSES + 3];
    float row[TINY_CLASSES];
    size_t count = 0, i;
    CHECK_STATUS(GLN_OK, gln_session_preprocess(session, &image, cut, sizeof cut));
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_PROBABILITIES, row, TINY_CLASSES));
    CHECK_STATUS(GLN_OK, gln_session_classify(session, &image, best, TINY_CLASSES + 3, &count));
    CHECK(count == TINY_CLASSES);
    for (i = 0; i < count; i++) {
        CHECK(best[i].class_index >= 0 && best[i].class_index < TINY_CLASSES);
        CHECK(best[i].probability == row[best[i].class_index]);
        CHECK(i == 0 || best[i - 1].probability > best[i].probability ||
              (best[i - 1].probability == best[i].probability && best[i - 1].class_index < best[i].class_index));
        CHECK(best[i].label && *best[i].label);
    }
    best[2].class_index = 99;
    CHECK_STATUS(GLN_OK, gln_session_classify(session, &image, best, 2, &count));
    CHECK(count == 2 && best[2].class_index == 99);
    gln_session_free(session);
}

static void test_pixel_formats(void)
{
    static const struct {
        gln_pixel_format format;
        int bytes, red, green, blue;
    } formats[] = {{GLN_PIXEL_RGB, 3, 0, 1, 2},
                   {GLN_PIXEL_BGR, 3, 2, 1, 0},
                   {GLN_PIXEL_RGBA, 4, 0, 1, 2},
                   {GLN_PIXEL_BGRA, 4, 2, 1, 0}};
    enum { W = 50, H = 41, GAP = 13 };
    static unsigned char pixels[H * (W * 4 + GAP)];
    unsigned char reference[TINY_PIXELS], cut[TINY_PIXELS];
    gln_session *session = tiny_session(NULL);
    gln_image image = {noise, W, H, 0, GLN_PIXEL_RGB};
    size_t f, x, y;
    CHECK_STATUS(GLN_OK, gln_session_preprocess(session, &image, reference, sizeof reference));
    for (f = 0; f < 4; f++) {
        memset(pixels, 0xA5, sizeof pixels);
        image.pixels = pixels;
        image.format = formats[f].format;
        image.row_stride = W * formats[f].bytes + GAP;
        for (y = 0; y < H; y++)
            for (x = 0; x < W; x++) {
                unsigned char *to = pixels + y * (size_t)image.row_stride + x * (size_t)formats[f].bytes;
                const unsigned char *from = noise + (y * W + x) * 3;
                to[formats[f].red] = from[0];
                to[formats[f].green] = from[1];
                to[formats[f].blue] = from[2];
            }
        CHECK_STATUS(GLN_OK, gln_session_preprocess(session, &image, cut, sizeof cut));
        CHECK(memcmp(cut, reference, sizeof cut) == 0);
    }
    image.format = GLN_PIXEL_GRAY;
    image.row_stride = W + GAP;
    for (y = 0; y < H; y++)
        for (x = 0; x < W; x++)
            pixels[y * (W + GAP) + x] = noise[y * W + x];
    CHECK_STATUS(GLN_OK, gln_session_preprocess(session, &image, cut, sizeof cut));
    for (x = 0; x < TINY_PIXELS; x += 3)
        CHECK(cut[x] == cut[x + 1] && cut[x] == cut[x + 2]);
    gln_session_free(session);
}

static void test_wrong_images(void)
{
    static const struct {
        int32_t width, height;
        ptrdiff_t stride;
        int format;
        const char *part;
    } wrong[] = {{0, 10, 0, 0, "image"},       {-1, 10, 0, 0, "image"},    {65536, 10, 0, 0, "image"},
                 {INT32_MAX, 1, 0, 0, "image"}, {10, 0, 0, 0, "image"},    {10, -5, 0, 0, "image"},
                 {10, 65536, 0, 0, "image"},  {10, 10, 29, 0, "stride"},  {10, 10, 39, 2, "stride"},
                 {10, 10, 9, 4, "stride"},     {10, 10, -30, 0, "stride"}, {10, 10, -1, 0, "stride"},
                 {10, 10, 0, 5, "format"},     {10, 10, 0, -1, "format"}};
    gln_session *session = tiny_session(NULL);
    unsigned char cut[TINY_PIXELS];
    gln_image image;
    gln_prediction best;
    size_t i, count = 7;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        image.pixels = noise;
        image.width = wrong[i].width;
        image.height = wrong[i].height;
        image.row_stride = wrong[i].stride;
        image.format = (gln_pixel_format)wrong[i].format;
        CHECK_ERROR(GLN_INVALID_ARGUMENT, wrong[i].part, gln_session_classify(session, &image, &best, 1, &count));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, wrong[i].part, gln_session_preprocess(session, &image, cut, sizeof cut));
    }
    image.width = image.height = 10;
    image.row_stride = 0;
    image.format = GLN_PIXEL_RGB;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "capacity", gln_session_classify(session, &image, &best, 0, &count));
    CHECK(count == 7);
    CHECK_STATUS(GLN_BUFFER_TOO_SMALL, gln_session_preprocess(session, &image, cut, sizeof cut - 1));
    gln_session_free(session);
}

static void test_extreme_images(void)
{
    static const int sizes[][2] = {{1, 1},     {1, 2},     {2, 1},   {1, 65535}, {65535, 1},
                                   {3, 20000}, {20000, 3}, {28, 28}, {24, 20},   {4000, 3000}};
    gln_session *session = tiny_session(NULL);
    size_t i, j;
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t bytes = (size_t)sizes[i][0] * (size_t)sizes[i][1] * 3;
        unsigned char *pixels = malloc(bytes), cut[TINY_PIXELS];
        gln_image image = {NULL, 0, 0, 0, GLN_PIXEL_RGB};
        gln_prediction best;
        memset(pixels, 77, bytes);
        image.pixels = pixels;
        image.width = sizes[i][0];
        image.height = sizes[i][1];
        CHECK_STATUS(GLN_OK, gln_session_preprocess(session, &image, cut, sizeof cut));
        for (j = 0; j < TINY_PIXELS; j++)
            CHECK(cut[j] == 77);
        CHECK_STATUS(GLN_OK, gln_session_classify(session, &image, &best, 1, NULL));
        free(pixels);
    }
    gln_session_free(session);
}

static void test_layers(void)
{
    gln_model *model = tiny_load();
    gln_session *session = NULL;
    gln_batch batch = tiny_batch(noise, 2);
    size_t i, j, index;
    CHECK_STATUS(GLN_OK, gln_session_create(model, NULL, &session));
    for (index = 0; index < gln_model_layer_count(model); index++) {
        gln_layer_info info;
        int32_t channels = 0, height = 0, width = 0;
        size_t count;
        float *values, *once;
        info.struct_size = sizeof info;
        CHECK_STATUS(GLN_OK, gln_model_layer(model, index, &info));
        CHECK_STATUS(GLN_OK, gln_session_layer_shape(session, info.name, &channels, &height, &width));
        CHECK(channels == info.channels && height == info.height && width == info.width);
        count = 2 * (size_t)channels * (size_t)height * (size_t)width;
        values = malloc((count + 1) * sizeof *values);
        once = malloc(count * sizeof *once);
        for (i = 0; i <= count; i++)
            values[i] = -12345;
        CHECK_STATUS(GLN_OK, gln_session_layer(session, info.name, &batch, values, count));
        CHECK(values[count] == -12345);
        for (i = j = 0; i < count; i++)
            j += values[i] == -12345;
        CHECK(j == 0);
        CHECK_STATUS(GLN_OK, gln_session_layer(session, info.name, &batch, once, count));
        CHECK(memcmp(values, once, count * sizeof *once) == 0);
        if (strncmp(info.name, "relu", 4) == 0)
            for (i = 0; i < count; i++)
                CHECK(values[i] >= 0);
        if (strcmp(info.name, "conv1") == 0) {
            for (i = j = 0; i < count; i++)
                j += values[i] < 0;
            CHECK(j > 0); /* before the activation */
        }
        if (strcmp(info.name, "pool2") == 0) {
            float features[2 * TINY_FEATURES];
            CHECK_STATUS(GLN_OK, gln_session_features(session, &batch, features, 2 * TINY_FEATURES));
            CHECK(count == 2 * TINY_FEATURES && memcmp(features, values, sizeof features) == 0);
        }
        free(once);
        free(values);
    }
    gln_session_free(session);
    gln_model_free(model);
}

typedef struct counts {
    size_t allocations, bytes, most_bytes;
    gln_session *session; /* where set: is asked while a block is given back */
} counts;

static void *count_allocation(void *context, size_t size, size_t alignment)
{
    counts *it = context;
    void *block = NULL;
    if (posix_memalign(&block, alignment, size) != 0)
        return NULL;
    it->allocations++;
    it->bytes += size;
    if (it->bytes > it->most_bytes)
        it->most_bytes = it->bytes;
    return block;
}

static void count_release(void *context, void *block, size_t size)
{
    counts *it = context;
    it->bytes -= size;
    free(block);
    if (it->session) {
        gln_batch batch = tiny_batch(noise, 1);
        float row[TINY_CLASSES];
        CHECK(gln_session_weight_bytes(it->session) > 0);
        CHECK_STATUS(GLN_BUSY, gln_session_predict(it->session, &batch, GLN_OUTPUT_LOGITS, row, TINY_CLASSES));
    }
}

/* NULL where the limit is too low. */
static gln_session *counted_session(counts *counts, uint64_t limit)
{
    gln_session_options *options = NULL;
    gln_session *session = NULL;
    gln_model *model = tiny_load();
    gln_status status;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, 1));
    CHECK_STATUS(GLN_OK, gln_session_options_set_memory_limit(options, limit));
    CHECK_STATUS(GLN_OK, gln_session_options_set_allocator(options, count_allocation, count_release, counts));
    status = gln_session_create(model, options, &session);
    CHECK(status == GLN_OK || status == GLN_LIMIT_EXCEEDED);
    gln_session_options_free(options);
    gln_model_free(model);
    return session;
}

static const char *const kept_layers[] = {"conv1", "norm1", "concat", "pool1", "bn", "fc", "prob"};
enum { KEPT_LAYERS = sizeof kept_layers / sizeof *kept_layers };
static float layer_values[8 * TINY_PIXELS];

static gln_status ask_layer(gln_session *session, size_t index)
{
    const gln_batch batch = tiny_batch(noise, 1);
    return gln_session_layer(session, kept_layers[index], &batch, layer_values, sizeof layer_values / sizeof *layer_values);
}

/* Whether asking for a layer prepares something. */
static int prepares(counts *counts, gln_session *session, size_t index)
{
    const size_t before = counts->allocations;
    CHECK_STATUS(GLN_OK, ask_layer(session, index));
    return counts->allocations > before;
}

/* The ways to four layers are kept, and the one that was used longest ago makes room for another. */
static void test_kept_layers(void)
{
    counts counts = {0, 0, 0, NULL};
    gln_session *session = counted_session(&counts, 0);
    const gln_batch batch = tiny_batch(noise, 1);
    float row[TINY_CLASSES], again[TINY_CLASSES];
    size_t i, before = counts.bytes;
    counts.session = session;
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, row, TINY_CLASSES));
    for (i = 0; i < 4; i++)
        CHECK(prepares(&counts, session, i));
    CHECK(counts.bytes > before);
    for (i = 0; i < 4; i++)
        CHECK(!prepares(&counts, session, i));
    CHECK(!prepares(&counts, session, 0));
    CHECK(prepares(&counts, session, 4)); /* in place of 1 */
    CHECK(!prepares(&counts, session, 2) && !prepares(&counts, session, 3) && !prepares(&counts, session, 0));
    CHECK(!prepares(&counts, session, 4));
    CHECK(prepares(&counts, session, 1)); /* in place of 2 */
    CHECK(!prepares(&counts, session, 0) && !prepares(&counts, session, 4) && prepares(&counts, session, 2));
    /* Logits and probabilities come with the classifier's own, which is always there. */
    CHECK(!prepares(&counts, session, 5) && !prepares(&counts, session, 6) && !prepares(&counts, session, 2));
    /* The classifier's own is never among them. */
    i = counts.allocations;
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, again, TINY_CLASSES));
    CHECK(counts.allocations == i && memcmp(row, again, sizeof row) == 0);
    counts.session = NULL;
    gln_session_free(session);
    CHECK(counts.bytes == 0);
}

static gln_status classify_wide(gln_session *session)
{
    static unsigned char pixels[3 * 3000 * 40];
    const gln_image image = {pixels, 3000, 40, 0, GLN_PIXEL_RGB};
    gln_prediction best;
    return gln_session_classify(session, &image, &best, 1, NULL);
}

/* Whether a session of its own can do one thing within a limit: ask for a layer, or classify a picture. */
static int fits(uint64_t limit, size_t thing)
{
    counts counts = {0, 0, 0, NULL};
    gln_session *session = counted_session(&counts, limit);
    const int does = session && (thing < KEPT_LAYERS ? ask_layer(session, thing) : classify_wide(session)) == GLN_OK;
    gln_session_free(session);
    return does;
}

/* Where there is room for one way only, one makes room for the other, and for pictures. */
static void test_kept_layers_within_the_limit(void)
{
    uint64_t limit = 0;
    size_t thing, i;
    counts counts = {0, 0, 0, NULL};
    gln_session *session;
    for (thing = 0; thing <= KEPT_LAYERS; thing++) {
        uint64_t low = limit, high = 64 << 20;
        while (high - low > 1) {
            const uint64_t middle = low + (high - low) / 2;
            if (fits(middle, thing))
                high = middle;
            else
                low = middle;
        }
        limit = high;
    }
    session = counted_session(&counts, limit);
    for (i = 0; i < 3 * KEPT_LAYERS; i++)
        CHECK_STATUS(GLN_OK, ask_layer(session, i % KEPT_LAYERS));
    CHECK_STATUS(GLN_OK, classify_wide(session));
    CHECK(counts.most_bytes <= limit);
    gln_session_free(session);
}

/* A layer of a tall picture, whose rows take much to resize. */
static gln_status run_tall(gln_session *session, int32_t height)
{
    static unsigned char pixels[3 * 30 * 3000];
    gln_picture picture = GLN_PICTURE_INIT;
    gln_view view = GLN_VIEW_INIT;
    gln_request request = GLN_REQUEST_INIT;
    picture.planes[0] = pixels;
    picture.width = 30;
    picture.height = height;
    view.picture = &picture;
    view.fit = GLN_FIT_WARP;
    request.kind = GLN_REQUEST_LAYER;
    request.layer = "conv1";
    request.values = layer_values;
    request.capacity = sizeof layer_values / sizeof *layer_values;
    return gln_session_run(session, &view, 1, &request, 1);
}

/* The plan that runs is not given back for the picture, and the same call does the same again. */
static void test_views_within_the_limit(void)
{
    uint64_t low = 0, high = 64 << 20;
    int i;
    while (high - low > 1) {
        const uint64_t middle = low + (high - low) / 2;
        counts counts = {0, 0, 0, NULL};
        gln_session *session = counted_session(&counts, middle);
        const int does = session && run_tall(session, 3000) == GLN_OK;
        for (i = 0; session && i < 2; i++) {
            CHECK((run_tall(session, 3000) == GLN_OK) == does);
            CHECK(counts.most_bytes <= middle);
        }
        if (does) {
            high = middle;
            /* What resizing took is given back where a way to a layer needs it. */
            for (i = 0; i < 5; i++)
                CHECK_STATUS(GLN_OK, ask_layer(session, (size_t)i));
            CHECK_STATUS(GLN_OK, run_tall(session, 3000));
            CHECK_STATUS(GLN_OK, run_tall(session, 30));
        } else {
            low = middle;
        }
        gln_session_free(session);
    }
    CHECK(low > 0);
}

/* Every tier with several thread counts against one portable thread. */
static void check_settings(gln_backend backend)
{
    static const gln_isa tiers[] = {GLN_ISA_PORTABLE, GLN_ISA_AVX2, GLN_ISA_AVX_VNNI, GLN_ISA_AVX512, GLN_ISA_BEST};
    gln_batch batch = tiny_batch(noise, BATCH);
    float reference[BATCH * TINY_CLASSES], one[BATCH * TINY_CLASSES], rows[BATCH * TINY_CLASSES];
    gln_session *session = session_with(1, GLN_ISA_PORTABLE, GLN_BACKEND_NATIVE);
    size_t tier, i;
    int threads;
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, reference, BATCH * TINY_CLASSES));
    gln_session_free(session);
    for (tier = 0; tier < 5; tier++)
        for (threads = 1; threads <= 9; threads = 2 * threads + 1) {
            session = session_with(threads, tiers[tier], backend);
            CHECK(gln_session_threads(session) == threads);
            CHECK(gln_session_backend(session) == backend);
            CHECK(gln_session_precision(session) == GLN_PRECISION_FLOAT32);
            CHECK(gln_session_isa(session) >= GLN_ISA_PORTABLE && gln_session_isa(session) <= gln_cpu_isa());
            CHECK(tiers[tier] == GLN_ISA_BEST || gln_session_isa(session) <= tiers[tier]);
            CHECK(gln_session_weight_bytes(session) > 0 && gln_session_activation_bytes(session) > 0);
            CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows, BATCH * TINY_CLASSES));
            if (threads == 1)
                memcpy(one, rows, sizeof rows);
            CHECK(memcmp(one, rows, sizeof rows) == 0);
            for (i = 0; i < BATCH * TINY_CLASSES; i++)
                CHECK(fabsf(rows[i] - reference[i]) < 1e-5f);
            gln_session_free(session);
        }
}

typedef struct profile {
    gln_session *session;
    size_t operations, images, layers;
    uint64_t multiply_adds;
    int inputs, ordered, fused, busy;
} profile;

static void receive_operation(void *context, const gln_operation_time *operation)
{
    profile *it = context;
    float row[TINY_CLASSES];
    gln_batch batch = tiny_batch(noise, 1);
    it->ordered += operation->image + 1 >= it->images && operation->struct_size == sizeof *operation;
    it->images = operation->image + 1;
    it->operations++;
    it->layers += operation->layer_count;
    it->multiply_adds += operation->multiply_add_count;
    if (operation->layer_count == 0)
        it->inputs += strcmp(operation->kind, "Input") == 0 && operation->layers == NULL &&
                      operation->channels == 3 && operation->height == TINY_HEIGHT && operation->width == TINY_WIDTH;
    else if (strcmp(operation->layers[0], "conv1") == 0)
        it->fused += operation->layer_count == 2 && strcmp(operation->layers[1], "relu1") == 0 &&
                     strcmp(operation->kind, "Convolution") == 0 && strcmp(operation->kernel, "direct") == 0 &&
                     operation->precision == GLN_PRECISION_FLOAT32 && operation->channels == 8 &&
                     operation->multiplication_count == operation->multiply_add_count;
    it->busy += gln_session_predict(it->session, &batch, GLN_OUTPUT_LOGITS, row, TINY_CLASSES) == GLN_BUSY;
}

static void test_profile(void)
{
    gln_model *model = tiny_load();
    gln_batch batch = tiny_batch(noise, 3), no_data = tiny_batch(NULL, 3);
    profile seen = {0};
    CHECK_STATUS(GLN_OK, gln_session_create(model, NULL, &seen.session));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "session", gln_session_profile(NULL, &batch, receive_operation, &seen));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "batch", gln_session_profile(seen.session, NULL, receive_operation, &seen));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "receive", gln_session_profile(seen.session, &batch, NULL, &seen));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "data", gln_session_profile(seen.session, &no_data, receive_operation, &seen));
    CHECK(seen.operations == 0);
    CHECK_STATUS(GLN_OK, gln_session_profile(seen.session, &batch, receive_operation, &seen));
    CHECK(seen.images == 3 && seen.inputs == 3 && seen.fused == 3);
    CHECK(seen.ordered == (int)seen.operations && seen.busy == (int)seen.operations);
    /* The concatenation happens in place. */
    CHECK(seen.layers == 3 * (TINY_LAYERS - 1));
    CHECK(seen.multiply_adds == 3 * gln_model_multiply_add_count(model));
    gln_session_free(seen.session);
    gln_model_free(model);
}

static void test_settings_agree(void)
{
    check_settings(GLN_BACKEND_NATIVE);
}

static void test_openblas_agrees(void)
{
    gln_session_options *options = NULL;
    gln_model *model = tiny_load();
    gln_session *session = NULL;
    gln_status status;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_backend(options, GLN_BACKEND_OPENBLAS));
    status = gln_session_create(model, options, &session);
    gln_session_free(session);
    gln_model_free(model);
    gln_session_options_free(options);
    if (status == GLN_BACKEND_UNAVAILABLE) {
        CHECK(strstr(gln_last_error_message(), "openblas") != NULL);
        SKIP("libopenblas is not installed");
    }
    check_settings(GLN_BACKEND_OPENBLAS);
}

static void test_input_size(void)
{
    gln_session_options *options = NULL;
    gln_session *session;
    int32_t channels, height, width;
    static unsigned char pixels[33 * 47 * 3];
    gln_batch batch = tiny_batch(pixels, 1);
    float row[TINY_CLASSES];
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_input_size(options, 33, 47));
    session = tiny_session(options);
    CHECK(gln_session_input_height(session) == 33 && gln_session_input_width(session) == 47);
    CHECK_STATUS(GLN_OK, gln_session_layer_shape(session, "conv1", &channels, &height, &width));
    CHECK(channels == 8 && height == 17 && width == 24);
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_PROBABILITIES, row, TINY_CLASSES));
    gln_session_free(session);
    CHECK_STATUS(GLN_OK, gln_session_options_set_input_size(options, 5, 5));
    session = tiny_session(options); /* little more than a pixel is left behind conv1 */
    CHECK_STATUS(GLN_OK, gln_session_layer_shape(session, "pool1", &channels, &height, &width));
    CHECK(channels == 8 && height == 1 && width == 1);
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_PROBABILITIES, row, TINY_CLASSES));
    gln_session_free(session);
    CHECK_STATUS(GLN_OK, gln_session_options_set_input_size(options, 1, 1));
    session = NULL;
    {
        gln_model *model = tiny_load();
        CHECK_ERROR(GLN_UNSUPPORTED, "pool1", gln_session_create(model, options, &session));
        CHECK(session == NULL);
        gln_model_free(model);
    }
    CHECK_STATUS(GLN_OK, gln_session_options_set_input_size(options, 0, 0));
    CHECK_STATUS(GLN_OK, gln_session_options_set_precision(options, GLN_PRECISION_INT8));
    session = NULL;
    {
        gln_model *model = tiny_load();
        CHECK_ERROR(GLN_UNSUPPORTED, "int8", gln_session_create(model, options, &session));
        CHECK(session == NULL);
        gln_model_free(model);
    }
    gln_session_options_free(options);
}

/* ----------------------------------------------------------------------------------------- callers' callbacks */

typedef struct log_lines {
    int lines, bad;
} log_lines;

static void receive_log(void *context, const char *message)
{
    log_lines *log = context;
    log->lines++;
    log->bad += !message || !*message || strchr(message, '\n') != NULL;
}

static void test_log(void)
{
    gln_session_options *options = NULL;
    log_lines log = {0, 0};
    int lines;
    gln_session *session;
    gln_batch batch = tiny_batch(noise, 1);
    float row[TINY_CLASSES];
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_log(options, receive_log, &log));
    session = tiny_session(options);
    gln_session_options_free(options);
    lines = log.lines;
    CHECK(lines > 0 && log.bad == 0);
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, row, TINY_CLASSES));
    CHECK(log.lines == lines);
    gln_session_free(session);
}

typedef struct host_threads {
    size_t most, calls;
    gln_session *session; /* where set: called again from inside */
    int busy;
} host_threads;

static void backwards(void *context, size_t count, gln_work_function work, void *work_context)
{
    host_threads *host = context;
    size_t i;
    host->calls++;
    if (count > host->most)
        host->most = count;
    if (host->session) {
        gln_batch batch = tiny_batch(noise, 1);
        float row[TINY_FEATURES];
        unsigned char cut[TINY_PIXELS];
        gln_image image = {noise, 10, 10, 0, GLN_PIXEL_RGB};
        gln_prediction best;
        CHECK_ERROR(GLN_BUSY, "session", gln_session_predict(host->session, &batch, GLN_OUTPUT_LOGITS, row, 4));
        CHECK_STATUS(GLN_BUSY, gln_session_features(host->session, &batch, row, TINY_FEATURES));
        CHECK_STATUS(GLN_BUSY, gln_session_layer(host->session, "fc", &batch, row, 4));
        CHECK_STATUS(GLN_BUSY, gln_session_classify(host->session, &image, &best, 1, NULL));
        CHECK_STATUS(GLN_BUSY, gln_session_preprocess(host->session, &image, cut, sizeof cut));
        host->busy = 1;
    }
    for (i = count; i-- > 0;)
        work(work_context, i);
}

typedef struct work_item {
    gln_work_function work;
    void *context;
    size_t index;
} work_item;

static void *run_item(void *argument)
{
    work_item *item = argument;
    item->work(item->context, item->index);
    return NULL;
}

static void on_new_threads(void *context, size_t count, gln_work_function work, void *work_context)
{
    pthread_t threads[16];
    work_item items[16];
    size_t i;
    (void)context;
    CHECK(count <= 16);
    for (i = 0; i < count; i++) {
        items[i].work = work;
        items[i].context = work_context;
        items[i].index = i;
        CHECK(pthread_create(&threads[i], NULL, run_item, &items[i]) == 0);
    }
    for (i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void test_parallel_for(void)
{
    gln_batch batch = tiny_batch(noise, BATCH);
    float reference[BATCH * TINY_CLASSES], rows[BATCH * TINY_CLASSES];
    gln_session_options *options = NULL;
    gln_session *session = session_with(1, GLN_ISA_BEST, GLN_BACKEND_NATIVE);
    host_threads host = {0, 0, NULL, 0};
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, reference, BATCH * TINY_CLASSES));
    gln_session_free(session);
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, 3));
    CHECK_STATUS(GLN_OK, gln_session_options_set_parallel_for(options, backwards, &host));
    session = tiny_session(options);
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows, BATCH * TINY_CLASSES));
    CHECK(memcmp(rows, reference, sizeof rows) == 0);
    CHECK(host.calls > 0 && host.most > 1 && host.most <= 3);

    host.session = session;
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows, BATCH * TINY_CLASSES));
    CHECK(host.busy);
    CHECK(memcmp(rows, reference, sizeof rows) == 0);
    host.session = NULL;
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows, BATCH * TINY_CLASSES));
    gln_session_free(session);

    CHECK_STATUS(GLN_OK, gln_session_options_set_parallel_for(options, on_new_threads, NULL));
    session = tiny_session(options);
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows, BATCH * TINY_CLASSES));
    CHECK(memcmp(rows, reference, sizeof rows) == 0);
    gln_session_free(session);
    gln_session_options_free(options);
}

static void idle(void *context, size_t count, gln_work_function work, void *work_context)
{
    const int *works = context;
    size_t i;
    for (i = 0; *works && i < count; i++)
        work(work_context, i);
}

/* Against what the header asks for: a status, and no other session is harmed. */
static void test_parallel_for_that_does_nothing(void)
{
    gln_batch batch = tiny_batch(noise, 1);
    float reference[TINY_CLASSES], row[TINY_CLASSES] = {-7};
    int works = 0;
    gln_model *model = tiny_load();
    gln_session_options *options = NULL;
    gln_session *session = NULL, *other = NULL;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, 3));
    CHECK_STATUS(GLN_OK, gln_session_options_set_parallel_for(options, idle, &works));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "parallel_for", gln_session_create(model, options, &session));
    CHECK(session == NULL);
    CHECK_STATUS(GLN_OK, gln_session_create(model, NULL, &other));
    CHECK_STATUS(GLN_OK, gln_session_predict(other, &batch, GLN_OUTPUT_LOGITS, reference, TINY_CLASSES));
    works = 1;
    CHECK_STATUS(GLN_OK, gln_session_create(model, options, &session));
    works = 0;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "parallel_for",
                gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, row, TINY_CLASSES));
    CHECK(row[0] == -7);
    works = 1;
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, row, TINY_CLASSES));
    CHECK(memcmp(row, reference, sizeof row) == 0);
    gln_session_free(session);
    gln_session_free(other);
    gln_session_options_free(options);
    gln_model_free(model);
}

/* ------------------------------------------------------------------------------------------ threads and lifetimes */

typedef struct shared_model {
    const gln_model *model;
    float reference[BATCH * TINY_CLASSES];
} shared_model;

static void *use_shared(void *argument)
{
    shared_model *shared = argument;
    gln_batch batch = tiny_batch(noise, BATCH);
    float rows[BATCH * TINY_CLASSES];
    int round, call;
    for (round = 0; round < 5; round++) {
        gln_session *session = NULL;
        CHECK_STATUS(GLN_OK, gln_session_create(shared->model, NULL, &session));
        for (call = 0; call < 5; call++) {
            CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows, BATCH * TINY_CLASSES));
            CHECK(memcmp(rows, shared->reference, sizeof rows) == 0);
        }
        gln_session_free(session);
    }
    return NULL;
}

static void test_many_sessions_share_a_model(void)
{
    shared_model shared;
    pthread_t threads[8];
    gln_model *model = tiny_load();
    gln_session *session = NULL;
    gln_batch batch = tiny_batch(noise, BATCH);
    int i;
    shared.model = model;
    CHECK_STATUS(GLN_OK, gln_session_create(model, NULL, &session));
    CHECK_STATUS(GLN_OK,
                 gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, shared.reference, BATCH * TINY_CLASSES));
    gln_session_free(session);
    for (i = 0; i < 8; i++)
        CHECK(pthread_create(&threads[i], NULL, use_shared, &shared) == 0);
    for (i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    gln_model_free(model);
}

static void *contend(void *argument)
{
    gln_session *session = argument;
    gln_batch batch = tiny_batch(noise, BATCH);
    float rows[BATCH * TINY_CLASSES];
    int i;
    for (i = 0; i < 200; i++) {
        gln_status status = gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows, BATCH * TINY_CLASSES);
        CHECK(status == GLN_OK || status == GLN_BUSY);
    }
    return NULL;
}

static void test_contention(void)
{
    gln_session *session = tiny_session(NULL);
    pthread_t threads[4];
    int i;
    for (i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, contend, session) == 0);
    for (i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    contend(session);
    gln_session_free(session);
}

static void test_session_outlives_model(void)
{
    gln_model *model = tiny_load();
    gln_session *first = NULL, *second = NULL;
    gln_image image = {noise, 40, 40, 0, GLN_PIXEL_RGB};
    gln_prediction best[TINY_CLASSES];
    size_t count, i;
    CHECK_STATUS(GLN_OK, gln_session_create(model, NULL, &first));
    CHECK_STATUS(GLN_OK, gln_session_create(model, NULL, &second));
    gln_model_free(model);
    CHECK_STATUS(GLN_OK, gln_session_classify(first, &image, best, TINY_CLASSES, &count));
    gln_session_free(first);
    for (i = 0; i < count; i++)
        CHECK(strlen(best[i].label) > 3);
    CHECK_STATUS(GLN_OK, gln_session_classify(second, &image, best, TINY_CLASSES, &count));
    gln_session_free(second);
}

static void test_signals_are_left_alone(void)
{
    struct sigaction before[65], after;
    sigset_t mask, blocked, old, pending;
    gln_session *session;
    gln_batch batch = tiny_batch(noise, BATCH);
    float rows[BATCH * TINY_CLASSES];
    int number;
    memset(before, 0, sizeof before);
    for (number = 1; number <= 64; number++)
        sigaction(number, NULL, &before[number]);
    /* Signals sent to the process must not reach the session's threads: with this thread's blocked it stays pending. */
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    session = session_with(4, GLN_ISA_BEST, GLN_BACKEND_NATIVE);
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows, BATCH * TINY_CLASSES));
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    for (number = 1; number <= 31; number++)
        CHECK(!sigismember(&mask, number));
    pthread_sigmask(SIG_BLOCK, &blocked, &old);
    kill(getpid(), SIGUSR1);
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, rows, BATCH * TINY_CLASSES));
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGUSR1));
    sigwait(&blocked, &number);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    gln_session_free(session);
    for (number = 1; number <= 64; number++) {
        memset(&after, 0, sizeof after);
        if (sigaction(number, NULL, &after) == 0)
            CHECK(after.sa_handler == before[number].sa_handler && after.sa_flags == before[number].sa_flags);
    }
}

int main(void)
{
    tiny_noise(noise, BATCH, 9);
    RUN(test_predict);
    RUN(test_predict_refuses);
    RUN(test_classify);
    RUN(test_pixel_formats);
    RUN(test_wrong_images);
    RUN(test_extreme_images);
    RUN(test_layers);
    RUN(test_kept_layers);
    RUN(test_kept_layers_within_the_limit);
    RUN(test_views_within_the_limit);
    RUN(test_profile);
    RUN(test_settings_agree);
    RUN(test_input_size);
    RUN(test_log);
    RUN(test_parallel_for);
    RUN(test_parallel_for_that_does_nothing);
    RUN(test_many_sessions_share_a_model);
    RUN(test_contention);
    RUN(test_session_outlives_model);
    RUN(test_signals_are_left_alone);
    RUN(test_openblas_agrees);
    RUN(test_signals_are_left_alone);
    return check_finish();
}
