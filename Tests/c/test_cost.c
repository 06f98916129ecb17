/*
 * What loading costs: of n bytes, valid or not, the library allocates at most 2 n + 16 MB, the copy of GLN_MEMORY_COPY included.
 * With a part of a file's name as argument, or "" for all, it prints instead how fast each is loaded or refused.
 */
#include "allocations.h"
#include "check.h"
#include "large_models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void check_cost(const writer *file, gln_memory memory, const char *name, const char *refusal, size_t bound)
{
    gln_model *model = NULL;
    long blocks = allocations_live();
    size_t most;
    gln_status status;
    allocations_begin_peak();
    status = gln_model_load_memory(file->data, file->size, memory, &model);
    most = allocations_peak();
    CHECK(most <= bound);
    if (most > bound)
        fprintf(stderr, "%s: %zu bytes allocated for a file of %zu\n", name, most, file->size);
    CHECK_STATUS(refusal ? GLN_INVALID_MODEL : GLN_OK, status);
    if (refusal)
        check_message(refusal, name, __FILE__, __LINE__);
    gln_model_free(model);
    CHECK(allocations_live() == blocks);
}

static void test_memory(void)
{
    size_t i;
    /* The thread's memory for messages comes with its first one. */
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_model_load_memory(NULL, 0, GLN_MEMORY_COPY, NULL));
    for (i = 0; i < large_model_count; i++) {
        writer file = large_models[i].make();
        check_cost(&file, GLN_MEMORY_COPY, large_models[i].name, large_models[i].refusal, 2 * file.size + (16u << 20));
        check_cost(&file, GLN_MEMORY_BORROW, large_models[i].name, large_models[i].refusal, file.size + (16u << 20));
        free(file.data);
    }
}

/* What a host asks of a model allocates nothing. */
static void test_getters(void)
{
    writer file = large_model_of_labels();
    gln_model *model = NULL;
    gln_layer_info info = GLN_LAYER_INFO_INIT;
    gln_preprocessing preprocessing = GLN_PREPROCESSING_INIT;
    const char *key = NULL, *value = NULL;
    long before;
    CHECK_STATUS(GLN_OK, gln_model_load_memory(file.data, file.size, GLN_MEMORY_BORROW, &model));
    before = allocations_calls();
    CHECK_STATUS(GLN_OK, gln_model_layer(model, 0, &info));
    CHECK(strcmp(gln_model_name(model), "cost") == 0 && *gln_model_producer(model) == 0);
    CHECK(gln_model_class_count(model) == LARGE_MODEL_LABELS && gln_model_layer_count(model) == 2);
    CHECK(strcmp(gln_model_label(model, 65535), "065535xx") == 0);
    CHECK(gln_model_parameter_count(model) == 3 * LARGE_MODEL_LABELS && gln_model_multiply_add_count(model) == 3 * LARGE_MODEL_LABELS);
    CHECK(gln_model_work_count(model) == 4 * LARGE_MODEL_LABELS);
    CHECK(gln_model_feature_count(model) == 3 && gln_model_precision(model) == GLN_PRECISION_FLOAT32);
    CHECK_STATUS(GLN_OK, gln_model_preprocessing(model, &preprocessing));
    CHECK(preprocessing.channels == 3 && preprocessing.short_side == 1);
    CHECK(gln_model_metadata_count(model) == 0 && gln_model_metadata(model, "licence") == NULL);
    CHECK(allocations_calls() == before);
    gln_model_free(model);
    free(file.data);

    file = large_model_of_metadata();
    CHECK_STATUS(GLN_OK, gln_model_load_memory(file.data, file.size, GLN_MEMORY_BORROW, &model));
    before = allocations_calls();
    CHECK(gln_model_metadata_count(model) == 1024);
    CHECK_STATUS(GLN_OK, gln_model_metadata_entry(model, 1023, &key, &value));
    CHECK(strncmp(key, "001023kk", 8) == 0 && strlen(key) == 256 && strlen(value) == 3830);
    CHECK(gln_model_metadata(model, key) == value && gln_model_metadata(model, "001023kk") == NULL);
    CHECK(allocations_calls() == before);
    gln_model_free(model);
    free(file.data);
}

static int read_part(void *context, uint64_t offset, void *buffer, size_t size)
{
    const writer *file = context;
    memcpy(buffer, file->data + offset, size);
    return 0;
}

/* The copy costs what that of GLN_MEMORY_COPY does. */
static void test_callbacks(void)
{
    writer file = large_model_of_metadata();
    gln_model *model = NULL;
    allocations_begin_peak();
    CHECK_STATUS(GLN_OK, gln_model_load_callbacks(read_part, file.size, &file, &model));
    CHECK(allocations_peak() <= 2 * file.size + (16u << 20));
    CHECK(gln_model_metadata_count(model) == 1024);
    gln_model_free(model);
    model = NULL;
    /* More than any machine has. Nothing is read. */
    CHECK_ERROR(GLN_OUT_OF_MEMORY, "no memory for a copy of 70368744177664 bytes",
                gln_model_load_callbacks(read_part, (uint64_t)1 << 46, NULL, &model));
    CHECK(model == NULL);
    free(file.data);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void print_speed(const char *part)
{
    size_t i;
    printf("%-40s %12s %10s %8s\n", "file", "bytes", "ms", "MB/s");
    for (i = 0; i < large_model_count; i++) {
        writer file = {0};
        double best = 1e9, begun;
        if (!strstr(large_models[i].name, part))
            continue;
        file = large_models[i].make();
        begun = seconds();
        do {
            gln_model *model = NULL;
            double start = seconds();
            gln_model_load_memory(file.data, file.size, GLN_MEMORY_BORROW, &model);
            gln_model_free(model);
            if (seconds() - start < best)
                best = seconds() - start;
        } while (seconds() - begun < 0.3);
        printf("%-40s %12zu %10.3f %8.0f%s\n", large_models[i].name, file.size, 1e3 * best, 1e-6 * (double)file.size / best,
               large_models[i].refusal ? " refused" : "");
        free(file.data);
    }
}

int main(int count, char **arguments)
{
    if (count > 1) {
        print_speed(arguments[1]);
        return 0;
    }
    RUN(test_memory);
    RUN(test_getters);
    RUN(test_callbacks);
    return check_finish();
}
