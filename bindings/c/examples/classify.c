/*
 * Classifies a PNG picture: classify MODEL.gln PICTURE.png
 * cc classify.c $(pkg-config --cflags --libs googlenet) -lpng -o classify
 */
#include <googlenet.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Decodes a PNG file to RGB without gaps between rows, as it is stored (EXIF may say to turn it); NULL after a message on
 * failure. The caller frees it.
 */
static unsigned char *read_png(const char *path, int *width, int *height)
{
    unsigned char *pixels = NULL;
    png_image png;
    memset(&png, 0, sizeof png);
    png.version = PNG_IMAGE_VERSION;
    if (png_image_begin_read_from_file(&png, path)) {
        png.format = PNG_FORMAT_RGB;
        pixels = malloc(PNG_IMAGE_SIZE(png));
        if (pixels != NULL && png_image_finish_read(&png, NULL, pixels, 0, NULL)) {
            *width = (int)png.width;
            *height = (int)png.height;
            return pixels;
        }
    }
    fprintf(stderr, "%s: %s\n", path, png.message[0] != '\0' ? png.message : "out of memory");
    free(pixels);
    png_image_free(&png);
    return NULL;
}

int main(int argc, char **argv)
{
    gln_model *model = NULL;
    gln_session *session = NULL;
    gln_prediction best[5];
    size_t count = 0, i;
    gln_image image = {NULL, 0, 0, 0, GLN_PIXEL_RGB};
    gln_status status;
    unsigned char *pixels;

    if (argc != 3) {
        fprintf(stderr, "usage: classify MODEL.gln PICTURE.png\n");
        return 2;
    }
    pixels = read_png(argv[2], &image.width, &image.height);
    if (pixels == NULL)
        return 1;
    image.pixels = pixels;

    status = gln_model_load_file(argv[1], &model);
    if (status == GLN_OK)
        status = gln_session_create(model, NULL, &session);
    if (status == GLN_OK)
        status = gln_session_classify(session, &image, best, 5, &count);
    if (status != GLN_OK)
        fprintf(stderr, "%s: %s\n", gln_status_string(status), gln_last_error_message());
    for (i = 0; i < count; i++)
        printf("%.3f %s\n", (double)best[i].probability, best[i].label);

    gln_session_free(session);
    gln_model_free(model);
    free(pixels);
    return status != GLN_OK;
}
