/* The examples in the header do what it says. run.sh takes them out of it, into one file. */
#include "examples.c"

#include "check.h"
#include "model_bytes.h"
#include "tiny_model.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/gln-examples-XXXXXX";
static char printed[4096];

/* What a function prints, into `printed`. */
static void capture(void (*print)(const gln_model *), const gln_model *model)
{
    const int before = dup(1);
    writer text;
    fflush(stdout);
    CHECK(freopen("printed", "w", stdout) != NULL);
    print(model);
    fflush(stdout);
    dup2(before, 1);
    close(before);
    text = read_whole_file("printed");
    CHECK(text.size < sizeof printed);
    memset(printed, 0, sizeof printed);
    memcpy(printed, text.data, text.size);
    free(text.data);
    unlink("printed");
}

static void print_classes(const gln_model *model)
{
    static unsigned char pixels[30 * 20 * 3];
    (void)model;
    CHECK_STATUS(GLN_OK, (gln_status)classify(pixels, 30, 20));
}

static void test_classify(void)
{
    tiny_bytes file = tiny_model();
    CHECK(write_whole_file("googlenet.gln", file.data, file.size));
    capture(print_classes, NULL);
    CHECK(strstr(printed, "circle") != NULL && strstr(printed, "0.") != NULL);
    unlink("googlenet.gln");
    free(file.data);
}

static void test_load_part(void)
{
    unsigned char before[512] = {0};
    tiny_bytes file = tiny_model();
    writer archive = {0};
    gln_model *model = NULL;
    FILE *opened;
    put_raw(&archive, before, sizeof before);
    put_raw(&archive, file.data, file.size);
    put_raw(&archive, before, sizeof before);
    CHECK(write_whole_file("archive", archive.data, archive.size));
    opened = fopen("archive", "rb");
    CHECK_STATUS(GLN_OK, load_part(opened, file.size, &model));
    CHECK(gln_model_layer_count(model) == TINY_LAYERS);
    gln_model_free(model);
    model = NULL;
    CHECK_STATUS(GLN_IO_ERROR, load_part(opened, archive.size, &model));
    CHECK(model == NULL);
    fclose(opened);
    unlink("archive");
    free(archive.data);
    free(file.data);
}

static void test_descriptions(void)
{
    gln_model *model = tiny_load();
    capture(print_normalization, model);
    CHECK(strcmp(printed, "(pixel - 104) * 0.02\n(pixel - 117) * 0.02\n(pixel - 123) * 0.02\n") == 0);
    capture(print_metadata, model);
    CHECK(strcmp(printed, "licence: CC0\nk\xC3\xA9y: \n") == 0);
    gln_model_free(model);
}

/* Describes two pictures, shows a view, and stops in between. */
static void run_and_stop(const gln_model *model)
{
    static unsigned char pixels[2 * 90 * 70 * 3], shown[TINY_PIXELS];
    gln_picture pictures[2] = {GLN_PICTURE_INIT, GLN_PICTURE_INIT};
    gln_session_options *options = NULL;
    gln_session *session = NULL;
    gln_prediction best[2];
    float features[2 * TINY_FEATURES];
    size_t i, enough = 2;
    for (i = 0; i < sizeof pixels; i++)
        pixels[i] = (unsigned char)(i * 2654435761u >> 24);
    for (i = 0; i < 2; i++) {
        pictures[i].planes[0] = pixels + i * (sizeof pixels / 2);
        pictures[i].width = 90;
        pictures[i].height = 70;
    }
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_progress(options, show_progress, &enough));
    CHECK_STATUS(GLN_OK, gln_session_create(model, options, &session));
    CHECK_STATUS(GLN_OK, (gln_status)describe(session, pictures, best, features, 2 * TINY_FEATURES));
    CHECK(best[0].label != NULL && memcmp(features, features + TINY_FEATURES, sizeof features / 2) != 0);
    enough = 1;
    CHECK_STATUS(GLN_CANCELLED, (gln_status)describe(session, pictures, best, features, 2 * TINY_FEATURES));
    CHECK_STATUS(GLN_OK, warp(session, &pictures[0], shown, sizeof shown));
    CHECK_STATUS(GLN_BUFFER_TOO_SMALL, warp(session, &pictures[0], shown, sizeof shown - 1));
    interruptible = session;
    interrupt(0);
    gln_session_free(session);
    gln_session_options_free(options);
}

static void test_run(void)
{
    gln_model *model = tiny_load();
    capture(run_and_stop, model);
    CHECK(strcmp(printed, "1 of 2\n2 of 2\n1 of 2\n") == 0);
    gln_model_free(model);
}

int main(void)
{
    int result;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return 2;
    RUN(test_classify);
    RUN(test_load_part);
    RUN(test_descriptions);
    RUN(test_run);
    result = check_finish();
    return rmdir(folder) != 0 || result;
}
