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

int main(void)
{
    int result;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return 2;
    RUN(test_classify);
    RUN(test_load_part);
    RUN(test_descriptions);
    result = check_finish();
    return rmdir(folder) != 0 || result;
}
