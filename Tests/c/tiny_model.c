#include "tiny_model.h"

#include "check.h"
#include "model_bytes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------ the network */

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* The values of all tensors, each aligned to 64 bytes. */
typedef struct tensors {
    writer weights;
    uint64_t offset;
    unsigned seed;
} tensors;

static void put_tensor(writer *out, unsigned field, tensors *all, unsigned rank, const unsigned *dims, float low,
                       float high)
{
    static const unsigned char zeros[64];
    writer tensor = {0}, packed = {0};
    uint64_t count = 1;
    uint64_t i;
    for (i = 0; i < rank; i++) {
        put_varint(&packed, dims[i]);
        count *= dims[i];
    }
    put_message(&tensor, 1, &packed);
    put_number(&tensor, 4, all->offset);
    put_number(&tensor, 5, 4 * count);
    put_message(out, field, &tensor);
    for (i = 0; i < count; i++) {
        float value = low + (high - low) * (float)(next_random(&all->seed) & 0xFFFF) / 65536.0f;
        put_raw(&all->weights, &value, 4);
    }
    put_raw(&all->weights, zeros, (size_t)(-(4 * count) & 63));
    all->offset = all->weights.size;
}

static void put_layer(writer *out, const char *name, const char *first, const char *second, unsigned kind,
                      writer *operation)
{
    writer layer = {0};
    put_text(&layer, 1, name);
    put_text(&layer, 2, first);
    if (second)
        put_text(&layer, 2, second);
    put_message(&layer, kind, operation);
    put_message(out, 7, &layer);
}

static void put_convolution(writer *out, tensors *all, const char *name, const char *input, unsigned outputs,
                            unsigned inputs, unsigned kernel, unsigned stride, unsigned padding)
{
    writer convolution = {0};
    unsigned dims[4], i;
    float range = 1.0f / (float)(kernel * kernel * inputs);
    dims[0] = outputs;
    dims[1] = inputs;
    dims[2] = dims[3] = kernel;
    put_tensor(&convolution, 1, all, 4, dims, -3 * range, 5 * range);
    put_tensor(&convolution, 2, all, 1, dims, -0.5f, 0.5f);
    put_number(&convolution, 3, stride);
    put_number(&convolution, 4, stride);
    for (i = 5; i <= 8; i++)
        put_number(&convolution, i, padding);
    put_number(&convolution, 9, 1);
    put_number(&convolution, 10, 1);
    put_number(&convolution, 11, 1);
    put_layer(out, name, input, NULL, 16, &convolution);
}

static writer build(tiny_variant variant, tensors *all)
{
    static const char *const labels[] = {"square", "circle", "triangle", "\xC3\xA9toile", "fifth", "sixth"};
    static const float mean[] = {104, 117, 123}, scale[] = {0.02f, 0.02f, 0.02f};
    writer out = {0}, part = {0};
    unsigned dims[2], i;
    size_t label;

    put_number(&out, 1, variant.format_major);
    put_text(&out, 3, "tiny");
    put_text(&out, 4, "Tests/c");
    put_number(&part, 1, TINY_HEIGHT);
    put_number(&part, 2, TINY_WIDTH);
    put_number(&part, 3, 1);
    put_bytes(&part, 4, mean, sizeof mean);
    put_bytes(&part, 5, scale, sizeof scale);
    put_number(&part, 6, 28);
    put_message(&out, 5, &part);
    for (label = 0; label < variant.labels; label++)
        put_text(&out, 6, labels[label % 6]);

    put_text(&part, 1, "licence");
    put_text(&part, 2, "CC0");
    put_message(&out, 18, &part);
    put_text(&part, 1, "k\xC3\xA9y");
    put_message(&out, 18, &part);

    put_convolution(&out, all, "conv1", "data", 8, TINY_CHANNELS, 3, 2, 1);
    put_layer(&out, "relu1", "conv1", NULL, 20, &part);
    for (i = 3; i <= 4; i++)
        put_number(&part, i, 3);
    for (i = 5; i <= 6; i++)
        put_number(&part, i, 2);
    put_number(&part, 11, 1);
    put_layer(&out, "pool1", "relu1", NULL, 17, &part);
    put_number(&part, 1, 5);
    put_float(&part, 2, 0.1f);
    put_float(&part, 3, 0.75f);
    put_float(&part, 4, 1);
    put_layer(&out, "norm1", "pool1", NULL, 18, &part);
    put_convolution(&out, all, "branch1", "norm1", 5, 8, 1, 1, 0);
    put_layer(&out, "relu2", "branch1", NULL, 20, &part);
    put_convolution(&out, all, "branch2", "norm1", 7, 8, 3, 1, 1);
    put_layer(&out, "relu3", "branch2", NULL, 20, &part);
    put_layer(&out, "concat", "relu2", "relu3", 21, &part);
    dims[0] = TINY_FEATURES;
    put_tensor(&part, 1, all, 1, dims, -0.2f, 0.2f);
    put_tensor(&part, 2, all, 1, dims, 0.5f, 1.5f);
    put_tensor(&part, 3, all, 1, dims, 0.5f, 1.5f);
    put_tensor(&part, 4, all, 1, dims, -0.2f, 0.2f);
    put_float(&part, 5, 1e-3f);
    put_layer(&out, "bn", "concat", NULL, 19, &part);
    put_number(&part, 1, 1);
    put_number(&part, 2, 1);
    put_layer(&out, "pool2", "bn", NULL, 17, &part);
    dims[0] = TINY_CLASSES;
    dims[1] = TINY_FEATURES;
    put_tensor(&part, 1, all, 2, dims, -1, 1);
    put_tensor(&part, 2, all, 1, dims, -0.5f, 0.5f);
    put_layer(&out, "fc", "pool2", NULL, 22, &part);
    put_layer(&out, "prob", "fc", NULL, 24, &part);
    put_text(&out, 8, "data");
    return out;
}

tiny_bytes tiny_structure(tiny_variant variant)
{
    tensors all = {{0}, 0, 0};
    tiny_bytes result;
    writer out;
    all.seed = variant.seed;
    out = build(variant, &all);
    free(all.weights.data);
    result.data = out.data;
    result.size = out.size;
    return result;
}

tiny_bytes tiny_seal(tiny_bytes structure, tiny_variant variant)
{
    tensors all = {{0}, 0, 0};
    writer unused, file;
    tiny_bytes result;
    all.seed = variant.seed;
    unused = build(variant, &all);
    free(unused.data);
    file = seal_model(structure.data, structure.size, all.weights.data, all.weights.size);
    free(all.weights.data);
    result.data = file.data;
    result.size = file.size;
    return result;
}

tiny_bytes tiny_model(void)
{
    tiny_variant usual = {1, TINY_CLASSES, 1};
    tiny_bytes structure = tiny_structure(usual), file = tiny_seal(structure, usual);
    free(structure.data);
    return file;
}

gln_model *tiny_load(void)
{
    tiny_bytes file = tiny_model();
    gln_model *model = NULL;
    CHECK_STATUS(GLN_OK, gln_model_load_memory(file.data, file.size, GLN_MEMORY_COPY, &model));
    free(file.data);
    return model;
}

gln_session *tiny_session(const gln_session_options *options)
{
    gln_model *model = tiny_load();
    gln_session *session = NULL;
    CHECK_STATUS(GLN_OK, gln_session_create(model, options, &session));
    gln_model_free(model);
    return session;
}

void tiny_noise(unsigned char *pixels, size_t count, unsigned seed)
{
    size_t i;
    for (i = 0; i < count * TINY_PIXELS; i++)
        pixels[i] = (unsigned char)(next_random(&seed) >> 8);
}

gln_batch tiny_batch(const unsigned char *pixels, size_t count)
{
    gln_batch batch = {GLN_BATCH_U8, GLN_PIXEL_RGB, NULL, 0};
    batch.data = pixels;
    batch.count = count;
    return batch;
}
