#include "picture.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

typedef struct decoder {
    png_structp png;
    png_infop info;
    jmp_buf failed;
    const uint8_t *bytes;
    size_t remaining;
    gln_picture_status status;
    char *message;
    gln_decoded_picture picture;
} decoder;

static void fail(decoder *state, gln_picture_status status, const char *message)
{
    state->status = status;
    snprintf(state->message, GLN_PICTURE_MESSAGE_SIZE, "%s", message);
    longjmp(state->failed, 1);
}

static void fail_with_library_message(png_structp png, png_const_charp message)
{
    fail(png_get_error_ptr(png), GLN_PICTURE_DAMAGED, message);
}

static void discard_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void read_bytes(png_structp png, png_bytep target, size_t count)
{
    decoder *state = png_get_io_ptr(png);
    if (count > state->remaining)
        fail(state, GLN_PICTURE_DAMAGED, "the file ends too early");
    memcpy(target, state->bytes, count);
    state->bytes += count;
    state->remaining -= count;
}

static void decode(decoder *state)
{
    png_structp png = state->png;
    png_infop info = state->info;
    png_set_read_fn(png, state, read_bytes);
    /* gln_picture_allocate knows the limits and says so better. */
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_read_info(png, info);

    int color = png_get_color_type(png, info);
    int depth = png_get_bit_depth(png, info);
    /* Before png_read_update_info, which allocates rows of any width. */
    state->status = gln_picture_allocate(&state->picture, png_get_image_width(png, info), png_get_image_height(png, info),
                                         (color & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1, state->message);
    if (state->status != GLN_PICTURE_OK)
        longjmp(state->failed, 1);
    if (color == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(png);
    if (color == PNG_COLOR_TYPE_GRAY && depth < 8)
        png_set_expand_gray_1_2_4_to_8(png);
    if (depth == 16)
        png_set_strip_16(png);
    if ((color & PNG_COLOR_MASK_ALPHA) != 0 || (color == PNG_COLOR_TYPE_PALETTE && png_get_valid(png, info, PNG_INFO_tRNS)))
        png_set_strip_alpha(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);

    size_t row_size = (size_t)state->picture.width * (size_t)state->picture.channels;
    if (png_get_rowbytes(png, info) != row_size)
        fail(state, GLN_PICTURE_UNSUPPORTED, "its pixels are of an unknown kind");
    for (int pass = 0; pass < passes; pass++)
        for (int32_t row = 0; row < state->picture.height; row++)
            png_read_row(png, state->picture.pixels + (size_t)row * row_size, NULL);
}

gln_picture_status gln_decode_png(const uint8_t *bytes, size_t size, gln_decoded_picture *picture, char *message)
{
    decoder *state = calloc(1, sizeof *state);
    if (state == NULL) {
        snprintf(message, GLN_PICTURE_MESSAGE_SIZE, "no memory for the decoder");
        return GLN_PICTURE_OUT_OF_MEMORY;
    }
    state->bytes = bytes;
    state->remaining = size;
    state->message = message;

    if (setjmp(state->failed) == 0) {
        state->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, state, fail_with_library_message, discard_warning);
        state->info = state->png == NULL ? NULL : png_create_info_struct(state->png);
        if (state->info == NULL)
            fail(state, GLN_PICTURE_OUT_OF_MEMORY, "no memory for the decoder");
        decode(state);
    }
    if (state->png != NULL)
        png_destroy_read_struct(&state->png, &state->info, NULL);
    gln_picture_status status = state->status;
    if (status == GLN_PICTURE_OK)
        *picture = state->picture;
    else
        gln_picture_free(&state->picture);
    free(state);
    return status;
}
