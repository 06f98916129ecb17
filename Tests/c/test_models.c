/* Loading from files and memory, descriptions, and model bytes that are not right. */
#include "check.h"
#include "model_bytes.h"
#include "tiny_model.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void compute(const gln_model *model, float *row)
{
    unsigned char pixels[TINY_PIXELS];
    gln_batch batch;
    gln_session *session = NULL;
    tiny_noise(pixels, 1, 5);
    batch = tiny_batch(pixels, 1);
    CHECK_STATUS(GLN_OK, gln_session_create(model, NULL, &session));
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, row, TINY_CLASSES));
    gln_session_free(session);
}

/* Bytes that end where readable memory ends, so that a read past the end crashes. */
typedef struct guarded {
    unsigned char *pages, *end;
    size_t size;
} guarded;

static guarded guarded_create(size_t capacity)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    guarded result;
    int zero = open("/dev/zero", O_RDWR);
    result.size = (capacity + page - 1) / page * page + page;
    result.pages = mmap(NULL, result.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
    close(zero);
    CHECK(result.pages != MAP_FAILED);
    result.end = result.pages + result.size - page;
    mprotect(result.end, page, PROT_NONE);
    return result;
}

static unsigned char *guarded_put(guarded *memory, const unsigned char *bytes, size_t size)
{
    return memcpy(memory->end - size, bytes, size);
}

static int is_refusal(gln_status status)
{
    return status == GLN_INVALID_MODEL || status == GLN_UNSUPPORTED_VERSION || status == GLN_UNSUPPORTED;
}

static void test_description(void)
{
    static const char *const names[TINY_LAYERS] = {"conv1", "relu1", "pool1", "norm1", "branch1", "relu2", "branch2",
                                                   "relu3", "concat", "bn", "pool2", "fc", "prob"};
    static const int shapes[TINY_LAYERS][3] = {
        {8, 10, 12}, {8, 10, 12}, {8, 5, 6},  {8, 5, 6},  {5, 5, 6},  {5, 5, 6}, {7, 5, 6},
        {7, 5, 6},   {12, 5, 6},  {12, 5, 6}, {12, 1, 1}, {4, 1, 1},  {4, 1, 1}};
    gln_model *model = tiny_load();
    gln_layer_info info;
    uint64_t parameters = 0, multiply_adds = 0;
    size_t i;
    if (!model)
        return;
    CHECK(strcmp(gln_model_name(model), "tiny") == 0);
    CHECK(strcmp(gln_model_producer(model), "Tests/c") == 0);
    CHECK(gln_model_class_count(model) == TINY_CLASSES);
    CHECK(strcmp(gln_model_label(model, 0), "square") == 0);
    CHECK(strcmp(gln_model_label(model, 3), "\xC3\xA9toile") == 0);
    CHECK(gln_model_label(model, 4) == NULL);
    CHECK(gln_model_label(model, SIZE_MAX) == NULL);
    CHECK(gln_model_input_height(model) == TINY_HEIGHT);
    CHECK(gln_model_input_width(model) == TINY_WIDTH);
    CHECK(gln_model_input_channels(model) == TINY_CHANNELS);
    CHECK(gln_model_feature_count(model) == TINY_FEATURES);
    CHECK(gln_model_precision(model) == GLN_PRECISION_FLOAT32);
    CHECK(gln_model_layer_count(model) == TINY_LAYERS);
    for (i = 0; i < TINY_LAYERS; i++) {
        memset(&info, 0, sizeof info);
        info.struct_size = sizeof info;
        CHECK_STATUS(GLN_OK, gln_model_layer(model, i, &info));
        CHECK(info.name && strcmp(info.name, names[i]) == 0);
        CHECK(info.kind && *info.kind);
        CHECK(info.channels == shapes[i][0] && info.height == shapes[i][1] && info.width == shapes[i][2]);
        parameters += info.parameter_count;
        multiply_adds += info.multiply_add_count;
        if (i == 0) {
            CHECK(strcmp(info.kind, "Convolution") == 0);
            CHECK(info.parameter_count == 8 * 3 * 9 + 8);
            CHECK(info.multiply_add_count == 8 * 3 * 9 * 10 * 12);
        }
    }
    CHECK(parameters == gln_model_parameter_count(model));
    CHECK(multiply_adds == gln_model_multiply_add_count(model));
    /* Convolutions and the inner product; what is counted for bn is not laid down. */
    CHECK(parameters >= 8 * 27 + 8 + 5 * 8 + 5 + 7 * 72 + 7 + 4 * 12 + 4);
    CHECK(multiply_adds >= 8 * 27 * 120 + 5 * 8 * 30 + 7 * 72 * 30 + 4 * 12);
    CHECK(gln_model_work_count(model) ==
          8 * 27 * 120 + 8 * 120 + 8 * 30 * 9 + 8 * 30 * 5 + 5 * 8 * 30 + 5 * 30 + 7 * 72 * 30 + 7 * 30 + 12 * 30 + 12 * 30 +
              12 * 30 + 4 * 12 + 4);
    CHECK(gln_model_work_count(NULL) == 0);
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "13", gln_model_layer(model, TINY_LAYERS, &info));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_model_layer(model, SIZE_MAX, &info));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_model_layer(model, 0, NULL));
    gln_model_free(model);
}

static void test_struct_size(void)
{
    struct {
        gln_layer_info info;
        char more[32];
    } newer;
    gln_layer_info info;
    gln_model *model = tiny_load();
    size_t i;
    memset(&info, 0x55, sizeof info);
    info.struct_size = 0;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "struct_size", gln_model_layer(model, 0, &info));
    info.struct_size = sizeof info - 1;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "struct_size", gln_model_layer(model, 0, &info));
    for (i = offsetof(gln_layer_info, name); i < sizeof info; i++)
        CHECK(((unsigned char *)&info)[i] == 0x55);
    /* A newer program's struct is longer: what this library does not know is left as it is. */
    memset(&newer, 0x55, sizeof newer);
    newer.info.struct_size = sizeof newer;
    CHECK_STATUS(GLN_OK, gln_model_layer(model, 0, &newer.info));
    CHECK(newer.info.channels == 8 && newer.info.struct_size == sizeof newer);
    for (i = 0; i < sizeof newer.more; i++)
        CHECK(newer.more[i] == 0x55);
    gln_model_free(model);
}

static void test_memory_kinds(void)
{
    tiny_bytes file = tiny_model();
    float reference[TINY_CLASSES], row[TINY_CLASSES];
    unsigned char *shifted = malloc(file.size + 64);
    size_t shift;
    gln_model *model = NULL;

    CHECK_STATUS(GLN_OK, gln_model_load_memory(file.data, file.size, GLN_MEMORY_BORROW, &model));
    compute(model, reference);
    gln_model_free(model);
    for (shift = 0; shift < 9; shift++) {
        memcpy(shifted + shift, file.data, file.size);
        model = NULL;
        CHECK_STATUS(GLN_OK, gln_model_load_memory(shifted + shift, file.size, GLN_MEMORY_BORROW, &model));
        compute(model, row);
        CHECK(memcmp(row, reference, sizeof row) == 0);
        gln_model_free(model);
        model = NULL;
        CHECK_STATUS(GLN_OK, gln_model_load_memory(shifted + shift, file.size, GLN_MEMORY_COPY, &model));
        memset(shifted, 0xEE, file.size + 64);
        compute(model, row);
        CHECK(memcmp(row, reference, sizeof row) == 0);
        CHECK(strcmp(gln_model_label(model, 1), "circle") == 0);
        gln_model_free(model);
    }
    free(shifted);
    free(file.data);
}

/* No more of it is read than a path can have. */
static void check_long_path(void)
{
    guarded memory = guarded_create(5000);
    gln_model *model = NULL;
    memset(memory.pages, '/', (size_t)(memory.end - memory.pages));
    CHECK_ERROR(GLN_IO_ERROR, "name too long", gln_model_load_file((char *)memory.end - 4096, &model));
    memory.end[-1] = 0;
    CHECK_ERROR(GLN_IO_ERROR, "name too long", gln_model_load_file((char *)memory.end - 4097, &model));
    CHECK_ERROR(GLN_IO_ERROR, "cannot open '///", gln_model_load_file((char *)memory.end - 4096, &model));
    CHECK(model == NULL);
    munmap(memory.pages, memory.size);
}

static void test_files(void)
{
    char folder[] = "/tmp/gln-test-XXXXXX", path[64], other[64];
    float reference[TINY_CLASSES], row[TINY_CLASSES];
    tiny_bytes file = tiny_model();
    gln_model *memory = tiny_load(), *model = NULL;
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/tiny.gln", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    compute(memory, reference);
    gln_model_free(memory);

    CHECK(write_whole_file(path, file.data, file.size));
    CHECK_STATUS(GLN_OK, gln_model_load_file(path, &model));
    /* The file is mapped: its name may go while the model lives. */
    unlink(path);
    compute(model, row);
    CHECK(memcmp(row, reference, sizeof row) == 0);
    gln_model_free(model);
    model = NULL;

    CHECK_ERROR(GLN_IO_ERROR, path, gln_model_load_file(path, &model));
    CHECK_ERROR(GLN_IO_ERROR, folder, gln_model_load_file(folder, &model));
    CHECK_STATUS(GLN_IO_ERROR, gln_model_load_file("", &model));
    CHECK_STATUS(GLN_IO_ERROR, gln_model_load_file("/dev/zero", &model));
    check_long_path();
    CHECK(mkfifo(other, 0600) == 0);
    alarm(20); /* opening a pipe that nobody writes to would wait for ever */
    CHECK_ERROR(GLN_IO_ERROR, other, gln_model_load_file(other, &model));
    alarm(0);
    unlink(other);
    CHECK(write_whole_file(other, "", 0));
    CHECK_ERROR(GLN_INVALID_MODEL, other, gln_model_load_file(other, &model));
    CHECK(write_whole_file(other, "not a model at all\n", 19));
    CHECK_ERROR(GLN_INVALID_MODEL, other, gln_model_load_file(other, &model));
    CHECK(write_whole_file(other, file.data, file.size / 2));
    CHECK_ERROR(GLN_INVALID_MODEL, other, gln_model_load_file(other, &model));
    if (geteuid() != 0) {
        chmod(other, 0);
        CHECK_ERROR(GLN_IO_ERROR, other, gln_model_load_file(other, &model));
    }
    CHECK(model == NULL);
    unlink(other);
    rmdir(folder);
    free(file.data);
}

static void test_truncated(void)
{
    tiny_bytes file = tiny_model();
    guarded memory = guarded_create(file.size);
    size_t size;
    for (size = 0; size < file.size; size += size < 2048 || file.size - size < 512 ? 1 : 61) {
        gln_model *model = NULL;
        unsigned char *bytes = guarded_put(&memory, file.data, size);
        gln_status status = gln_model_load_memory(bytes, size, size & 1 ? GLN_MEMORY_COPY : GLN_MEMORY_BORROW, &model);
        CHECK(status == GLN_INVALID_MODEL && model == NULL);
        if (status != GLN_INVALID_MODEL) {
            fprintf(stderr, "first %zu of %zu bytes: %s\n", size, file.size, gln_status_string(status));
            gln_model_free(model);
        }
    }
    munmap(memory.pages, memory.size);
    free(file.data);
}

static void test_flipped(void)
{
    tiny_bytes file = tiny_model();
    guarded memory = guarded_create(file.size);
    unsigned char *bytes = guarded_put(&memory, file.data, file.size);
    size_t i;
    for (i = 0; i < 8 * file.size; i += i < 8 * 1500 ? 1 : 37) {
        gln_model *model = NULL;
        gln_status status;
        bytes[i / 8] ^= (unsigned char)(1 << i % 8);
        status = gln_model_load_memory(bytes, file.size, GLN_MEMORY_BORROW, &model);
        bytes[i / 8] ^= (unsigned char)(1 << i % 8);
        CHECK(is_refusal(status) && model == NULL);
        if (!is_refusal(status)) {
            fprintf(stderr, "bit %zu of byte %zu: %s\n", i % 8, i / 8, gln_status_string(status));
            gln_model_free(model);
        }
    }
    munmap(memory.pages, memory.size);
    free(file.data);
}

/* Changes the structure and makes the checksum right again: whatever loads must also run without harm. */
static void test_resealed(void)
{
    tiny_variant usual = {1, TINY_CLASSES, 1};
    tiny_bytes structure = tiny_structure(usual);
    unsigned char *kept = malloc(structure.size);
    unsigned state = 12345;
    int round, loaded = 0;
    memcpy(kept, structure.data, structure.size);
    for (round = 0; round < 4000; round++) {
        gln_model *model = NULL;
        tiny_bytes file;
        gln_status status;
        guarded memory;
        int change;
        memcpy(structure.data, kept, structure.size);
        for (change = 0; change <= round % 3; change++) {
            unsigned place, value;
            state = state * 1664525u + 1013904223u;
            place = (state >> 8) % (unsigned)structure.size;
            state = state * 1664525u + 1013904223u;
            value = state >> 16;
            structure.data[place] = (unsigned char)(value & 256 ? structure.data[place] ^ 1u << value % 8 : value);
        }
        file = tiny_seal(structure, usual);
        memory = guarded_create(file.size);
        guarded_put(&memory, file.data, file.size);
        status = gln_model_load_memory(memory.end - file.size, file.size, GLN_MEMORY_BORROW, &model);
        CHECK(status == GLN_OK ? model != NULL : is_refusal(status) && model == NULL);
        if (status == GLN_OK) {
            int64_t height = gln_model_input_height(model), width = gln_model_input_width(model);
            loaded++;
            if (height * width * gln_model_input_channels(model) <= TINY_PIXELS && gln_model_class_count(model) <= 64 &&
                gln_model_multiply_add_count(model) < 10000000) {
                static unsigned char pixels[TINY_PIXELS];
                float row[64];
                gln_batch batch = tiny_batch(pixels, 1);
                gln_session *session = NULL;
                if (gln_model_input_channels(model) == 1)
                    batch.format = GLN_PIXEL_GRAY;
                if (gln_session_create(model, NULL, &session) == GLN_OK)
                    gln_session_predict(session, &batch, GLN_OUTPUT_PROBABILITIES, row, 64);
                gln_session_free(session);
            }
        }
        gln_model_free(model);
        munmap(memory.pages, memory.size);
        free(file.data);
    }
    /* Names, labels, means … may change without harm; a good part of the changes must be refused. */
    CHECK(loaded > 0 && loaded < 3000);
    free(kept);
    free(structure.data);
}

static void test_variants(void)
{
    static const tiny_variant newer = {4, TINY_CLASSES, 1}, zero = {0, TINY_CLASSES, 1}, bare = {1, 0, 1},
                              fewer = {1, 3, 1}, more = {1, 5, 1};
    static const struct {
        const tiny_variant *variant;
        gln_status status;
        const char *part;
    } cases[] = {{&newer, GLN_UNSUPPORTED_VERSION, "4"},
                 {&zero, GLN_INVALID_MODEL, "version"},
                 {&bare, GLN_OK, NULL},
                 {&fewer, GLN_INVALID_MODEL, "label"},
                 {&more, GLN_INVALID_MODEL, "label"}};
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tiny_bytes structure = tiny_structure(*cases[i].variant), file = tiny_seal(structure, *cases[i].variant);
        gln_model *model = NULL;
        gln_status status = gln_model_load_memory(file.data, file.size, GLN_MEMORY_BORROW, &model);
        CHECK_STATUS(cases[i].status, status);
        if (cases[i].part)
            check_message(cases[i].part, "gln_model_load_memory", __FILE__, __LINE__);
        if (status == GLN_OK) {
            CHECK(gln_model_label(model, 0) && *gln_model_label(model, 0) == 0);
            CHECK(gln_model_label(model, TINY_CLASSES) == NULL);
        }
        gln_model_free(model);
        free(structure.data);
        free(file.data);
    }
}

int main(void)
{
    RUN(test_description);
    RUN(test_struct_size);
    RUN(test_memory_kinds);
    RUN(test_files);
    RUN(test_truncated);
    RUN(test_flipped);
    RUN(test_resealed);
    RUN(test_variants);
    return check_finish();
}
