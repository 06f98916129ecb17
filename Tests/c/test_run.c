/* Pictures, views and requests: what gln_session_run answers. */
#include "check.h"
#include "tiny_model.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { WIDTH = 61, HEIGHT = 47, VIEWS = 5, LAYER = 8 * 10 * 12 };
static unsigned char rgb[6 * TINY_PIXELS];
static gln_session *session;

static gln_picture picture_of(const void *pixels, int32_t width, int32_t height)
{
    gln_picture picture = GLN_PICTURE_INIT;
    picture.planes[0] = pixels;
    picture.width = width;
    picture.height = height;
    return picture;
}

static gln_view view_of(const gln_picture *picture)
{
    gln_view view = GLN_VIEW_INIT;
    view.picture = picture;
    return view;
}

static gln_request request_of(gln_request_kind kind, void *values, size_t capacity)
{
    gln_request request = GLN_REQUEST_INIT;
    request.kind = kind;
    request.values = values;
    request.capacity = capacity;
    return request;
}

static void pixels_of(const gln_view *view, unsigned char *pixels)
{
    memset(pixels, 0, TINY_PIXELS);
    CHECK_STATUS(GLN_OK, gln_session_preprocess_view(session, view, pixels, TINY_PIXELS));
}

/* Views of one picture that differ, among them the whole. */
static void fill_views(gln_view views[VIEWS], const gln_picture *picture)
{
    static const int32_t boxes[VIEWS][4] = {
        {0, 0, 0, 0}, {0, 0, 20, 31}, {60, 46, 1, 1}, {3, 5, 58, 42}, {0, 0, WIDTH, HEIGHT}};
    int i;
    for (i = 0; i < VIEWS; i++) {
        views[i] = view_of(picture);
        views[i].left = boxes[i][0];
        views[i].top = boxes[i][1];
        views[i].width = boxes[i][2];
        views[i].height = boxes[i][3];
        views[i].mirrored = i == 3;
        views[i].fit = i == 3 ? GLN_FIT_WARP : GLN_FIT_MODEL;
        views[i].context = i == 3 ? 4 : 0;
    }
}

/* ------------------------------------------------------------------------------------------------------ answers */

static void test_run_equals_the_short_forms(void)
{
    gln_picture picture = picture_of(rgb, WIDTH, HEIGHT);
    gln_view views[VIEWS];
    float probabilities[VIEWS][TINY_CLASSES], logits[VIEWS][TINY_CLASSES], features[VIEWS][TINY_FEATURES], row[LAYER];
    static float layers[VIEWS][LAYER];
    gln_prediction top[VIEWS][3], best[TINY_CLASSES];
    unsigned char pixels[TINY_PIXELS];
    gln_image image = {rgb, WIDTH, HEIGHT, 0, GLN_PIXEL_RGB};
    size_t lengths[5] = {0}, count = 0, i, j;
    gln_request requests[5];
    fill_views(views, &picture);
    requests[0] = request_of(GLN_REQUEST_TOP, top, 3 * VIEWS);
    requests[0].top = 3;
    requests[1] = request_of(GLN_REQUEST_PROBABILITIES, probabilities, VIEWS * TINY_CLASSES);
    requests[2] = request_of(GLN_REQUEST_LOGITS, logits, VIEWS * TINY_CLASSES);
    requests[3] = request_of(GLN_REQUEST_FEATURES, features, VIEWS * TINY_FEATURES);
    requests[4] = request_of(GLN_REQUEST_LAYER, layers, VIEWS * LAYER);
    requests[4].layer = "conv1";
    for (i = 0; i < 5; i++)
        requests[i].row_length = &lengths[i];
    CHECK_STATUS(GLN_OK, gln_session_run(session, views, VIEWS, requests, 5));
    CHECK(lengths[0] == 3 && lengths[1] == TINY_CLASSES && lengths[2] == TINY_CLASSES && lengths[3] == TINY_FEATURES);
    CHECK(lengths[4] == LAYER);
    for (i = 0; i < VIEWS; i++) {
        gln_batch batch = tiny_batch(pixels, 1);
        pixels_of(&views[i], pixels);
        CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_PROBABILITIES, row, TINY_CLASSES));
        CHECK(memcmp(row, probabilities[i], sizeof probabilities[i]) == 0);
        for (j = 0; j < 3; j++)
            CHECK(top[i][j].probability == row[top[i][j].class_index] && *top[i][j].label != '\0');
        CHECK(top[i][0].probability >= top[i][1].probability && top[i][1].probability >= top[i][2].probability);
        CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, row, TINY_CLASSES));
        CHECK(memcmp(row, logits[i], sizeof logits[i]) == 0);
        CHECK_STATUS(GLN_OK, gln_session_features(session, &batch, row, TINY_FEATURES));
        CHECK(memcmp(row, features[i], sizeof features[i]) == 0);
        CHECK_STATUS(GLN_OK, gln_session_layer(session, "conv1", &batch, row, LAYER));
        CHECK(memcmp(row, layers[i], sizeof layers[i]) == 0);
    }
    CHECK(memcmp(logits[0], logits[4], sizeof logits[0]) == 0 && memcmp(logits[0], logits[1], sizeof logits[0]) != 0);
    CHECK_STATUS(GLN_OK, gln_session_classify(session, &image, best, TINY_CLASSES, &count));
    for (j = 0; j < 3; j++)
        CHECK(best[j].class_index == top[0][j].class_index && best[j].probability == top[0][j].probability);
    /* No more classes than there are. */
    requests[0].top = 1000;
    requests[0].values = best;
    requests[0].capacity = TINY_CLASSES;
    CHECK_STATUS(GLN_OK, gln_session_run(session, views, 1, requests, 1));
    CHECK(lengths[0] == TINY_CLASSES && best[2].class_index == top[0][2].class_index);
}

/* Elements of arrays lie as far apart as the first one says, and may have members of a later header, which must be 0. */
static void test_structures_of_a_later_header(void)
{
    struct late_view {
        gln_view view;
        size_t more[2];
    } views[2];
    struct late_request {
        gln_request request;
        size_t more;
    } requests[2];
    struct late_picture {
        gln_picture picture;
        size_t more;
    } late;
    float logits[2][TINY_CLASSES], features[2][TINY_FEATURES], again[TINY_CLASSES];
    gln_picture picture = picture_of(rgb, WIDTH, HEIGHT);
    memset(&late, 0, sizeof late);
    memset(views, 0, sizeof views);
    memset(requests, 0, sizeof requests);
    late.picture = picture;
    late.picture.struct_size = sizeof late;
    views[0].view = view_of(&late.picture);
    views[1].view = view_of(&picture);
    views[1].view.mirrored = 1;
    views[0].view.struct_size = views[1].view.struct_size = sizeof *views;
    requests[0].request = request_of(GLN_REQUEST_LOGITS, logits, 2 * TINY_CLASSES);
    requests[1].request = request_of(GLN_REQUEST_FEATURES, features, 2 * TINY_FEATURES);
    requests[0].request.struct_size = requests[1].request.struct_size = sizeof *requests;
    CHECK_STATUS(GLN_OK, gln_session_run(session, &views[0].view, 2, &requests[0].request, 2));
    requests[0].request.values = again;
    CHECK_STATUS(GLN_OK, gln_session_run(session, &views[1].view, 1, &requests[0].request, 1));
    CHECK(memcmp(again, logits[1], sizeof again) == 0 && memcmp(again, logits[0], sizeof again) != 0);
    requests[0].request.values = logits;

    views[1].more[1] = 1;
    CHECK_ERROR(GLN_UNSUPPORTED, "views[1].struct_size",
                gln_session_run(session, &views[0].view, 2, &requests[0].request, 2));
    views[1].more[1] = 0;
    requests[1].more = (size_t)1 << 63;
    CHECK_ERROR(GLN_UNSUPPORTED, "requests[1].struct_size",
                gln_session_run(session, &views[0].view, 2, &requests[0].request, 2));
    requests[1].more = 0;
    late.more = 3;
    CHECK_ERROR(GLN_UNSUPPORTED, "views[0].picture->struct_size",
                gln_session_run(session, &views[0].view, 2, &requests[0].request, 2));
    late.more = 0;
    views[1].view.struct_size = sizeof(gln_view);
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "views[1].struct_size",
                gln_session_run(session, &views[0].view, 2, &requests[0].request, 2));
}

/* ----------------------------------------------------------------------------------------------------- pictures */

/* Where a pixel that is seen at (x, y) of a picture of width x height is stored, by EXIF's orientation. */
static void stored_at(int orientation, int width, int height, int x, int y, int *column, int *row)
{
    int right = width - 1 - x, up = height - 1 - y;
    const int places[9][2] = {{x, y}, {x, y}, {right, y}, {right, up}, {x, up}, {y, x}, {y, right}, {up, right}, {up, x}};
    *column = places[orientation][0];
    *row = places[orientation][1];
}

static void test_orientations(void)
{
    unsigned char upright[TINY_PIXELS], turned[TINY_PIXELS];
    static unsigned char stored[3 * WIDTH * HEIGHT];
    int orientation, x, y, column, row, view;
    for (orientation = 0; orientation <= 8; orientation++) {
        int swaps = orientation >= 5, width = swaps ? HEIGHT : WIDTH, height = swaps ? WIDTH : HEIGHT;
        gln_picture plain = picture_of(rgb, WIDTH, HEIGHT), picture = picture_of(stored, width, height);
        gln_view plains[VIEWS], views[VIEWS];
        picture.orientation = orientation;
        for (y = 0; y < HEIGHT; y++) {
            for (x = 0; x < WIDTH; x++) {
                stored_at(orientation, WIDTH, HEIGHT, x, y, &column, &row);
                memcpy(stored + 3 * (row * width + column), rgb + 3 * (y * WIDTH + x), 3);
            }
        }
        fill_views(plains, &plain);
        fill_views(views, &picture);
        for (view = 0; view < VIEWS; view++) {
            pixels_of(&plains[view], upright);
            pixels_of(&views[view], turned);
            CHECK(memcmp(upright, turned, sizeof upright) == 0);
        }
    }
}

/* A box is as good as a picture of its pixels, and mirroring comes last. */
static void test_boxes_and_mirrors(void)
{
    static const int32_t boxes[][4] = {{0, 0, 13, 47}, {48, 0, 13, 9}, {7, 11, 33, 1}, {1, 46, 60, 1}, {30, 20, 24, 20}};
    unsigned char box[TINY_PIXELS], alone[TINY_PIXELS], mirrored[TINY_PIXELS];
    gln_picture picture = picture_of(rgb, WIDTH, HEIGHT);
    size_t i, x, y;
    int fit;
    for (i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        for (fit = GLN_FIT_MODEL; fit <= GLN_FIT_WARP; fit++) {
            gln_picture part = picture_of(rgb + 3 * (boxes[i][1] * WIDTH + boxes[i][0]), boxes[i][2], boxes[i][3]);
            gln_view view = view_of(&picture), of_part = view_of(&part);
            part.strides[0] = 3 * WIDTH;
            view.left = boxes[i][0];
            view.top = boxes[i][1];
            view.width = boxes[i][2];
            view.height = boxes[i][3];
            view.fit = of_part.fit = (gln_fit)fit;
            pixels_of(&view, box);
            pixels_of(&of_part, alone);
            CHECK(memcmp(box, alone, sizeof box) == 0);
            view.mirrored = 1;
            pixels_of(&view, mirrored);
            for (y = 0; y < TINY_HEIGHT; y++)
                for (x = 0; x < TINY_WIDTH; x++)
                    CHECK(memcmp(box + 3 * (y * TINY_WIDTH + x), mirrored + 3 * (y * TINY_WIDTH + TINY_WIDTH - 1 - x), 3) == 0);
        }
    }
}

/* With a box of the input's size, stretching leaves pixels as they are. Beyond the picture is the mean, (123, 117, 104) as RGB. */
static void test_context_shows_what_lies_around(void)
{
    static const unsigned char mean[3] = {123, 117, 104};
    unsigned char pixels[TINY_PIXELS];
    gln_picture picture = picture_of(rgb, WIDTH, HEIGHT);
    gln_view view = view_of(&picture);
    int x, y, fit;
    view.width = TINY_WIDTH - 10;
    view.height = TINY_HEIGHT - 10;
    view.left = 2;
    view.top = HEIGHT - view.height;
    view.context = 5;
    for (fit = GLN_FIT_WARP; fit <= GLN_FIT_ASPECT; fit++) {
        view.fit = (gln_fit)fit;
        pixels_of(&view, pixels);
        for (y = 0; y < TINY_HEIGHT; y++) {
            for (x = 0; x < TINY_WIDTH; x++) {
                int column = view.left - 5 + x, row = view.top - 5 + y, inside = column >= 0 && row < HEIGHT;
                const unsigned char *seen = pixels + 3 * (y * TINY_WIDTH + x);
                CHECK(memcmp(seen, inside ? rgb + 3 * (row * WIDTH + column) : mean, 3) == 0);
            }
        }
    }
    /* A line of pixels keeps its aspect: one row of the input, or two, shows it. */
    view = view_of(&picture);
    view.width = WIDTH;
    view.height = 1;
    view.fit = GLN_FIT_ASPECT;
    picture.height = 1;
    pixels_of(&view, pixels);
    for (y = 0; y < TINY_HEIGHT; y++)
        CHECK((memcmp(pixels + 3 * TINY_WIDTH * y, mean, 3) != 0) == (y == TINY_HEIGHT / 2));
}

static unsigned char level(double value)
{
    return (unsigned char)(value < 0 ? 0 : value > 255 ? 255 : floor(value + 0.5));
}

static int is_near(int a, int b)
{
    return a - b <= 1 && b - a <= 1;
}

/* Brightness and colour apart, in odd sizes and with gaps, against the formulas of BT.601. */
static void test_luma_and_chroma(void)
{
    enum { COLUMNS = 31, ROWS = 23, STRIDE = 40, PAIRS = 16, PAIR_ROWS = 12 };
    static unsigned char luma[STRIDE * ROWS], cb[20 * PAIR_ROWS], cr[20 * PAIR_ROWS], both[STRIDE * PAIR_ROWS];
    int format, x, y, i;
    for (i = 0; i < STRIDE * ROWS; i++)
        luma[i] = (unsigned char)(i * 2654435761u >> 23);
    for (i = 0; i < 20 * PAIR_ROWS; i++) {
        cb[i] = (unsigned char)(i * 2246822519u >> 24);
        cr[i] = (unsigned char)(i * 3266489917u >> 24);
    }
    for (y = 0; y < PAIR_ROWS; y++) {
        for (x = 0; x < PAIRS; x++) {
            both[y * STRIDE + 2 * x] = cb[y * 20 + x];
            both[y * STRIDE + 2 * x + 1] = cr[y * 20 + x];
        }
    }
    for (format = GLN_PIXEL_NV12_VIDEO; format <= GLN_PIXEL_I420_FULL; format++) {
        gln_picture picture = picture_of(luma, COLUMNS, ROWS);
        gln_view view = view_of(&picture);
        unsigned char pixels[TINY_PIXELS];
        int is_video = format == GLN_PIXEL_NV12_VIDEO || format == GLN_PIXEL_I420_VIDEO;
        int is_nv12 = format <= GLN_PIXEL_NV12_FULL;
        picture.format = (gln_pixel_format)format;
        picture.strides[0] = STRIDE;
        picture.planes[1] = is_nv12 ? both : cb;
        picture.strides[1] = is_nv12 ? STRIDE : 20;
        picture.planes[2] = is_nv12 ? NULL : cr;
        picture.strides[2] = is_nv12 ? 0 : 20;
        view.left = COLUMNS - TINY_WIDTH;
        view.top = ROWS - TINY_HEIGHT;
        view.width = TINY_WIDTH;
        view.height = TINY_HEIGHT;
        view.fit = GLN_FIT_WARP;
        pixels_of(&view, pixels);
        for (y = 0; y < TINY_HEIGHT; y++) {
            for (x = 0; x < TINY_WIDTH; x++) {
                int column = x + view.left, row = y + view.top;
                double b = cb[row / 2 * 20 + column / 2] - 128.0, r = cr[row / 2 * 20 + column / 2] - 128.0;
                double brightness = luma[row * STRIDE + column];
                const unsigned char *seen = pixels + 3 * (y * TINY_WIDTH + x);
                if (is_video) {
                    brightness = (brightness - 16) * 255 / 219;
                    b = b * 255 / 224;
                    r = r * 255 / 224;
                }
                CHECK(is_near(seen[0], level(brightness + 1.402 * r)));
                CHECK(is_near(seen[1], level(brightness - 0.344136 * b - 0.714136 * r)));
                CHECK(is_near(seen[2], level(brightness + 1.772 * b)));
            }
        }
    }
}

static void test_floats(void)
{
    static float values[TINY_PIXELS + 3];
    unsigned char pixels[TINY_PIXELS];
    gln_picture picture = picture_of(values, TINY_WIDTH, TINY_HEIGHT);
    gln_view view = view_of(&picture);
    size_t i;
    for (i = 0; i < TINY_PIXELS; i++)
        values[i] = (float)rgb[i] / 255;
    values[0] = -1e30f;
    values[1] = 1.5f;
    values[2] = 0.5f;
    picture.format = GLN_PIXEL_RGB_FLOAT32;
    view.fit = GLN_FIT_WARP;
    pixels_of(&view, pixels);
    CHECK(pixels[0] == 0 && pixels[1] == 255 && pixels[2] == 128);
    CHECK(memcmp(pixels + 3, rgb + 3, TINY_PIXELS - 3) == 0);
    values[7 * 3 * TINY_WIDTH] = NAN;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "row 7", gln_session_preprocess_view(session, &view, pixels, TINY_PIXELS));
    values[7 * 3 * TINY_WIDTH] = INFINITY;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "row 7", gln_session_preprocess_view(session, &view, pixels, TINY_PIXELS));
    picture.strides[0] = 12 * TINY_WIDTH + 2;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "strides[0]", gln_session_preprocess_view(session, &view, pixels, TINY_PIXELS));
}

int main(void)
{
    tiny_noise(rgb, 6, 3);
    session = tiny_session(NULL);
    RUN(test_run_equals_the_short_forms);
    RUN(test_structures_of_a_later_header);
    RUN(test_orientations);
    RUN(test_boxes_and_mirrors);
    RUN(test_context_shows_what_lies_around);
    RUN(test_luma_and_chroma);
    RUN(test_floats);
    gln_session_free(session);
    return check_finish();
}
