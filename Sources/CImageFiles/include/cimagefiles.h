/*
 * JPEG and PNG decoding through libjpeg-turbo and libpng, which report errors by longjmp and so cannot be called from Swift
 * directly. Nothing here prints, exits or aborts.
 */
#ifndef GLN_IMAGE_FILES_H
#define GLN_IMAGE_FILES_H

#include <stddef.h>
#include <stdint.h>

enum {
    GLN_PICTURE_SIDE_LIMIT = 65535,
    GLN_PICTURE_PIXEL_LIMIT = 1 << 27, /* 134 megapixels: 400 MB decoded */
    GLN_PICTURE_MESSAGE_SIZE = 256
};

typedef enum gln_picture_status {
    GLN_PICTURE_OK = 0,
    GLN_PICTURE_DAMAGED = 1,     /* truncated or contradictory */
    GLN_PICTURE_UNSUPPORTED = 2, /* well-formed, but too large or of a kind that is not decoded */
    GLN_PICTURE_OUT_OF_MEMORY = 3
} gln_picture_status;

/* Rows without gaps, top row first. */
typedef struct gln_decoded_picture {
    uint8_t *pixels; /* from malloc; the caller frees it with gln_picture_free */
    int32_t width;
    int32_t height;
    int32_t channels; /* 1: gray, 3: RGB */
} gln_decoded_picture;

/*
 * Decode `size` bytes. On failure *picture is left as it was and `message`, of GLN_PICTURE_MESSAGE_SIZE bytes, says what
 * is wrong. Colours come out as stored: colour profiles, gamma, transparency and EXIF orientation are not applied.
 */
gln_picture_status gln_decode_jpeg(const uint8_t *bytes, size_t size, gln_decoded_picture *picture, char *message);
gln_picture_status gln_decode_png(const uint8_t *bytes, size_t size, gln_decoded_picture *picture, char *message);

void gln_picture_free(gln_decoded_picture *picture);

#endif
