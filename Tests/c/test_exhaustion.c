/*
 * Every allocation that the library makes fails in turn, alone and together with all after it, in every public function: none
 * dies, each returns GLN_OUT_OF_MEMORY and leaves everything as it was, and the next call works. A new function joins the table of
 * operations below.
 *
 * Argument: a model file, of whose many allocations some fail.
 */
#include "allocations.h"
#include "check.h"
#include "large_models.h"
#include "tiny_model.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* One more than the ways to layers that a session keeps: a call that comes so many calls after another finds nothing prepared. */
enum { KEPT_CALLS = 5 };

/* What operations work on. */
typedef struct host {
    const char *path;
    tiny_bytes file;
    gln_model *model;
    gln_session_options *options;
    gln_session *session;
    size_t classes, features, pixels;
    unsigned char *noise;
    float *planes, *values;
    size_t capacity;
    gln_prediction *predictions;
    unsigned turn; /* says which layer the next call asks for */
} host;

typedef gln_status (*operation)(host *host);

/* --------------------------------------------------------------------------------------------- what is called */

static gln_status load_file(host *host)
{
    gln_model *model = NULL;
    gln_status status = gln_model_load_file(host->path, &model);
    CHECK((status == GLN_OK) == (model != NULL));
    gln_model_free(model);
    return status;
}

/* As a copy, and a session that packs what leaves memory then. */
static gln_status read_file(host *host)
{
    gln_model *model = NULL;
    gln_session *session = NULL, *other = NULL;
    gln_session_options *options = NULL;
    gln_status status = gln_model_read_file(host->path, &model);
    CHECK((status == GLN_OK) == (model != NULL));
    if (status == GLN_OK)
        status = gln_session_create(model, host->options, &session);
    CHECK((status == GLN_OK) == (session != NULL));
    /* Reads the weights again. */
    if (status == GLN_OK && (status = gln_session_options_create(&options)) == GLN_OK &&
        (status = gln_session_options_set_threads(options, 1)) == GLN_OK &&
        (status = gln_session_options_set_max_isa(options, GLN_ISA_PORTABLE)) == GLN_OK)
        status = gln_session_create(model, options, &other);
    gln_session_options_free(options);
    gln_model_free(model);
    gln_session_free(session);
    gln_session_free(other);
    return status;
}

static gln_status load_memory(host *host, gln_memory memory)
{
    gln_model *model = NULL;
    gln_status status = gln_model_load_memory(host->file.data, host->file.size, memory, &model);
    CHECK((status == GLN_OK) == (model != NULL));
    gln_model_free(model);
    return status;
}

static gln_status load_copy(host *host)
{
    return load_memory(host, GLN_MEMORY_COPY);
}

static gln_status load_borrowed(host *host)
{
    return load_memory(host, GLN_MEMORY_BORROW);
}

static int read_part(void *context, uint64_t offset, void *buffer, size_t size)
{
    const tiny_bytes *file = context;
    memcpy(buffer, file->data + offset, size);
    return 0;
}

static gln_status load_callbacks(host *host)
{
    gln_model *model = NULL;
    gln_status status = gln_model_load_callbacks(read_part, host->file.size, &host->file, &model);
    CHECK((status == GLN_OK) == (model != NULL));
    gln_model_free(model);
    return status;
}

static gln_status describe(host *host)
{
    gln_preprocessing preprocessing = GLN_PREPROCESSING_INIT;
    const char *key, *value;
    gln_layer_info info = GLN_LAYER_INFO_INIT;
    gln_status status = GLN_OK;
    size_t i, length = 0;
    for (i = 0; i < gln_model_class_count(host->model); i++)
        length += strlen(gln_model_label(host->model, i));
    for (i = 0; i < gln_model_layer_count(host->model) && status == GLN_OK; i++) {
        status = gln_model_layer(host->model, i, &info);
        length += strlen(info.name);
    }
    for (i = 0; i < gln_model_metadata_count(host->model) && status == GLN_OK; i++) {
        status = gln_model_metadata_entry(host->model, i, &key, &value);
        length += strlen(value);
        CHECK(gln_model_metadata(host->model, key) == value);
    }
    CHECK(gln_model_metadata(host->model, "no key of this name") == NULL);
    if (status == GLN_OK)
        status = gln_model_preprocessing(host->model, &preprocessing);
    length += strlen(gln_model_name(host->model)) + strlen(gln_model_producer(host->model));
    length += gln_model_feature_count(host->model) + (size_t)gln_model_input_height(host->model) +
              (size_t)gln_model_input_width(host->model) + (size_t)gln_model_input_channels(host->model);
    length += gln_model_parameter_count(host->model) > 0 && gln_model_multiply_add_count(host->model) > 0 &&
              gln_model_work_count(host->model) > 0 && gln_model_precision(host->model) > 0;
    CHECK(length > 0);
    return status;
}

static void log_line(void *context, const char *message)
{
    *(size_t *)context += strlen(message);
}

static gln_status make_options(host *host)
{
    gln_session_options *options = NULL;
    static size_t logged;
    gln_status status = gln_session_options_create(&options);
    (void)host;
    CHECK((status == GLN_OK) == (options != NULL));
    if (status != GLN_OK)
        return status;
    if ((status = gln_session_options_set_threads(options, 2)) == GLN_OK &&
        (status = gln_session_options_set_max_isa(options, GLN_ISA_BEST)) == GLN_OK &&
        (status = gln_session_options_set_backend(options, GLN_BACKEND_NATIVE)) == GLN_OK &&
        (status = gln_session_options_set_algorithm(options, GLN_ALGORITHM_AUTO)) == GLN_OK &&
        (status = gln_session_options_set_precision(options, GLN_PRECISION_AUTO)) == GLN_OK &&
        (status = gln_session_options_set_input_size(options, 0, 0)) == GLN_OK &&
        (status = gln_session_options_set_spin_time(options, 0)) == GLN_OK &&
        (status = gln_session_options_set_memory_limit(options, 0)) == GLN_OK &&
        (status = gln_session_options_set_allocator(options, NULL, NULL, NULL)) == GLN_OK &&
        (status = gln_session_options_set_parallel_for(options, NULL, NULL)) == GLN_OK &&
        (status = gln_session_options_set_thread_team(options, NULL)) == GLN_OK)
        status = gln_session_options_set_log(options, log_line, &logged);
    gln_session_options_free(options);
    return status;
}

static gln_status create(host *host)
{
    gln_session *session = NULL;
    gln_status status = gln_session_create(host->model, host->options, &session);
    CHECK((status == GLN_OK) == (session != NULL));
    gln_session_free(session);
    return status;
}

/* Of a model that no other session uses, so that all weights are packed. */
static gln_status create_alone(host *host)
{
    gln_model *model = NULL;
    gln_session *session = NULL;
    gln_status status = gln_model_load_memory(host->file.data, host->file.size, GLN_MEMORY_BORROW, &model);
    if (status == GLN_OK)
        status = gln_session_create(model, host->options, &session);
    CHECK((status == GLN_OK) == (session != NULL));
    gln_model_free(model);
    gln_session_free(session);
    return status;
}

/* A team, and a session that is the last to use it. */
static gln_status create_with_team(host *host)
{
    gln_thread_team *team = NULL;
    gln_session_options *options = NULL;
    gln_session *session = NULL;
    gln_status status = gln_thread_team_create(2, 0, &team);
    CHECK((status == GLN_OK) == (team != NULL));
    if (status == GLN_OK)
        status = gln_session_options_create(&options);
    if (status == GLN_OK)
        status = gln_session_options_set_thread_team(options, team);
    gln_thread_team_free(team);
    if (status == GLN_OK) {
        status = gln_session_create(host->model, options, &session);
        CHECK((status == GLN_OK) == (session != NULL));
    }
    gln_session_options_free(options);
    gln_session_free(session);
    return status;
}

static gln_status ask(host *host)
{
    gln_session_memory_info memory = GLN_SESSION_MEMORY_INFO_INIT;
    CHECK(gln_session_isa(host->session) > 0 && gln_session_threads(host->session) > 0 &&
          gln_session_precision(host->session) > 0 && gln_session_backend(host->session) == GLN_BACKEND_NATIVE &&
          gln_session_input_height(host->session) > 0 && gln_session_input_width(host->session) > 0 &&
          gln_session_weight_bytes(host->session) > 0 && gln_session_activation_bytes(host->session) > 0);
    return gln_session_memory(host->session, &memory);
}

/* A larger picture each time, for which the session needs more memory than before. */
static gln_image larger_picture(void)
{
    enum { MOST = 20000, HEIGHT = 40 };
    static unsigned char pixels[3 * MOST * HEIGHT];
    static int32_t width = 300;
    gln_image image = {pixels, 0, HEIGHT, 0, GLN_PIXEL_RGB};
    CHECK(width < MOST);
    image.width = width++;
    return image;
}

static gln_status classify(host *host)
{
    gln_image image = larger_picture();
    return gln_session_classify(host->session, &image, host->predictions, host->classes, NULL);
}

static gln_status preprocess(host *host)
{
    gln_image image = larger_picture();
    return gln_session_preprocess(host->session, &image, host->noise, host->pixels);
}

static gln_view view_of(gln_picture *picture)
{
    static const gln_picture empty = GLN_PICTURE_INIT;
    gln_view view = GLN_VIEW_INIT;
    const gln_image image = larger_picture();
    *picture = empty;
    picture->planes[0] = image.pixels;
    picture->width = image.width;
    picture->height = image.height;
    view.picture = picture;
    view.left = 1;
    view.width = image.width - 1;
    view.height = image.height;
    return view;
}

static gln_status preprocess_view(host *host)
{
    gln_picture picture;
    const gln_view view = view_of(&picture);
    return gln_session_preprocess_view(host->session, &view, host->noise, host->pixels);
}

static gln_batch pixels_of(host *host)
{
    gln_batch batch = {GLN_BATCH_U8, GLN_PIXEL_RGB, NULL, 1};
    batch.data = host->noise;
    return batch;
}

static gln_batch planes_of(host *host)
{
    gln_batch batch = {GLN_BATCH_FLOAT32, GLN_PIXEL_RGB, NULL, 1};
    batch.data = host->planes;
    return batch;
}

static gln_status predict(host *host)
{
    gln_batch batch = pixels_of(host);
    return gln_session_predict(host->session, &batch, GLN_OUTPUT_PROBABILITIES, host->values, host->classes);
}

static gln_status predict_planes(host *host)
{
    gln_batch batch = planes_of(host);
    return gln_session_predict(host->session, &batch, GLN_OUTPUT_LOGITS, host->values, host->classes);
}

static gln_status features(host *host)
{
    gln_batch batch = pixels_of(host);
    return gln_session_features(host->session, &batch, host->values, host->features);
}

static const char *some_layer(host *host)
{
    gln_layer_info info = GLN_LAYER_INFO_INIT;
    size_t count = gln_model_layer_count(host->model);
    CHECK_STATUS(GLN_OK, gln_model_layer(host->model, count * (1 + host->turn++ % KEPT_CALLS) / (KEPT_CALLS + 2), &info));
    return info.name;
}

static gln_status layer_shape(host *host)
{
    int32_t channels, height, width;
    return gln_session_layer_shape(host->session, some_layer(host), &channels, &height, &width);
}

/* Another layer each time, for which a way is prepared. */
static gln_status layer(host *host)
{
    gln_batch batch = pixels_of(host);
    return gln_session_layer(host->session, some_layer(host), &batch, host->values, host->capacity);
}

/* Another layer each time, with the likeliest class, of a larger picture each time. */
static gln_status run(host *host)
{
    gln_picture picture;
    const gln_view view = view_of(&picture);
    gln_request requests[2] = {GLN_REQUEST_INIT, GLN_REQUEST_INIT};
    requests[0].kind = GLN_REQUEST_TOP;
    requests[0].top = 1;
    requests[0].values = host->predictions;
    requests[0].capacity = host->classes;
    requests[1].kind = GLN_REQUEST_LAYER;
    requests[1].layer = some_layer(host);
    requests[1].values = host->values;
    requests[1].capacity = host->capacity;
    return gln_session_run(host->session, &view, 1, requests, 2);
}

static void receive(void *context, const gln_operation_time *operation)
{
    size_t i;
    for (i = 0; i < operation->layer_count; i++)
        *(size_t *)context += strlen(operation->layers[i]);
}

static gln_status profile(host *host)
{
    gln_batch batch = pixels_of(host);
    size_t length = 0;
    return gln_session_profile(host->session, &batch, receive, &length);
}

static int read_nothing(void *context, uint64_t offset, void *buffer, size_t size)
{
    (void)context;
    (void)offset;
    (void)buffer;
    (void)size;
    return 5;
}

/* Calls that fail anyway: their messages need memory. Each gives its own status, or that there is no memory. */
static gln_status mistakes(host *host)
{
    gln_batch batch = pixels_of(host), empty = batch;
    gln_image image = larger_picture();
    gln_layer_info info = GLN_LAYER_INFO_INIT;
    gln_session *session = NULL;
    gln_model *model = NULL;
    gln_preprocessing preprocessing = {0, GLN_CHANNEL_ORDER_RGB, 0, 0, 0, 0, GLN_RESIZE_SHORT_SIDE, {0, 0, 0}, {0, 0, 0}};
    const char *key, *value;
    gln_status found[28];
    gln_picture wrong_picture;
    gln_view view = view_of(&wrong_picture);
    gln_request request = GLN_REQUEST_INIT;
    int i, count = 0, lacking = 0;
    static char path[4096];
    static const gln_status expected[] = {
        GLN_IO_ERROR,         GLN_IO_ERROR,         GLN_IO_ERROR,
        GLN_INVALID_MODEL,    GLN_INVALID_ARGUMENT, GLN_INVALID_ARGUMENT,
        GLN_INVALID_ARGUMENT, GLN_BUFFER_TOO_SMALL, GLN_NOT_FOUND,        GLN_INVALID_ARGUMENT,
        GLN_INVALID_ARGUMENT, GLN_INVALID_ARGUMENT, GLN_BUFFER_TOO_SMALL, GLN_UNSUPPORTED_VERSION,
        GLN_IO_ERROR,         GLN_INVALID_ARGUMENT, GLN_INVALID_ARGUMENT, GLN_INVALID_ARGUMENT,
        GLN_NOT_FOUND,        GLN_INVALID_ARGUMENT, GLN_INVALID_ARGUMENT,
    };
    empty.count = 0;
    image.row_stride = 1;
    /* The text of such a path takes the most. */
    memset(path, 0xFF, sizeof path - 1);
    found[count++] = gln_model_load_file("/nowhere/a/model.gln", &model);
    found[count++] = gln_model_load_file(path, &model);
    found[count++] = gln_model_read_file(path, &model);
    found[count++] = gln_model_load_memory(host->file.data, host->file.size / 2, GLN_MEMORY_BORROW, &model);
    found[count++] = gln_model_layer(host->model, SIZE_MAX, &info);
    found[count++] = gln_session_options_set_threads(host->options, -1);
    found[count++] = gln_session_create(NULL, NULL, &session);
    found[count++] = gln_session_predict(host->session, &batch, GLN_OUTPUT_LOGITS, host->values, 0);
    found[count++] = gln_session_layer(host->session, "no layer of this name", &batch, host->values, host->capacity);
    found[count++] = gln_session_features(host->session, &empty, host->values, host->features);
    found[count++] = gln_session_classify(host->session, &image, host->predictions, 1, NULL);
    found[count++] = gln_session_predict(host->session, &batch, (gln_output)9, host->values, host->classes);
    found[count++] = gln_session_preprocess(host->session, NULL, host->noise, 1) == GLN_INVALID_ARGUMENT
                         ? GLN_BUFFER_TOO_SMALL
                         : GLN_OUT_OF_MEMORY;
    found[count++] = gln_check_abi(GLN_ABI_VERSION + 1);
    found[count++] = gln_model_load_callbacks(read_nothing, 100, NULL, &model);
    found[count++] = gln_model_load_callbacks(read_nothing, UINT64_MAX, NULL, &model);
    found[count++] = gln_model_preprocessing(host->model, &preprocessing);
    found[count++] = gln_model_metadata_entry(host->model, SIZE_MAX, &key, &value);
    request.kind = GLN_REQUEST_LAYER;
    request.layer = "no layer of this name";
    request.values = host->values;
    request.capacity = host->capacity;
    found[count++] = gln_session_run(host->session, &view, 1, &request, 1);
    view.left = 2;
    request.kind = GLN_REQUEST_FEATURES;
    request.layer = NULL;
    found[count++] = gln_session_run(host->session, &view, 1, &request, 1);
    wrong_picture.strides[0] = 1;
    found[count++] = gln_session_run(host->session, &view, 1, &request, 1);
    for (i = 0; i < count; i++) {
        CHECK(found[i] == expected[i] || found[i] == GLN_OUT_OF_MEMORY);
        lacking += found[i] == GLN_OUT_OF_MEMORY;
    }
    CHECK(model == NULL && session == NULL);
    return lacking ? GLN_OUT_OF_MEMORY : GLN_OK;
}

static const struct {
    const char *name;
    operation run;
    /* Whether it allocates nothing at all. */
    int is_free;
} operations[] = {
    {"load_file", load_file, 0},
    {"read_file", read_file, 0},
    {"load_memory, copied", load_copy, 0},
    {"load_memory, borrowed", load_borrowed, 0},
    {"load_callbacks", load_callbacks, 0},
    {"a model's getters", describe, 1},
    {"options", make_options, 0},
    {"create", create, 0},
    {"create alone", create_alone, 0},
    {"create with a team", create_with_team, 0},
    {"a session's getters", ask, 1},
    {"classify", classify, 0},
    {"preprocess", preprocess, 0},
    {"predict", predict, 1},
    {"predict tensors", predict_planes, 1},
    {"features", features, 1},
    {"preprocess_view", preprocess_view, 0},
    {"run", run, 0},
    {"layer_shape", layer_shape, 1},
    {"layer", layer, 0},
    {"profile", profile, 0},
    {"mistakes", mistakes, 0},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* ---------------------------------------------------------------------------------------------------- the loop */

static void open_host(host *host, const char *path, int threads)
{
    const writer content = read_whole_file(path);
    size_t i;
    memset(host, 0, sizeof *host);
    host->path = path;
    host->file.data = content.data;
    host->file.size = content.size;
    CHECK(host->file.size > 0);
    CHECK_STATUS(GLN_OK, gln_model_load_memory(host->file.data, host->file.size, GLN_MEMORY_BORROW, &host->model));
    CHECK_STATUS(GLN_OK, gln_session_options_create(&host->options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(host->options, threads));
    CHECK_STATUS(GLN_OK, gln_session_create(host->model, host->options, &host->session));
    host->classes = gln_model_class_count(host->model);
    host->features = gln_model_feature_count(host->model);
    host->pixels = (size_t)gln_session_input_height(host->session) * (size_t)gln_session_input_width(host->session) *
                   (size_t)gln_model_input_channels(host->model);
    for (i = 0; i < gln_model_layer_count(host->model); i++) {
        gln_layer_info info = GLN_LAYER_INFO_INIT;
        size_t size;
        CHECK_STATUS(GLN_OK, gln_model_layer(host->model, i, &info));
        size = (size_t)info.channels * (size_t)info.height * (size_t)info.width;
        if (size > host->capacity)
            host->capacity = size;
    }
    if (host->capacity < host->features)
        host->capacity = host->features;
    host->noise = malloc(host->pixels);
    host->planes = malloc(host->pixels * sizeof(float));
    host->values = malloc(host->capacity * sizeof(float));
    host->predictions = malloc(host->classes * sizeof(gln_prediction));
    for (i = 0; i < host->pixels; i++) {
        host->noise[i] = (unsigned char)(i * 2654435761u >> 24);
        host->planes[i] = (float)host->noise[i] / 100;
    }
}

static void close_host(host *host)
{
    gln_session_free(host->session);
    gln_session_options_free(host->options);
    gln_model_free(host->model);
    free(host->file.data);
    free(host->noise);
    free(host->planes);
    free(host->values);
    free(host->predictions);
}

/* Always leads to the same state, in which the next call has something to prepare. */
static void settle(host *host, operation run)
{
    int call;
    host->turn = 0;
    for (call = 1; call < KEPT_CALLS; call++)
        CHECK_STATUS(GLN_OK, run(host));
}

/* Of every operation's allocations all, or so many and as many again spread over the rest. Prints what there was of each. */
static void fail_each(const char *path, int threads, long most)
{
    static host host;
    long runs = 0, before_all = 0;
    int round, index;
    /* The first rounds let lazily made things come to be. */
    for (round = 0; round < 3; round++) {
        before_all = allocations_live();
        open_host(&host, path, threads);
        for (index = 0; index < OPERATIONS; index++)
            CHECK_STATUS(GLN_OK, operations[index].run(&host));
        close_host(&host);
    }
    CHECK(allocations_live() == before_all);
    open_host(&host, path, threads);
    for (index = 0; index < OPERATIONS; index++) {
        operation run = operations[index].run;
        allocations_failure failure;
        long number, count = 0, live, lacking = 0;
        CHECK_STATUS(GLN_OK, run(&host));
        for (round = 0; round < 2; round++) {
            allocations_arm(FAIL_NEVER, 0);
            CHECK_STATUS(GLN_OK, run(&host));
            number = allocations_disarm();
            count = number > count ? number : count;
        }
        if (operations[index].is_free)
            CHECK(count == 0);
        for (failure = FAIL_ONCE; failure <= FAIL_FROM_THEN; failure++) {
            for (number = 0; number < count; number += number < most ? 1 : 1 + count / most) {
                gln_status status;
                settle(&host, run);
                live = allocations_live();
                allocations_arm(failure, number);
                status = run(&host);
                allocations_disarm();
                if (status == GLN_OUT_OF_MEMORY)
                    CHECK(*gln_last_error_message() != 0);
                else
                    CHECK_STATUS(GLN_OK, status);
                lacking += status == GLN_OUT_OF_MEMORY;
                settle(&host, run);
                if (allocations_live() != live) {
                    fprintf(stderr, "%s, %s failure at %ld: %ld blocks more than before\n", operations[index].name,
                            failure == FAIL_ONCE ? "one" : "every", number, allocations_live() - live);
                    CHECK(allocations_live() == live);
                }
                runs++;
            }
        }
        printf("  %-22s %5ld allocations, %5ld of the calls without one say so\n", operations[index].name, count,
               lacking);
    }
    close_host(&host);
    CHECK(allocations_live() == before_all);
    printf("  %ld calls\n", runs);
}

static const char *bundled, *tiny;

static void test_tiny_model(void)
{
    fail_each(tiny, 1, LONG_MAX);
}

static void test_tiny_model_on_threads(void)
{
    fail_each(tiny, 3, LONG_MAX);
}

static void test_bundled_model(void)
{
    if (!bundled)
        SKIP("no model file was named");
    fail_each(bundled, 2, 24);
}

/* Loads a model, makes a session of it, reads its last layer and takes its times. */
static gln_status use_large(const writer *file, const gln_session_options *options)
{
    static const unsigned char pixels[1 << 20];
    static float values[LARGE_MODEL_LABELS];
    gln_batch batch = {GLN_BATCH_U8, GLN_PIXEL_RGB, NULL, 1};
    gln_layer_info last = {sizeof last, NULL, NULL, 0, 0, 0, 0, 0};
    size_t length = 0;
    gln_model *model = NULL;
    gln_session *session = NULL;
    gln_status status = gln_model_load_memory(file->data, file->size, GLN_MEMORY_BORROW, &model);
    batch.data = pixels;
    if (status == GLN_OK)
        status = gln_session_create(model, options, &session);
    CHECK((status == GLN_OK) == (session != NULL));
    if (status == GLN_OK) {
        CHECK_STATUS(GLN_OK, gln_model_layer(model, gln_model_layer_count(model) - 1, &last));
        CHECK((size_t)gln_session_input_height(session) * (size_t)gln_session_input_width(session) * 3 <= sizeof pixels);
        if (gln_model_input_channels(model) == 1)
            batch.format = GLN_PIXEL_GRAY;
        status = gln_session_layer(session, last.name, &batch, values, sizeof values / sizeof *values);
        if (status == GLN_OK)
            status = gln_session_profile(session, &batch, receive, &length);
    }
    gln_session_free(session);
    gln_model_free(model);
    return status;
}

/* Lets allocations of at least so many bytes fail, each of them or so many spread over all: once, and with all that follow. */
static void fail_large(const writer *file, const gln_session_options *options, size_t least, long most)
{
    const long live = allocations_live();
    allocations_failure failure;
    long count, points, point;
    allocations_arm_sizes(least, SIZE_MAX, FAIL_NEVER, 0);
    CHECK_STATUS(GLN_OK, use_large(file, options));
    count = allocations_disarm();
    points = count < most ? count : most;
    for (failure = FAIL_ONCE; failure <= FAIL_FROM_THEN; failure++)
        for (point = 0; point < points; point++) {
            /* The first and the last are among them. */
            allocations_arm_sizes(least, SIZE_MAX, failure, points > 1 ? (count - 1) * point / (points - 1) : 0);
            CHECK_STATUS(GLN_OUT_OF_MEMORY, use_large(file, options));
            allocations_disarm();
            CHECK(allocations_live() == live);
        }
    printf(" %7ld", count);
}

/* No reserve runs dry on the largest models that there may be. */
static void test_largest_models(void)
{
    gln_session_options *options = NULL;
    size_t i;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, 1));
    printf("  allocations, and of at least 16 KB\n");
    for (i = 0; i < large_model_count; i++) {
        writer file = {0};
        if (large_models[i].refusal)
            continue;
        file = large_models[i].make();
        CHECK_STATUS(GLN_OK, use_large(&file, options));
        printf("  %-40s", large_models[i].name);
        fail_large(&file, options, 0, 5);
        /* Those that a reserve which was not asked for more could not serve. */
        fail_large(&file, options, 16 << 10, 24);
        printf("\n");
        free(file.data);
    }
    gln_session_options_free(options);
}

static long address_space(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

/* The system itself refuses: mappings, threads and the reserves too. */
static void test_address_space(void)
{
    const char *path = bundled ? bundled : tiny;
    const long step = 256 << 10;
    long extra, lacking = 0, successes = 0;
    for (extra = 0; extra < (96L << 20) && successes < 3; extra += step) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            static unsigned char pixels[3 * 640 * 480];
            gln_image image = {pixels, 640, 480, 0, GLN_PIXEL_RGB};
            gln_prediction best;
            gln_model *model = NULL;
            gln_session_options *options = NULL;
            gln_session *session = NULL;
            gln_status found;
            struct rlimit limit;
            limit.rlim_cur = limit.rlim_max = (rlim_t)(address_space() + extra);
            alarm(60);
            setrlimit(RLIMIT_AS, &limit);
            found = gln_model_load_file(path, &model);
            if (found == GLN_OK)
                found = gln_session_options_create(&options);
            if (found == GLN_OK)
                found = gln_session_options_set_threads(options, 2);
            if (found == GLN_OK)
                found = gln_session_create(model, options, &session);
            if (found == GLN_OK)
                found = gln_session_classify(session, &image, &best, 1, NULL);
            gln_session_free(session);
            gln_session_options_free(options);
            gln_model_free(model);
            _exit((int)found);
        }
        waitpid(child, &status, 0);
        CHECK(WIFEXITED(status));
        if (WIFEXITED(status)) {
            CHECK(WEXITSTATUS(status) == GLN_OK || WEXITSTATUS(status) == GLN_OUT_OF_MEMORY);
            lacking += WEXITSTATUS(status) == GLN_OUT_OF_MEMORY;
            successes += WEXITSTATUS(status) == GLN_OK;
        }
    }
    printf("  %ld limits are too low\n", lacking);
    CHECK(lacking > 0 && successes > 0);
}

int main(int count, char **arguments)
{
    static char output[BUFSIZ], path[] = "/tmp/googlenet-exhaustion-XXXXXX";
    int descriptor = mkstemp(path);
    tiny_bytes file = tiny_model();
    int result;
    /* The C library would allocate it in the middle of the loops. */
    setvbuf(stdout, output, _IOLBF, sizeof output);
    bundled = count > 1 ? arguments[1] : NULL;
    tiny = path;
    if (descriptor < 0 || write(descriptor, file.data, file.size) != (ssize_t)file.size)
        return 2;
    close(descriptor);
    free(file.data);
    RUN(test_tiny_model);
    RUN(test_tiny_model_on_threads);
    RUN(test_bundled_model);
    RUN(test_largest_models);
    RUN(test_address_space);
    result = check_finish();
    unlink(path);
    return result;
}
