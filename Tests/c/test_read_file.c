/* gln_model_read_file: what becomes of the file later. argv[1] is the bundled model. */
#include "check.h"
#include "model_bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIDE 32
#define CLASSES 10

static char path[] = "/tmp/googlenet-read-file-XXXXXX";
static writer file;

static gln_status create(const gln_model *model, gln_precision precision, gln_session **session)
{
    gln_session_options *options = NULL;
    gln_status status;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_threads(options, 1));
    CHECK_STATUS(GLN_OK, gln_session_options_set_precision(options, precision));
    CHECK_STATUS(GLN_OK, gln_session_options_set_input_size(options, SIDE, SIDE));
    status = gln_session_create(model, options, session);
    gln_session_options_free(options);
    return status;
}

static void predict(gln_session *session, float *row)
{
    static unsigned char pixels[SIDE * SIDE * 3];
    gln_batch batch;
    size_t place;
    for (place = 0; place < sizeof pixels; place++)
        pixels[place] = (unsigned char)(place * 2654435761u >> 24);
    memset(&batch, 0, sizeof batch);
    batch.data = pixels;
    batch.count = 1;
    CHECK_STATUS(GLN_OK, gln_session_predict(session, &batch, GLN_OUTPUT_LOGITS, row, CLASSES));
}

/* What a mapped model answers, and a copied one before and after its weights had left memory. */
static void weights_are_read_again(void)
{
    gln_model *mapped = NULL, *copied = NULL;
    int precision, round;
    CHECK_STATUS(GLN_OK, gln_model_load_file(path, &mapped));
    CHECK_STATUS(GLN_OK, gln_model_read_file(path, &copied));
    for (round = 0; round < 2; round++) {
        for (precision = GLN_PRECISION_FLOAT32; precision <= GLN_PRECISION_INT8; precision++) {
            gln_session *one = NULL, *other = NULL;
            float expected[CLASSES], found[CLASSES];
            CHECK_STATUS(GLN_OK, create(mapped, (gln_precision)precision, &one));
            CHECK_STATUS(GLN_OK, create(copied, (gln_precision)precision, &other));
            predict(one, expected);
            predict(other, found);
            CHECK(memcmp(expected, found, sizeof found) == 0);
            gln_session_free(one);
            gln_session_free(other);
        }
    }
    gln_model_free(mapped);
    gln_model_free(copied);
}

/* A session whose model's file `spoil` changes goes on, another plan is refused, and made once the file is back. */
static void spoiled(void (*spoil)(void), const char *message)
{
    gln_model *model = NULL;
    gln_session *session = NULL, *other = NULL;
    float before[CLASSES], after[CLASSES];
    CHECK_STATUS(GLN_OK, gln_model_read_file(path, &model));
    CHECK_STATUS(GLN_OK, create(model, GLN_PRECISION_INT8, &session));
    predict(session, before);
    spoil();
    predict(session, after);
    CHECK(memcmp(before, after, sizeof after) == 0);
    CHECK_ERROR(GLN_IO_ERROR, path, create(model, GLN_PRECISION_FLOAT32, &other));
    CHECK_ERROR(GLN_IO_ERROR, message, create(model, GLN_PRECISION_FLOAT32, &other));
    CHECK(other == NULL);
    CHECK(write_whole_file(path, file.data, file.size));
    CHECK_STATUS(GLN_OK, create(model, GLN_PRECISION_FLOAT32, &other));
    if (other != NULL)
        predict(other, after);
    gln_session_free(other);
    gln_session_free(session);
    gln_model_free(model);
}

static void remove_file(void) { CHECK(unlink(path) == 0); }
static void empty_file(void) { CHECK(truncate(path, 0) == 0); }
static void shorten_file(void) { CHECK(truncate(path, (off_t)file.size / 2) == 0); }

static void lengthen_file(void)
{
    writer longer = {0};
    put_raw(&longer, file.data, file.size);
    put_raw(&longer, "", 1);
    CHECK(write_whole_file(path, longer.data, longer.size));
    free(longer.data);
}

static void flip(size_t place)
{
    file.data[place] ^= 1;
    CHECK(write_whole_file(path, file.data, file.size));
    file.data[place] ^= 1;
}

static void flip_first_byte(void) { flip(0); }
static void flip_a_weight(void) { flip(file.size / 2); }
static void flip_last_byte(void) { flip(file.size - 1); }

static void fill_with_zeros(void)
{
    void *zeros = calloc(file.size, 1);
    CHECK(write_whole_file(path, zeros, file.size));
    free(zeros);
}

/* A daemon changes its folder, too. */
static void another_working_folder(void)
{
    char folder[4096];
    gln_model *model = NULL;
    gln_session *session = NULL;
    float row[CLASSES];
    CHECK(getcwd(folder, sizeof folder) != NULL && chdir("/tmp") == 0);
    CHECK_STATUS(GLN_OK, gln_model_read_file(path + strlen("/tmp/"), &model));
    CHECK_STATUS(GLN_OK, create(model, GLN_PRECISION_INT8, &session));
    CHECK(chdir("/") == 0);
    gln_session_free(session);
    session = NULL;
    CHECK_STATUS(GLN_OK, create(model, GLN_PRECISION_FLOAT32, &session));
    predict(session, row);
    gln_session_free(session);
    gln_model_free(model);
    CHECK(chdir(folder) == 0);
}

/* A pipe, whose weights cannot be read again and stay. */
static void a_pipe(void)
{
    char fifo[sizeof path + 5];
    gln_model *model = NULL, *mapped = NULL;
    int precision, status = 1;
    pid_t child;
    snprintf(fifo, sizeof fifo, "%s.fifo", path);
    CHECK(mkfifo(fifo, 0600) == 0);
    child = fork();
    if (child == 0) {
        FILE *out = fopen(fifo, "wb");
        _exit(out == NULL || fwrite(file.data, 1, file.size, out) != file.size || fclose(out) != 0);
    }
    CHECK_STATUS(GLN_OK, gln_model_read_file(fifo, &model));
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    unlink(fifo);
    CHECK_STATUS(GLN_OK, gln_model_load_file(path, &mapped));
    for (precision = GLN_PRECISION_FLOAT32; precision <= GLN_PRECISION_INT8; precision++) {
        gln_session *one = NULL, *other = NULL;
        float expected[CLASSES], found[CLASSES];
        CHECK_STATUS(GLN_OK, create(mapped, (gln_precision)precision, &one));
        CHECK_STATUS(GLN_OK, create(model, (gln_precision)precision, &other));
        predict(one, expected);
        predict(other, found);
        CHECK(memcmp(expected, found, sizeof found) == 0);
        gln_session_free(one);
        gln_session_free(other);
    }
    gln_model_free(model);
    gln_model_free(mapped);
    model = NULL;
    CHECK_ERROR(GLN_IO_ERROR, "not a regular file", gln_model_read_file("/dev/zero", &model));
}

/* A name that is not UTF-8, and in its message made visible. */
static void a_name_of_any_bytes(void)
{
    char name[sizeof path + 8];
    gln_model *model = NULL;
    snprintf(name, sizeof name, "%s\377\360\222\303", path);
    CHECK_ERROR(GLN_IO_ERROR, "\\xFF\\xF0\\x92\\xC3'", gln_model_read_file(name, &model));
    CHECK(write_whole_file(name, file.data, file.size));
    CHECK_STATUS(GLN_OK, gln_model_read_file(name, &model));
    gln_model_free(model);
    model = NULL;
    CHECK_STATUS(GLN_OK, gln_model_load_file(name, &model));
    gln_model_free(model);
    unlink(name);
}

static void a_lost_file(void) { spoiled(remove_file, "cannot open"); }

static void a_changed_file(void)
{
    spoiled(empty_file, "is not what it was");
    spoiled(shorten_file, "is not what it was");
    spoiled(lengthen_file, "is not what it was");
    spoiled(flip_first_byte, "is not what it was");
    spoiled(flip_a_weight, "is not what it was");
    spoiled(flip_last_byte, "is not what it was");
    spoiled(fill_with_zeros, "is not what it was");
}

int main(int count, char **arguments)
{
    if (count < 2)
        return 2;
    file = read_whole_file(arguments[1]);
    if (file.size == 0 || close(mkstemp(path)) != 0)
        return 2;
    CHECK(write_whole_file(path, file.data, file.size));
    RUN(weights_are_read_again);
    RUN(another_working_folder);
    RUN(a_pipe);
    RUN(a_name_of_any_bytes);
    RUN(a_lost_file);
    RUN(a_changed_file);
    unlink(path);
    free(file.data);
    return check_finish();
}
