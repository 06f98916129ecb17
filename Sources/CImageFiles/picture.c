#include "picture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

gln_picture_status gln_picture_allocate(gln_decoded_picture *picture, uint64_t width, uint64_t height, int32_t channels,
                                        char *message)
{
    if (width == 0 || height == 0) {
        snprintf(message, GLN_PICTURE_MESSAGE_SIZE, "it has %" PRIu64 " x %" PRIu64 " pixels", width, height);
        return GLN_PICTURE_DAMAGED;
    }
    if (width > GLN_PICTURE_SIDE_LIMIT || height > GLN_PICTURE_SIDE_LIMIT || width * height > GLN_PICTURE_PIXEL_LIMIT) {
        snprintf(message, GLN_PICTURE_MESSAGE_SIZE,
                 "it has %" PRIu64 " x %" PRIu64 " pixels: at most %d a side and %d in all are decoded; shrink it first",
                 width, height, GLN_PICTURE_SIDE_LIMIT, GLN_PICTURE_PIXEL_LIMIT);
        return GLN_PICTURE_UNSUPPORTED;
    }
    picture->pixels = malloc((size_t)(width * height) * (size_t)channels);
    if (picture->pixels == NULL) {
        snprintf(message, GLN_PICTURE_MESSAGE_SIZE, "no memory for %" PRIu64 " x %" PRIu64 " pixels", width, height);
        return GLN_PICTURE_OUT_OF_MEMORY;
    }
    picture->width = (int32_t)width;
    picture->height = (int32_t)height;
    picture->channels = channels;
    return GLN_PICTURE_OK;
}

void gln_picture_free(gln_decoded_picture *picture)
{
    if (picture == NULL)
        return;
    free(picture->pixels);
    picture->pixels = NULL;
}
