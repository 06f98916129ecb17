/*
 * A program that was compiled against version 0.1.0 of googlenet.h and runs with today's library: it uses every function, structure
 * and callback of that version (check_abi.py sees to it), with what its header said of each.
 */
#include "check.h"
#include "tiny_model.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if GLN_VERSION_NUMBER != 100 || GLN_ABI_VERSION != 0
#error compile this against Tests/abi/googlenet-0.1.0.h
#endif

enum { IMAGES = 2, CANARY = 0x5A, CANARIES = 64, CUT = TINY_CHANNELS * TINY_HEIGHT * TINY_WIDTH };

static unsigned char noise[IMAGES * TINY_PIXELS];

static void plant_canaries(void *structure, size_t size)
{
    memset(structure, CANARY, size);
}

/* Whether the bytes behind a structure are as plant_canaries left them. */
static int canaries_live(const unsigned char *canaries)
{
    int i, alive = 0;
    for (i = 0; i < CANARIES; i++)
        alive += canaries[i] == CANARY;
    return alive == CANARIES;
}

static void test_version(void)
{
    CHECK_STATUS(GLN_OK, gln_check_abi(GLN_ABI_VERSION));
    CHECK(gln_version_number() >= GLN_VERSION_NUMBER);
    CHECK(gln_version_string() && *gln_version_string());
}

static void test_status(void)
{
    int status;
    for (status = GLN_OK; status <= GLN_BUSY; status++) {
        const char *text = gln_status_string((gln_status)status);
        CHECK(text && *text && strcmp(text, "unknown status") != 0);
    }
    CHECK(strcmp(gln_status_string((gln_status)9999), "unknown status") == 0);
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "path", gln_model_load_file(NULL, NULL));
    CHECK(*gln_last_error_message() != 0);
}

static void test_tiers(void)
{
    static const char *const names[] = {"best", "portable", "avx2", "avx-vnni", "avx512", "avx512-vnni"};
    int isa;
    for (isa = GLN_ISA_BEST; isa <= GLN_ISA_AVX512_VNNI; isa++)
        CHECK(strcmp(gln_isa_name((gln_isa)isa), names[isa]) == 0);
    CHECK(gln_cpu_isa() != GLN_ISA_BEST && gln_isa_name(gln_cpu_isa()) != NULL);
}

static void test_model(void)
{
    tiny_bytes file = tiny_model();
    struct {
        gln_layer_info info;
        unsigned char canaries[CANARIES];
    } layer;
    char path[] = "/tmp/googlenet-client-XXXXXX";
    gln_model *model = NULL, *from_file = NULL;
    FILE *output;
    size_t i;
    CHECK_STATUS(GLN_OK, gln_model_load_memory(file.data, file.size, GLN_MEMORY_BORROW, &model));
    CHECK(strcmp(gln_model_name(model), "tiny") == 0);
    CHECK(*gln_model_producer(model) != 0);
    CHECK(gln_model_class_count(model) == TINY_CLASSES);
    CHECK(strcmp(gln_model_label(model, 0), "square") == 0 && gln_model_label(model, TINY_CLASSES) == NULL);
    CHECK(gln_model_input_height(model) == TINY_HEIGHT && gln_model_input_width(model) == TINY_WIDTH);
    CHECK(gln_model_input_channels(model) == TINY_CHANNELS);
    CHECK(gln_model_feature_count(model) == TINY_FEATURES);
    CHECK(gln_model_precision(model) == GLN_PRECISION_FLOAT32);
    CHECK(gln_model_parameter_count(model) > 0 && gln_model_multiply_add_count(model) > 0);
    CHECK(gln_model_layer_count(model) == TINY_LAYERS);
    for (i = 0; i < TINY_LAYERS; i++) {
        plant_canaries(&layer, sizeof layer);
        layer.info.struct_size = sizeof layer.info;
        CHECK_STATUS(GLN_OK, gln_model_layer(model, i, &layer.info));
        CHECK(layer.info.struct_size == sizeof layer.info && canaries_live(layer.canaries));
        CHECK(*layer.info.name != 0 && *layer.info.kind != 0);
        CHECK(layer.info.channels > 0 && layer.info.height > 0 && layer.info.width > 0);
        if (i == 0)
            CHECK(layer.info.parameter_count == 8 * 3 * 9 + 8 && layer.info.multiply_add_count == 8 * 3 * 9 * 10 * 12);
    }
    output = fdopen(mkstemp(path), "wb");
    CHECK(output && fwrite(file.data, 1, file.size, output) == file.size && fclose(output) == 0);
    CHECK_STATUS(GLN_OK, gln_model_load_file(path, &from_file));
    CHECK(gln_model_layer_count(from_file) == TINY_LAYERS);
    remove(path);
    gln_model_free(from_file);
    gln_model_free(model);
    free(file.data);
}

static void *allocate(void *context, size_t size, size_t alignment)
{
    void *block = NULL;
    ++*(int *)context;
    return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

static void release(void *context, void *block, size_t size)
{
    (void)size;
    --*(int *)context;
    free(block);
}

static void receive_line(void *context, const char *message)
{
    *(int *)context += *message != 0;
}

static void one_after_another(void *context, size_t count, gln_work_function work, void *work_context)
{
    size_t i;
    ++*(int *)context;
    for (i = 0; i < count; i++)
        work(work_context, i);
}

/* Every option once; live, lines and calls count what its callbacks are called for. */
static gln_session_options *all_options(int *live, int *lines, int *calls)
{
    gln_session_options *options = NULL;
    gln_allocate_function allocator = allocate;
    gln_release_function releaser = release;
    gln_log_function log = receive_line;
    gln_parallel_for_function parallel_for = one_after_another;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, 2));
    CHECK_STATUS(GLN_OK, gln_session_options_set_max_isa(options, GLN_ISA_AVX2));
    CHECK_STATUS(GLN_OK, gln_session_options_set_backend(options, GLN_BACKEND_NATIVE));
    CHECK_STATUS(GLN_OK, gln_session_options_set_algorithm(options, GLN_ALGORITHM_DIRECT));
    CHECK_STATUS(GLN_OK, gln_session_options_set_precision(options, GLN_PRECISION_FLOAT32));
    CHECK_STATUS(GLN_OK, gln_session_options_set_input_size(options, TINY_HEIGHT, TINY_WIDTH));
    CHECK_STATUS(GLN_OK, gln_session_options_set_spin_time(options, 100));
    CHECK_STATUS(GLN_OK, gln_session_options_set_allocator(options, allocator, releaser, live));
    CHECK_STATUS(GLN_OK, gln_session_options_set_log(options, log, lines));
    CHECK_STATUS(GLN_OK, gln_session_options_set_parallel_for(options, parallel_for, calls));
    return options;
}

static void test_session(void)
{
    int live = 0, lines = 0, calls = 0;
    gln_session_options *options = all_options(&live, &lines, &calls);
    struct {
        gln_session_memory_info info;
        unsigned char canaries[CANARIES];
    } memory;
    gln_model *model = tiny_load();
    gln_session *session = NULL;
    CHECK_STATUS(GLN_OK, gln_session_create(model, options, &session));
    gln_model_free(model);
    gln_session_options_free(options);
    CHECK(live > 0 && lines > 0);
    CHECK(gln_session_isa(session) == GLN_ISA_AVX2 || gln_session_isa(session) == GLN_ISA_PORTABLE);
    CHECK(gln_session_threads(session) == 2);
    CHECK(gln_session_precision(session) == GLN_PRECISION_FLOAT32);
    CHECK(gln_session_backend(session) == GLN_BACKEND_NATIVE);
    CHECK(gln_session_input_height(session) == TINY_HEIGHT && gln_session_input_width(session) == TINY_WIDTH);
    plant_canaries(&memory, sizeof memory);
    memory.info.struct_size = sizeof memory.info;
    CHECK_STATUS(GLN_OK, gln_session_memory(session, &memory.info));
    CHECK(memory.info.struct_size == sizeof memory.info && canaries_live(memory.canaries));
    CHECK(memory.info.model_bytes > 0 && memory.info.weight_bytes == gln_session_weight_bytes(session));
    CHECK(memory.info.arena_bytes + memory.info.scratch_bytes == gln_session_activation_bytes(session));
    CHECK(memory.info.picture_bytes == TINY_PIXELS && memory.info.peak_bytes >= memory.info.arena_bytes);
    gln_session_free(session);
    CHECK(live == 0);
}

typedef struct profile {
    int operations, images;
} profile;

static void receive_operation(void *context, const gln_operation_time *operation)
{
    profile *seen = context;
    size_t i;
    CHECK(operation->struct_size >= sizeof *operation);
    CHECK(operation->image < IMAGES && *operation->kind != 0 && *operation->kernel != 0);
    CHECK((operation->layer_count == 0) == (operation->layers == NULL));
    for (i = 0; i < operation->layer_count; i++)
        CHECK(*operation->layers[i] != 0);
    CHECK(operation->precision == GLN_PRECISION_FLOAT32);
    CHECK(operation->channels > 0 && operation->height > 0 && operation->width > 0);
    CHECK(operation->multiplication_count <= operation->multiply_add_count);
    CHECK(operation->nanoseconds < UINT64_C(3600) * 1000000000);
    seen->operations++;
    seen->images = (int)operation->image + 1;
}

static void test_runs(void)
{
    int live = 0, lines = 0, calls = 0;
    gln_session_options *options = all_options(&live, &lines, &calls);
    gln_session *session = tiny_session(options);
    gln_image image = {noise, TINY_WIDTH, TINY_HEIGHT, 0, GLN_PIXEL_RGB};
    gln_batch pixels = {GLN_BATCH_U8, GLN_PIXEL_RGB, noise, IMAGES}, whole = {GLN_BATCH_U8, GLN_PIXEL_RGB, NULL, 1};
    static float planes[IMAGES * TINY_PIXELS];
    gln_batch tensors = {GLN_BATCH_FLOAT32, GLN_PIXEL_RGB, planes, IMAGES};
    struct {
        gln_prediction best[2];
        unsigned char canaries[CANARIES];
    } found;
    unsigned char cut[CUT + CANARIES];
    float rows[IMAGES * TINY_CLASSES], features[IMAGES * TINY_FEATURES], sum = 0;
    gln_profile_function receive = receive_operation;
    profile seen = {0, 0};
    size_t count = 0, i;
    int32_t channels = 0, height = 0, width = 0;
    float *values;
    gln_session_options_free(options);
    whole.data = cut;

    plant_canaries(&found, sizeof found);
    CHECK_STATUS(GLN_OK, gln_session_classify(session, &image, found.best, 2, &count));
    CHECK(count == 2 && canaries_live(found.canaries));
    CHECK(found.best[0].probability >= found.best[1].probability && found.best[0].probability <= 1);
    for (i = 0; i < 2; i++)
        CHECK(found.best[i].class_index >= 0 && found.best[i].class_index < TINY_CLASSES && *found.best[i].label != 0);
    plant_canaries(cut, sizeof cut);
    CHECK_STATUS(GLN_OK, gln_session_preprocess(session, &image, cut, CUT));
    CHECK(canaries_live(cut + CUT));
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &whole, GLN_OUTPUT_PROBABILITIES, rows, TINY_CLASSES));
    CHECK(rows[found.best[0].class_index] == found.best[0].probability);

    CHECK_STATUS(GLN_OK, gln_session_predict(session, &pixels, GLN_OUTPUT_PROBABILITIES, rows, IMAGES * TINY_CLASSES));
    for (i = 0; i < IMAGES * TINY_CLASSES; i++)
        sum += rows[i];
    CHECK(sum > IMAGES - 1e-4f && sum < IMAGES + 1e-4f);
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &tensors, GLN_OUTPUT_LOGITS, rows, IMAGES * TINY_CLASSES));
    CHECK_STATUS(GLN_BUFFER_TOO_SMALL, gln_session_predict(session, &pixels, GLN_OUTPUT_LOGITS, rows, 1));
    CHECK_STATUS(GLN_OK, gln_session_features(session, &pixels, features, IMAGES * TINY_FEATURES));

    CHECK_STATUS(GLN_OK, gln_session_layer_shape(session, "conv1", &channels, &height, &width));
    CHECK(channels == 8 && height == 10 && width == 12);
    count = IMAGES * (size_t)channels * (size_t)height * (size_t)width;
    values = malloc(count * sizeof *values);
    CHECK_STATUS(GLN_OK, gln_session_layer(session, "conv1", &pixels, values, count));
    CHECK_STATUS(GLN_NOT_FOUND, gln_session_layer(session, "conv9", &pixels, values, count));
    free(values);

    CHECK_STATUS(GLN_OK, gln_session_profile(session, &pixels, receive, &seen));
    CHECK(seen.operations > IMAGES && seen.images == IMAGES);
    CHECK(calls > 0);
    gln_session_free(session);
    CHECK(live == 0);
}

int main(void)
{
    tiny_noise(noise, IMAGES, 5);
    RUN(test_version);
    RUN(test_status);
    RUN(test_tiers);
    RUN(test_model);
    RUN(test_session);
    RUN(test_runs);
    return check_finish();
}
