/* Version, status, messages, names, options, and NULL wherever a pointer is taken. */
#include "check.h"
#include "tiny_model.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_version(void)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", GLN_VERSION_MAJOR, GLN_VERSION_MINOR, GLN_VERSION_PATCH);
    CHECK(gln_version_number() == GLN_VERSION_NUMBER);
    CHECK(strcmp(gln_version_string(), text) == 0);
}

static void test_abi(void)
{
    CHECK_STATUS(GLN_OK, gln_check_abi(GLN_ABI_VERSION));
    CHECK_ERROR(GLN_UNSUPPORTED_VERSION, "ABI", gln_check_abi(GLN_ABI_VERSION + 1));
    CHECK_STATUS(GLN_UNSUPPORTED_VERSION, gln_check_abi(UINT32_MAX));
}

static void test_status_strings(void)
{
    int value, other;
    for (value = 0; value <= 14; value++) {
        const char *text = gln_status_string((gln_status)value);
        CHECK(text && *text && strcmp(text, "unknown status") != 0);
        for (other = 0; text && other < value; other++)
            CHECK(strcmp(text, gln_status_string((gln_status)other)) != 0);
    }
    CHECK(strcmp(gln_status_string(GLN_INVALID_ARGUMENT), "invalid argument") == 0);
    CHECK(strcmp(gln_status_string((gln_status)15), "unknown status") == 0);
    CHECK(strcmp(gln_status_string((gln_status)-1), "unknown status") == 0);
    CHECK(strcmp(gln_status_string((gln_status)0x7FFFFFFF), "unknown status") == 0);
}

static void test_isa_names(void)
{
    static const char *const names[] = {"best", "portable", "avx2", "avx-vnni", "avx512", "avx512-vnni"};
    int i;
    for (i = 0; i < 6; i++) {
        const char *name = gln_isa_name((gln_isa)i);
        CHECK(name && strcmp(name, names[i]) == 0);
    }
    CHECK(gln_isa_name((gln_isa)6) == NULL);
    CHECK(gln_isa_name((gln_isa)-1) == NULL);
    CHECK(gln_cpu_isa() >= GLN_ISA_PORTABLE && gln_cpu_isa() <= GLN_ISA_AVX512_VNNI);
}

static void *other_thread(void *argument)
{
    char *copy = argument;
    CHECK(strcmp(gln_last_error_message(), "") == 0);
    CHECK_STATUS(GLN_UNSUPPORTED_VERSION, gln_check_abi(77));
    snprintf(copy, 256, "%s", gln_last_error_message());
    return NULL;
}

static void test_message_belongs_to_thread(void)
{
    pthread_t thread;
    gln_model *model = NULL;
    char mine[256], others[256] = "";
    CHECK_ERROR(GLN_IO_ERROR, "/nowhere/at/all.gln", gln_model_load_file("/nowhere/at/all.gln", &model));
    snprintf(mine, sizeof mine, "%s", gln_last_error_message());
    CHECK(pthread_create(&thread, NULL, other_thread, others) == 0);
    pthread_join(thread, NULL);
    CHECK(strlen(others) > 0 && strcmp(others, mine) != 0);
    CHECK(strcmp(mine, gln_last_error_message()) == 0);
    CHECK_STATUS(GLN_OK, gln_check_abi(GLN_ABI_VERSION));
    CHECK(strcmp(mine, gln_last_error_message()) == 0);
}

static void *allocate(void *context, size_t size, size_t alignment)
{
    (void)context, (void)size, (void)alignment;
    return NULL;
}

static void release(void *context, void *block, size_t size)
{
    (void)context, (void)block, (void)size;
}

static void test_option_ranges(void)
{
    static const int threads[] = {0, 1, 2, 256}, bad_threads[] = {-1, 257, INT32_MIN, INT32_MAX};
    gln_session_options *options = NULL;
    int i;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    if (!options)
        return;
    for (i = 0; i < 4; i++) {
        CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, threads[i]));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "threads", gln_session_options_set_threads(options, bad_threads[i]));
    }
    for (i = 0; i <= 5; i++)
        CHECK_STATUS(GLN_OK, gln_session_options_set_max_isa(options, (gln_isa)i));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "isa", gln_session_options_set_max_isa(options, (gln_isa)6));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_max_isa(options, (gln_isa)-1));
    CHECK_STATUS(GLN_OK, gln_session_options_set_backend(options, GLN_BACKEND_OPENBLAS));
    CHECK_STATUS(GLN_OK, gln_session_options_set_backend(options, GLN_BACKEND_NATIVE));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "backend", gln_session_options_set_backend(options, (gln_backend)2));
    CHECK_STATUS(GLN_OK, gln_session_options_set_algorithm(options, GLN_ALGORITHM_DIRECT));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "algorithm", gln_session_options_set_algorithm(options, (gln_algorithm)2));
    CHECK_STATUS(GLN_OK, gln_session_options_set_precision(options, GLN_PRECISION_FLOAT32));
    CHECK_STATUS(GLN_OK, gln_session_options_set_precision(options, GLN_PRECISION_INT8));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "precision", gln_session_options_set_precision(options, (gln_precision)3));
    CHECK_STATUS(GLN_OK, gln_session_options_set_input_size(options, 1, 8192));
    CHECK_STATUS(GLN_OK, gln_session_options_set_input_size(options, 0, 0));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_input_size(options, 0, 224));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_input_size(options, 224, 0));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_input_size(options, -1, -1));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_input_size(options, 8193, 224));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_input_size(options, 224, INT32_MAX));
    CHECK_STATUS(GLN_OK, gln_session_options_set_spin_time(options, 0));
    CHECK_STATUS(GLN_OK, gln_session_options_set_spin_time(options, 1000000));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_spin_time(options, -1));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_spin_time(options, 1000001));
    CHECK_STATUS(GLN_OK, gln_session_options_set_allocator(options, allocate, release, NULL));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_allocator(options, allocate, NULL, NULL));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_allocator(options, NULL, release, NULL));
    CHECK_STATUS(GLN_OK, gln_session_options_set_allocator(options, NULL, NULL, NULL));
    CHECK_STATUS(GLN_OK, gln_session_options_set_log(options, NULL, NULL));
    CHECK_STATUS(GLN_OK, gln_session_options_set_parallel_for(options, NULL, NULL));
    gln_session_options_free(options);
}

static void test_null_models_and_options(void)
{
    gln_layer_info info = {0};
    gln_model *model = NULL;
    info.struct_size = sizeof info;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "path", gln_model_load_file(NULL, &model));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "model", gln_model_load_file("x.gln", NULL));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_model_load_file(NULL, NULL));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "bytes", gln_model_load_memory(NULL, 10, GLN_MEMORY_COPY, &model));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_model_load_memory(NULL, 0, GLN_MEMORY_BORROW, &model));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "model", gln_model_load_memory("x", 1, GLN_MEMORY_COPY, NULL));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "memory", gln_model_load_memory("x", 1, (gln_memory)2, &model));
    CHECK(model == NULL);
    gln_model_free(NULL);
    CHECK(gln_model_name(NULL) == NULL);
    CHECK(gln_model_producer(NULL) == NULL);
    CHECK(gln_model_class_count(NULL) == 0);
    CHECK(gln_model_label(NULL, 0) == NULL);
    CHECK(gln_model_input_height(NULL) == 0);
    CHECK(gln_model_input_width(NULL) == 0);
    CHECK(gln_model_input_channels(NULL) == 0);
    CHECK(gln_model_feature_count(NULL) == 0);
    CHECK(gln_model_precision(NULL) == GLN_PRECISION_AUTO);
    CHECK(gln_model_parameter_count(NULL) == 0);
    CHECK(gln_model_multiply_add_count(NULL) == 0);
    CHECK(gln_model_layer_count(NULL) == 0);
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_model_layer(NULL, 0, &info));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_model_layer(NULL, 0, NULL));

    CHECK_ERROR(GLN_INVALID_ARGUMENT, "options", gln_session_options_create(NULL));
    gln_session_options_free(NULL);
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "options", gln_session_options_set_threads(NULL, 1));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_max_isa(NULL, GLN_ISA_BEST));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_backend(NULL, GLN_BACKEND_NATIVE));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_algorithm(NULL, GLN_ALGORITHM_AUTO));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_precision(NULL, GLN_PRECISION_AUTO));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_input_size(NULL, 0, 0));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_spin_time(NULL, 0));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_allocator(NULL, NULL, NULL, NULL));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_log(NULL, NULL, NULL));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_options_set_parallel_for(NULL, NULL, NULL));
}

static void test_null_sessions(void)
{
    static unsigned char pixels[TINY_PIXELS];
    gln_image image = {NULL, TINY_WIDTH, TINY_HEIGHT, 0, GLN_PIXEL_RGB};
    gln_batch batch = tiny_batch(pixels, 1), no_data = tiny_batch(NULL, 1);
    gln_prediction best[2];
    float values[TINY_FEATURES];
    uint8_t cut[TINY_PIXELS];
    size_t count = 77;
    int32_t channels = 7, height = 7, width = 7;
    gln_model *model = tiny_load();
    gln_session_memory_info memory = {0};
    gln_session *session = NULL;

    CHECK_ERROR(GLN_INVALID_ARGUMENT, "model", gln_session_create(NULL, NULL, &session));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "session", gln_session_create(model, NULL, NULL));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_create(NULL, NULL, NULL));
    CHECK(session == NULL);
    gln_session_free(NULL);
    CHECK(gln_session_isa(NULL) == GLN_ISA_BEST);
    CHECK(gln_session_threads(NULL) == 0);
    CHECK(gln_session_precision(NULL) == GLN_PRECISION_AUTO);
    CHECK(gln_session_backend(NULL) == GLN_BACKEND_NATIVE);
    CHECK(gln_session_input_height(NULL) == 0);
    CHECK(gln_session_input_width(NULL) == 0);
    CHECK(gln_session_weight_bytes(NULL) == 0);
    CHECK(gln_session_activation_bytes(NULL) == 0);
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "session", gln_session_memory(NULL, &memory));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "session", gln_session_profile(NULL, &batch, NULL, NULL));

    CHECK_STATUS(GLN_OK, gln_session_create(model, NULL, &session));
    if (session) {
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "info", gln_session_memory(session, NULL));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "struct_size", gln_session_memory(session, &memory));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "pixels", gln_session_classify(session, &image, best, 2, &count));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "pixels", gln_session_preprocess(session, &image, cut, sizeof cut));
        image.pixels = pixels;
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "session", gln_session_classify(NULL, &image, best, 2, &count));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "image", gln_session_classify(session, NULL, best, 2, &count));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "predictions", gln_session_classify(session, &image, NULL, 2, &count));
        CHECK(count == 77);
        CHECK_STATUS(GLN_OK, gln_session_classify(session, &image, best, 2, NULL));

        CHECK_ERROR(GLN_INVALID_ARGUMENT, "session", gln_session_preprocess(NULL, &image, cut, sizeof cut));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "image", gln_session_preprocess(session, NULL, cut, sizeof cut));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "pixels", gln_session_preprocess(session, &image, NULL, sizeof cut));

        CHECK_ERROR(GLN_INVALID_ARGUMENT, "session", gln_session_predict(NULL, &batch, GLN_OUTPUT_LOGITS, values, 4));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "batch", gln_session_predict(session, NULL, GLN_OUTPUT_LOGITS, values, 4));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "data", gln_session_predict(session, &no_data, GLN_OUTPUT_LOGITS, values, 4));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "values", gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, NULL, 4));

        CHECK_ERROR(GLN_INVALID_ARGUMENT, "session", gln_session_features(NULL, &batch, values, TINY_FEATURES));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "batch", gln_session_features(session, NULL, values, TINY_FEATURES));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "data", gln_session_features(session, &no_data, values, TINY_FEATURES));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "values", gln_session_features(session, &batch, NULL, TINY_FEATURES));

        CHECK_ERROR(GLN_INVALID_ARGUMENT, "session", gln_session_layer_shape(NULL, "fc", &channels, &height, &width));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "name", gln_session_layer_shape(session, NULL, &channels, &height, &width));
        CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_layer_shape(session, "fc", NULL, &height, &width));
        CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_layer_shape(session, "fc", &channels, NULL, &width));
        CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_session_layer_shape(session, "fc", &channels, &height, NULL));
        CHECK(channels == 7 && height == 7 && width == 7);

        CHECK_ERROR(GLN_INVALID_ARGUMENT, "session", gln_session_layer(NULL, "fc", &batch, values, 4));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "name", gln_session_layer(session, NULL, &batch, values, 4));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "batch", gln_session_layer(session, "fc", NULL, values, 4));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "data", gln_session_layer(session, "fc", &no_data, values, 4));
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "values", gln_session_layer(session, "fc", &batch, NULL, 4));
    }
    gln_session_free(session);
    gln_model_free(model);
}

int main(void)
{
    RUN(test_version);
    RUN(test_abi);
    RUN(test_status_strings);
    RUN(test_isa_names);
    RUN(test_message_belongs_to_thread);
    RUN(test_option_ranges);
    RUN(test_null_models_and_options);
    RUN(test_null_sessions);
    return check_finish();
}
