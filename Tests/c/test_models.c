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

static void test_preprocessing(void)
{
    struct {
        gln_preprocessing it;
        char more[32];
    } newer;
    gln_preprocessing it = GLN_PREPROCESSING_INIT;
    gln_model *model = tiny_load();
    size_t i;
    CHECK(it.struct_size == sizeof it);
    CHECK_STATUS(GLN_OK, gln_model_preprocessing(model, &it));
    CHECK(it.struct_size == sizeof it && it.channel_order == GLN_CHANNEL_ORDER_BGR && it.channels == 3);
    CHECK(it.input_height == TINY_HEIGHT && it.input_width == TINY_WIDTH && it.short_side == 28);
    CHECK(it.resize_rule == GLN_RESIZE_SHORT_SIDE);
    CHECK(it.mean[0] == 104 && it.mean[1] == 117 && it.mean[2] == 123);
    for (i = 0; i < 3; i++)
        CHECK(it.scale[i] == 0.02f);
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "model is NULL", gln_model_preprocessing(NULL, &it));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "preprocessing is NULL", gln_model_preprocessing(model, NULL));
    for (i = 0; i < sizeof it; i += i < sizeof it - 1 ? sizeof it - 1 : 1) {
        memset(&it, 0x55, sizeof it);
        it.struct_size = i;
        CHECK_ERROR(GLN_INVALID_ARGUMENT, "preprocessing->struct_size", gln_model_preprocessing(model, &it));
        CHECK(it.struct_size == i && it.channels == 0x55555555 && it.input_width == 0x55555555);
    }
    /* A newer program's struct is longer: what this library does not know is left as it is. */
    memset(&newer, 0x55, sizeof newer);
    newer.it.struct_size = sizeof newer;
    CHECK_STATUS(GLN_OK, gln_model_preprocessing(model, &newer.it));
    CHECK(newer.it.channels == 3 && newer.it.struct_size == sizeof newer);
    for (i = 0; i < sizeof newer.more; i++)
        CHECK(newer.more[i] == 0x55);
    gln_model_free(model);
}

/* A gray network with another rule. */
static void test_preprocessing_of_gray(void)
{
    static const float mean = 7, scale = 0.5f;
    writer structure = {0}, part = {0}, empty = {0}, file;
    gln_preprocessing it = GLN_PREPROCESSING_INIT;
    gln_model *model = NULL;
    it.mean[1] = it.mean[2] = it.scale[1] = it.scale[2] = 9;
    put_number(&structure, 1, 2);
    put_number(&part, 1, 1);
    put_number(&part, 2, 1);
    put_number(&part, 3, 2);
    put_bytes(&part, 4, &mean, sizeof mean);
    put_bytes(&part, 5, &scale, sizeof scale);
    put_number(&part, 6, 3);
    put_number(&part, 7, 5);
    put_message(&structure, 5, &part);
    put_text(&part, 1, "prob");
    put_text(&part, 2, "data");
    put_message(&part, 24, &empty);
    put_message(&structure, 7, &part);
    put_text(&structure, 8, "data");
    file = seal_model(structure.data, structure.size, "", 0);
    CHECK_STATUS(GLN_OK, gln_model_load_memory(file.data, file.size, GLN_MEMORY_BORROW, &model));
    CHECK_STATUS(GLN_OK, gln_model_preprocessing(model, &it));
    CHECK(it.channel_order == GLN_CHANNEL_ORDER_GRAY && it.channels == 1 && it.resize_rule == GLN_RESIZE_SQUARE_PLAIN);
    CHECK(it.input_height == 1 && it.input_width == 1 && it.short_side == 3);
    CHECK(it.mean[0] == 7 && it.mean[1] == 0 && it.mean[2] == 0);
    CHECK(it.scale[0] == 0.5f && it.scale[1] == 0 && it.scale[2] == 0);
    gln_model_free(model);
    free(file.data);
    free(structure.data);
}

static void test_metadata(void)
{
    gln_model *model = tiny_load();
    const char *key = NULL, *value = NULL;
    CHECK(gln_model_metadata_count(model) == 2 && gln_model_metadata_count(NULL) == 0);
    CHECK_STATUS(GLN_OK, gln_model_metadata_entry(model, 0, &key, &value));
    CHECK(key && strcmp(key, "licence") == 0 && value && strcmp(value, "CC0") == 0);
    CHECK(gln_model_metadata(model, "licence") == value);
    CHECK_STATUS(GLN_OK, gln_model_metadata_entry(model, 1, &key, &value));
    CHECK(key && strcmp(key, "k\xC3\xA9y") == 0 && value && *value == 0);
    CHECK(gln_model_metadata(model, "k\xC3\xA9y") == value);
    CHECK(gln_model_metadata(model, "") == NULL && gln_model_metadata(model, "licenc") == NULL);
    CHECK(gln_model_metadata(model, "licences") == NULL && gln_model_metadata(model, "CC0") == NULL);
    CHECK(gln_model_metadata(model, NULL) == NULL && gln_model_metadata(NULL, "licence") == NULL);
    key = value = "as before";
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "2 metadata entries", gln_model_metadata_entry(model, 2, &key, &value));
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_model_metadata_entry(model, SIZE_MAX, &key, &value));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "model is NULL", gln_model_metadata_entry(NULL, 0, &key, &value));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "key is NULL", gln_model_metadata_entry(model, 0, NULL, &value));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "value is NULL", gln_model_metadata_entry(model, 0, &key, NULL));
    CHECK(strcmp(key, "as before") == 0 && strcmp(value, "as before") == 0);
    gln_model_free(model);
}

static void test_magic(void)
{
    static const unsigned char magic[] = {0x89, 0x01, 'G', 'L', 'N', 'M', 'O', 'D', 'E', 'L'};
    const tiny_variant usual = {1, TINY_CLASSES, 1};
    tiny_bytes structure = tiny_structure(usual), with = {NULL, 0}, file;
    gln_model *model = NULL;
    size_t size;
    with.size = sizeof magic + structure.size;
    with.data = malloc(with.size);
    memcpy(with.data, magic, sizeof magic);
    memcpy(with.data + sizeof magic, structure.data, structure.size);
    file = tiny_seal(with, usual);
    CHECK_STATUS(GLN_OK, gln_model_load_memory(file.data, file.size, GLN_MEMORY_BORROW, &model));
    CHECK(gln_model_layer_count(model) == TINY_LAYERS);
    gln_model_free(model);
    model = NULL;
    for (size = sizeof magic; size < file.size; size++)
        CHECK_ERROR(GLN_INVALID_MODEL, "is a damaged googlenet model file",
                    gln_model_load_memory(file.data, size, GLN_MEMORY_BORROW, &model));
    file.data[file.size / 2] ^= 1;
    CHECK_ERROR(GLN_INVALID_MODEL, "is a damaged googlenet model file",
                gln_model_load_memory(file.data, file.size, GLN_MEMORY_BORROW, &model));
    free(file.data);
    with.data[9] = 'l';
    file = tiny_seal(with, usual);
    CHECK_ERROR(GLN_INVALID_MODEL, "does not read GLNMODEL",
                gln_model_load_memory(file.data, file.size, GLN_MEMORY_BORROW, &model));
    CHECK(model == NULL);
    free(file.data);
    free(with.data);
    free(structure.data);
}

/* A file that is read by callbacks, and what they are to do. */
typedef struct source {
    writer file;
    uint64_t next; /* the byte that must be asked for */
    int pieces;
    int fail_at; /* the piece that fails; -1 for none */
    int result;  /* what it returns then */
    int calls_library;
} source;

static int read_source(void *context, uint64_t offset, void *buffer, size_t size)
{
    source *it = context;
    CHECK(offset == it->next && size > 0 && size <= 1 << 20 && size <= it->file.size - offset);
    it->next = offset + size;
    if (it->calls_library) {
        gln_model *model = tiny_load();
        float row[TINY_CLASSES];
        compute(model, row);
        gln_model_free(model);
        CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_model_load_file(NULL, &model));
    }
    if (it->pieces++ == it->fail_at)
        return it->result;
    memcpy(buffer, it->file.data + offset, size);
    return 0;
}

static source make_source(writer file)
{
    source made = {{NULL, 0, 0}, 0, 0, -1, 0, 0};
    made.file = file;
    return made;
}

/* The tiny model with so many bytes without meaning in front of its weights. */
static writer padded_model(size_t size)
{
    const tiny_variant usual = {1, TINY_CLASSES, 1};
    tiny_bytes structure = tiny_structure(usual), whole = {NULL, 0}, file;
    writer out = {0}, result = {0};
    unsigned char *zeros = calloc(1, size + 1);
    put_raw(&out, structure.data, structure.size);
    put_bytes(&out, 16, zeros, size);
    whole.data = out.data;
    whole.size = out.size;
    file = tiny_seal(whole, usual);
    result.data = file.data;
    result.size = file.size;
    free(out.data);
    free(zeros);
    free(structure.data);
    return result;
}

static void test_callbacks(void)
{
    static const size_t sizes[] = {0, (1 << 20) - 1, 1 << 20, 5 << 20};
    float reference[TINY_CLASSES], row[TINY_CLASSES];
    gln_model *model = tiny_load();
    size_t i;
    compute(model, reference);
    gln_model_free(model);
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        source it = make_source(padded_model(sizes[i]));
        const int pieces = (int)((it.file.size + (1 << 20) - 1) >> 20);
        model = NULL;
        it.calls_library = i % 2;
        CHECK_STATUS(GLN_OK, gln_model_load_callbacks(read_source, it.file.size, &it, &model));
        CHECK(it.next == it.file.size && it.pieces == pieces);
        memset(it.file.data, 0xEE, it.file.size);
        compute(model, row);
        CHECK(memcmp(row, reference, sizeof row) == 0 && it.pieces == pieces);
        CHECK(strcmp(gln_model_metadata(model, "licence"), "CC0") == 0);
        gln_model_free(model);
        free(it.file.data);
    }
}

static void test_callbacks_that_fail(void)
{
    static const int results[] = {1, -1, 2147483647};
    source it = make_source(padded_model(3 << 20));
    gln_model *model = NULL;
    size_t i;
    for (i = 0; i < 4; i++) {
        char place[64];
        snprintf(place, sizeof place, "from byte %zu of %zu on", i << 20, it.file.size);
        it.next = 0;
        it.pieces = 0;
        it.fail_at = (int)i;
        it.result = results[i % 3];
        it.calls_library = i % 2;
        CHECK_ERROR(GLN_IO_ERROR, place, gln_model_load_callbacks(read_source, it.file.size, &it, &model));
        snprintf(place, sizeof place, "read returned %d ", it.result);
        check_message(place, "gln_model_load_callbacks", __FILE__, __LINE__);
        CHECK(it.pieces == (int)i + 1 && model == NULL);
    }
    it.fail_at = -1;
    it.next = 0;
    it.pieces = 0;
    CHECK_ERROR(GLN_INVALID_MODEL, "is empty", gln_model_load_callbacks(read_source, 0, &it, &model));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "size is 18446744073709551615",
                gln_model_load_callbacks(read_source, UINT64_MAX, &it, &model));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "size is ", gln_model_load_callbacks(read_source, (uint64_t)1 << 63, &it, &model));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "read is NULL", gln_model_load_callbacks(NULL, it.file.size, &it, &model));
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "model is NULL", gln_model_load_callbacks(read_source, it.file.size, &it, NULL));
    CHECK(it.pieces == 0);
    /* Cut off, and broken. */
    CHECK_ERROR(GLN_INVALID_MODEL, "the model from callbacks",
                gln_model_load_callbacks(read_source, it.file.size - 1, &it, &model));
    it.next = 0;
    it.file.data[it.file.size - 1] ^= 1;
    CHECK_ERROR(GLN_INVALID_MODEL, "the model from callbacks",
                gln_model_load_callbacks(read_source, it.file.size, &it, &model));
    CHECK(model == NULL);
    free(it.file.data);
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
    RUN(test_preprocessing);
    RUN(test_preprocessing_of_gray);
    RUN(test_metadata);
    RUN(test_magic);
    RUN(test_callbacks);
    RUN(test_callbacks_that_fail);
    RUN(test_memory_kinds);
    RUN(test_files);
    RUN(test_truncated);
    RUN(test_flipped);
    RUN(test_resealed);
    RUN(test_variants);
    return check_finish();
}
