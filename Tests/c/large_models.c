#include "large_models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONVOLUTION = 16, POOLING = 17, BATCH_NORMALIZATION = 19, RELU = 20, CONCAT = 21, INNER_PRODUCT = 22, SOFTMAX = 24 };
enum { FLOAT16 = 1, INT8 = 2, INT16 = 3, LABELS = LARGE_MODEL_LABELS, LAYERS = 10000, INPUTS = 65536, GROUPS = 16384 };

/* A network's fields and its weights, which are zeros. */
typedef struct network {
    writer structure;
    size_t weights;
} network;

/* For a square picture of `side` pixels, with one channel or three. */
static network begin(unsigned side, unsigned channels)
{
    static const float mean[3], scale[] = {1, 1, 1};
    network result = {{0}, 0};
    writer part = {0};
    put_number(&result.structure, 1, 1);
    put_text(&result.structure, 3, "cost");
    put_text(&result.structure, 8, "data");
    put_number(&part, 1, side);
    put_number(&part, 2, side);
    put_number(&part, 3, channels == 1 ? 2 : 0);
    put_bytes(&part, 4, mean, 4 * channels);
    put_bytes(&part, 5, scale, 4 * channels);
    put_number(&part, 6, side);
    put_message(&result.structure, 5, &part);
    return result;
}

static void put_tensor(writer *out, unsigned field, unsigned type, const unsigned *dims, unsigned rank, size_t offset,
                       size_t length)
{
    writer tensor = {0}, packed = {0};
    unsigned i;
    for (i = 0; i < rank; i++)
        put_varint(&packed, dims[i]);
    put_message(&tensor, 1, &packed);
    put_number(&tensor, 2, type);
    put_number(&tensor, 4, offset);
    put_number(&tensor, 5, length);
    put_message(out, field, &tensor);
}

/* A float16 tensor with bytes of its own. */
static void put_zeros(network *out, writer *operation, unsigned field, const unsigned *dims, unsigned rank)
{
    size_t count = 2;
    unsigned i;
    for (i = 0; i < rank; i++)
        count *= dims[i];
    put_tensor(operation, field, FLOAT16, dims, rank, out->weights, count);
    out->weights += count;
}

static void put_layer(network *out, const char *name, const char *input, unsigned kind, writer *operation)
{
    writer layer = {0}, empty = {0};
    put_text(&layer, 1, name);
    put_text(&layer, 2, input);
    put_message(&layer, kind, operation ? operation : &empty);
    put_message(&out->structure, 7, &layer);
}

/* Ends in a global average and a softmax of its channels. */
static void finish(network *out, const char *last)
{
    writer global = {0};
    put_number(&global, 1, 1);
    put_number(&global, 2, 1);
    put_layer(out, "global", last, POOLING, &global);
    put_layer(out, "prob", "global", SOFTMAX, NULL);
}

static writer sealed(network *of)
{
    unsigned char *zeros = calloc(1, of->weights + 1);
    writer file = seal_model(of->structure.data, of->structure.size, zeros, of->weights);
    free(zeros);
    free(of->structure.data);
    return file;
}

/* Ends in `classes` classes with labels of `length` bytes. */
static void put_classifier(network *out, const char *last, unsigned channels, unsigned classes, size_t length)
{
    char label[4096];
    writer operation = {0};
    unsigned dims[2], i;
    dims[0] = classes;
    dims[1] = channels;
    put_zeros(out, &operation, 1, dims, 2);
    put_layer(out, "fc", last, INNER_PRODUCT, &operation);
    put_layer(out, "prob", "fc", SOFTMAX, NULL);
    memset(label, 'x', sizeof label);
    for (i = 0; i < classes; i++) {
        snprintf(label, sizeof label, "%06u", i);
        label[6] = 'x';
        put_bytes(&out->structure, 6, label, length);
    }
}

static writer weights_only(void)
{
    static const unsigned dims[] = {4096, 3, 64, 64};
    network out = begin(64, 3);
    writer operation = {0};
    unsigned i;
    put_zeros(&out, &operation, 1, dims, 4);
    for (i = 3; i <= 11; i++)
        put_number(&operation, i, i < 5 || i > 8);
    put_layer(&out, "conv", "data", CONVOLUTION, &operation);
    finish(&out, "conv");
    return sealed(&out);
}

static writer many_layers(void)
{
    network out = begin(4, 3);
    char name[64], before[64] = "data";
    int i;
    for (i = 0; i < LAYERS - 2; i++) {
        snprintf(name, sizeof name, "a layer with a long name %d", i);
        put_layer(&out, name, before, RELU, NULL);
        strcpy(before, name);
    }
    finish(&out, before);
    return sealed(&out);
}

static writer many_normalizations(void)
{
    static const unsigned dims[] = {3};
    network out = begin(4, 3);
    char name[64], before[64] = "data";
    int i;
    for (i = 0; i < LAYERS - 2; i++) {
        writer operation = {0};
        unsigned field;
        for (field = 1; field <= 4; field++)
            put_zeros(&out, &operation, field, dims, 1);
        put_float(&operation, 5, 1);
        snprintf(name, sizeof name, "bn%d", i);
        put_layer(&out, name, before, BATCH_NORMALIZATION, &operation);
        strcpy(before, name);
    }
    finish(&out, before);
    return sealed(&out);
}

writer large_model_of_labels(void)
{
    network out = begin(1, 3);
    put_classifier(&out, "data", 3, LABELS, 8);
    return sealed(&out);
}

static writer long_labels(void)
{
    network out = begin(1, 3);
    put_classifier(&out, "data", 3, LABELS, 60);
    return sealed(&out);
}

static writer many_inputs(void)
{
    network out = begin(1, 1);
    writer layer = {0}, empty = {0};
    int i;
    put_text(&layer, 1, "concat");
    for (i = 0; i < INPUTS - 2; i++)
        put_text(&layer, 2, "data");
    put_message(&layer, CONCAT, &empty);
    put_message(&out.structure, 7, &layer);
    finish(&out, "concat");
    return sealed(&out);
}

/* A convolution of as many groups as all may have together. */
static writer many_groups(void)
{
    static const unsigned dims[] = {GROUPS, 1, 3, 3};
    network out = begin(3, 1);
    writer layer = {0}, operation = {0}, empty = {0};
    int i;
    put_text(&layer, 1, "concat");
    for (i = 0; i < GROUPS; i++)
        put_text(&layer, 2, "data");
    put_message(&layer, CONCAT, &empty);
    put_message(&out.structure, 7, &layer);
    put_zeros(&out, &operation, 1, dims, 4);
    for (i = 3; i <= 10; i++)
        put_number(&operation, (unsigned)i, 1);
    put_number(&operation, 11, GROUPS);
    put_layer(&out, "conv", "concat", CONVOLUTION, &operation);
    finish(&out, "conv");
    return sealed(&out);
}

/* As much as the limits allow of everything. */
static writer everything(void)
{
    static const unsigned dims[] = {1};
    network out = begin(1, 1);
    char name[64], before[64] = "data";
    int i, input;
    for (i = 0; i < LAYERS - 4; i++) {
        writer operation = {0};
        unsigned field;
        for (field = 1; field <= 4; field++)
            put_zeros(&out, &operation, field, dims, 1);
        put_float(&operation, 5, 1);
        snprintf(name, sizeof name, "normalization %d", i);
        put_layer(&out, name, before, BATCH_NORMALIZATION, &operation);
        strcpy(before, name);
    }
    for (i = 0; i < 2; i++) {
        writer layer = {0}, empty = {0};
        put_text(&layer, 1, i ? "second" : "first");
        for (input = 0; input < (INPUTS - LAYERS - 4) / 2; input++)
            put_text(&layer, 2, before);
        put_message(&layer, CONCAT, &empty);
        put_message(&out.structure, 7, &layer);
    }
    put_classifier(&out, before, 1, LABELS, 40);
    return sealed(&out);
}

/* `count` varints of an unknown field, of two bytes each where `field` is small. */
static void put_unknown(writer *out, unsigned field, unsigned count)
{
    while (count--)
        put_number(out, field, 0);
}

static writer unknown_in_model(void)
{
    network out = begin(1, 3);
    put_unknown(&out.structure, 13, 4000000);
    put_layer(&out, "prob", "data", SOFTMAX, NULL);
    return sealed(&out);
}

static writer unknown_in_layer(void)
{
    network out = begin(1, 3);
    writer layer = {0}, empty = {0};
    put_text(&layer, 1, "prob");
    put_text(&layer, 2, "data");
    put_unknown(&layer, 13, 4000000);
    put_message(&layer, SOFTMAX, &empty);
    put_message(&out.structure, 7, &layer);
    return sealed(&out);
}

static writer unknown_in_tensor(void)
{
    network out = begin(1, 3);
    writer operation = {0}, tensor = {0}, packed = {0};
    put_varint(&packed, 3);
    put_message(&tensor, 1, &packed);
    put_number(&tensor, 2, FLOAT16);
    put_number(&tensor, 5, 6);
    put_unknown(&tensor, 13, 4000000);
    put_message(&operation, 3, &tensor);
    out.weights = 6;
    put_layer(&out, "scale", "data", BATCH_NORMALIZATION, &operation);
    put_layer(&out, "prob", "scale", SOFTMAX, NULL);
    return sealed(&out);
}

static writer too_many_labels(void)
{
    network out = begin(1, 3);
    int i;
    for (i = 0; i < 3000000; i++)
        put_text(&out.structure, 6, "a");
    put_layer(&out, "prob", "data", SOFTMAX, NULL);
    return sealed(&out);
}

static writer too_many_layers(void)
{
    network out = begin(1, 3);
    writer empty = {0};
    int i;
    for (i = 0; i < 3000000; i++)
        put_message(&out.structure, 7, &empty);
    return sealed(&out);
}

static writer too_many_inputs(void)
{
    network out = begin(1, 1);
    writer layer = {0};
    int i;
    put_text(&layer, 1, "concat");
    for (i = 0; i < 5000000; i++)
        put_text(&layer, 2, "");
    put_message(&out.structure, 7, &layer);
    return sealed(&out);
}

static writer unknown_inputs(void)
{
    network out = begin(1, 1);
    writer layer = {0}, empty = {0};
    int i;
    put_text(&layer, 1, "concat");
    for (i = 0; i < INPUTS - 1; i++) {
        char name[32];
        snprintf(name, sizeof name, "nobody makes this: %d", i);
        put_text(&layer, 2, name);
    }
    put_message(&layer, CONCAT, &empty);
    put_message(&out.structure, 7, &layer);
    put_layer(&out, "prob", "concat", SOFTMAX, NULL);
    return sealed(&out);
}

static writer too_long_name(void)
{
    network out = begin(1, 3);
    char *name = calloc(1, 15000001);
    memset(name, 'n', 15000000);
    put_layer(&out, name, "data", SOFTMAX, NULL);
    free(name);
    return sealed(&out);
}

static writer too_much_text(void)
{
    network out = begin(1, 3);
    put_classifier(&out, "data", 3, 4096, 3000);
    return sealed(&out);
}

static writer too_large_header(void)
{
    network out = begin(1, 3);
    put_layer(&out, "prob", "data", SOFTMAX, NULL);
    put_unknown(&out.structure, 13, 9000000);
    return sealed(&out);
}

/* A convolution with 4 million dimensions, scales or groups. */
static writer convolution_with(unsigned dims, unsigned scales, unsigned groups)
{
    network out = begin(1, 3);
    writer operation = {0}, tensor = {0}, packed = {0};
    unsigned i;
    for (i = 0; i < dims; i++)
        put_varint(&packed, 1);
    put_message(&tensor, 1, &packed);
    put_number(&tensor, 2, INT8);
    for (i = 0; i < scales; i++)
        put_raw(&packed, "\0\0\x80?", 4);
    put_message(&tensor, 3, &packed);
    put_number(&tensor, 5, 1);
    put_message(&operation, 1, &tensor);
    put_number(&operation, 11, groups);
    out.weights = 1;
    put_layer(&out, "conv", "data", CONVOLUTION, &operation);
    finish(&out, "conv");
    return sealed(&out);
}

static writer too_many_dimensions(void)
{
    return convolution_with(4000000, 1, 1);
}

static writer too_many_scales(void)
{
    return convolution_with(4, 3900000, 1);
}

static writer too_many_groups(void)
{
    return convolution_with(4, 1, 65536);
}

/* 9,999 layers that name the same 512 KB; each must not be read as often as it is named. */
static writer shared_bytes(void)
{
    static const unsigned dims[] = {65536, 4, 1, 1};
    network out = begin(4, 3);
    int i;
    out.weights = 8 * 65536;
    for (i = 0; i < LAYERS - 1; i++) {
        char name[16];
        writer operation = {0};
        snprintf(name, sizeof name, "l%d", i);
        put_tensor(&operation, 1, FLOAT16, dims, 4, 0, out.weights);
        put_layer(&out, name, "data", CONVOLUTION, &operation);
    }
    put_layer(&out, "prob", "data", SOFTMAX, NULL);
    return sealed(&out);
}

/* Two tensors that have one byte in common. */
static writer overlapping_bytes(void)
{
    static const unsigned dims[] = {3};
    network out = begin(1, 3);
    writer operation = {0};
    out.weights = 11;
    put_tensor(&operation, 3, FLOAT16, dims, 1, 0, 6);
    put_tensor(&operation, 4, FLOAT16, dims, 1, 5, 6);
    put_layer(&out, "scale", "data", BATCH_NORMALIZATION, &operation);
    put_layer(&out, "prob", "scale", SOFTMAX, NULL);
    return sealed(&out);
}

/* Of 32,768 channels, for which no byte of the file stands. */
static writer empty_normalizations(void)
{
    network out = begin(1, 1);
    writer layer = {0}, empty = {0};
    char name[16], before[16] = "concat";
    int i;
    put_text(&layer, 1, "concat");
    for (i = 0; i < INPUTS / 2; i++)
        put_text(&layer, 2, "data");
    put_message(&layer, CONCAT, &empty);
    put_message(&out.structure, 7, &layer);
    for (i = 0; i < LAYERS - 4; i++) {
        snprintf(name, sizeof name, "bn%d", i);
        put_layer(&out, name, before, BATCH_NORMALIZATION, NULL);
        strcpy(before, name);
    }
    put_layer(&out, "last", before, RELU, NULL);
    finish(&out, "last");
    return sealed(&out);
}

/* `count` entries of metadata with values of `length` bytes. */
static writer metadata_of(unsigned count, size_t length)
{
    network out = begin(1, 3);
    char key[256], *value = calloc(1, length + 1);
    unsigned i;
    memset(key, 'k', sizeof key);
    memset(value, 'v', length);
    put_layer(&out, "prob", "data", SOFTMAX, NULL);
    for (i = 0; i < count; i++) {
        writer entry = {0};
        snprintf(key, sizeof key, "%06u", i);
        key[6] = 'k';
        put_bytes(&entry, 1, key, sizeof key);
        put_bytes(&entry, 2, value, length);
        put_message(&out.structure, 18, &entry);
    }
    free(value);
    return sealed(&out);
}

writer large_model_of_metadata(void)
{
    return metadata_of(1024, 3830);
}

static writer too_long_metadata(void)
{
    return metadata_of(1, 10000000);
}

static writer too_much_metadata(void)
{
    return metadata_of(200, 60000);
}

static writer too_many_entries(void)
{
    return metadata_of(60000, 0);
}

static writer wrong_checksum(void)
{
    writer file = long_labels();
    file.data[100] ^= 1;
    return file;
}

const large_model large_models[] = {
    {"weights", weights_only, NULL},
    {"10,000 layers", many_layers, NULL},
    {"9,998 batch normalizations", many_normalizations, NULL},
    {"9,996 empty batch normalizations", empty_normalizations, NULL},
    {"65,536 labels", large_model_of_labels, NULL},
    {"65,536 long labels", long_labels, NULL},
    {"65,534 inputs of a concatenation", many_inputs, NULL},
    {"16,384 groups", many_groups, NULL},
    {"most of everything", everything, NULL},
    {"4,000,000 unknown fields of the model", unknown_in_model, NULL},
    {"4,000,000 unknown fields of a layer", unknown_in_layer, NULL},
    {"4,000,000 unknown fields of a tensor", unknown_in_tensor, NULL},
    {"3,000,000 labels", too_many_labels, "3000000 labels: at most 65536"},
    {"3,000,000 layers", too_many_layers, "3000000 layers: at most 10000"},
    {"5,000,000 inputs", too_many_inputs, "5000000 inputs of layers: at most 65536"},
    {"65,535 inputs that are nothing", unknown_inputs, "which no earlier layer makes"},
    {"a name of 15 MB", too_long_name, "15000000 bytes: at most 4096"},
    {"12 MB of labels", too_much_text, "bytes of names, labels and metadata: at most 4194304"},
    {"18 MB outside of weights", too_large_header, "bytes outside of weights and padding: at most 16777216"},
    {"4,000,000 dimensions", too_many_dimensions, "more than the 8 values"},
    {"3,900,000 scales", too_many_scales, "more than the 65536 values"},
    {"65,536 groups", too_many_groups, "65536 groups of convolutions: at most 16384"},
    {"9,999 layers with the same bytes", shared_bytes, "bytes of its own"},
    {"tensors that overlap", overlapping_bytes, "lie at byte 5 of the weights"},
    {"1,024 entries of metadata", large_model_of_metadata, NULL},
    {"10 MB of metadata in one entry", too_long_metadata, "10000000 bytes: at most 65536"},
    {"12 MB of metadata", too_much_metadata, "bytes of names, labels and metadata: at most 4194304"},
    {"60,000 entries of metadata", too_many_entries, "60000 metadata entries: at most 1024"},
    {"a wrong checksum", wrong_checksum, "is a damaged googlenet model file"},
};

const size_t large_model_count = sizeof large_models / sizeof large_models[0];
