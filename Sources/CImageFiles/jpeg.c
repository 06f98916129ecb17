#include "picture.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

/* A progressive file may repeat scans without end at little cost to itself; real ones have about ten. */
#define SCAN_LIMIT 200

typedef struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    gln_picture_status status;
    char *message;
    gln_decoded_picture picture;
    uint8_t *cmyk_row;
} decoder;

static void fail(decoder *state, gln_picture_status status, const char *message)
{
    state->status = status;
    snprintf(state->message, GLN_PICTURE_MESSAGE_SIZE, "%s", message);
    longjmp(state->failed, 1);
}

static void fail_with_library_message(j_common_ptr jpeg)
{
    decoder *state = jpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    switch (jpeg->err->msg_code) {
    case JERR_OUT_OF_MEMORY: fail(state, GLN_PICTURE_OUT_OF_MEMORY, text); break;
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
    case JERR_NOT_COMPILED: fail(state, GLN_PICTURE_UNSUPPORTED, text); break;
    default: fail(state, GLN_PICTURE_DAMAGED, text);
    }
}

/* The library goes on after damage and fills in gray: refuse that, but not harmless oddities around the image. */
static void judge_warning(j_common_ptr jpeg, int level)
{
    if (level >= 0)
        return;
    switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_NOT_SEQUENTIAL: fail_with_library_message(jpeg); break;
    default: break;
    }
}

static void discard_message(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void limit_scans(j_common_ptr jpeg)
{
    if (((j_decompress_ptr)jpeg)->input_scan_number > SCAN_LIMIT)
        fail(jpeg->client_data, GLN_PICTURE_UNSUPPORTED, "it is cut into more than 200 scans");
}

/* a * b / 255, rounded. */
static int product_of_fractions(int a, int b)
{
    int product = a * b + 128;
    return (product + (product >> 8)) >> 8;
}

/* Adobe's convention, which is what CMYK files follow: stored values are inverted, so 255 is no ink. */
static void convert_cmyk_row(const uint8_t *cmyk, uint8_t *rgb, int32_t width)
{
    for (int32_t x = 0; x < width; x++)
        for (int channel = 0; channel < 3; channel++) {
            int black = cmyk[4 * x + 3];
            int value = black - product_of_fractions(255 - cmyk[4 * x + channel], black);
            rgb[3 * x + channel] = (uint8_t)(value < 0 ? 0 : value);
        }
}

static void decode(decoder *state, const uint8_t *bytes, size_t size)
{
    struct jpeg_decompress_struct *jpeg = &state->jpeg;
    jpeg_create_decompress(jpeg);
    state->progress.progress_monitor = limit_scans;
    jpeg->progress = &state->progress;
    jpeg_mem_src(jpeg, bytes, size);
    jpeg_read_header(jpeg, TRUE);

    int cmyk = jpeg->num_components == 4;
    switch (jpeg->num_components) {
    case 1: jpeg->out_color_space = JCS_GRAYSCALE; break;
    case 3: jpeg->out_color_space = JCS_RGB; break;
    case 4: jpeg->out_color_space = JCS_CMYK; break;
    default: fail(state, GLN_PICTURE_UNSUPPORTED, "it has neither 1 (gray), 3 (colour) nor 4 (CMYK) components");
    }
    state->status = gln_picture_allocate(&state->picture, jpeg->image_width, jpeg->image_height,
                                         jpeg->num_components == 1 ? 1 : 3, state->message);
    if (state->status != GLN_PICTURE_OK)
        longjmp(state->failed, 1);
    if (cmyk && (state->cmyk_row = malloc((size_t)jpeg->image_width * 4)) == NULL)
        fail(state, GLN_PICTURE_OUT_OF_MEMORY, "no memory for a row of pixels");

    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        size_t row_size = (size_t)state->picture.width * (size_t)state->picture.channels;
        uint8_t *row = state->picture.pixels + jpeg->output_scanline * row_size;
        JSAMPROW target = cmyk ? state->cmyk_row : row;
        jpeg_read_scanlines(jpeg, &target, 1);
        if (cmyk)
            convert_cmyk_row(state->cmyk_row, row, state->picture.width);
    }
    jpeg_finish_decompress(jpeg);
}

gln_picture_status gln_decode_jpeg(const uint8_t *bytes, size_t size, gln_decoded_picture *picture, char *message)
{
    decoder *state = calloc(1, sizeof *state);
    if (state == NULL) {
        snprintf(message, GLN_PICTURE_MESSAGE_SIZE, "no memory for the decoder");
        return GLN_PICTURE_OUT_OF_MEMORY;
    }
    state->message = message;
    state->jpeg.err = jpeg_std_error(&state->errors);
    state->jpeg.client_data = state;
    state->errors.error_exit = fail_with_library_message;
    state->errors.emit_message = judge_warning;
    state->errors.output_message = discard_message;

    if (setjmp(state->failed) == 0)
        decode(state, bytes, size);
    jpeg_destroy_decompress(&state->jpeg);
    free(state->cmyk_row);
    gln_picture_status status = state->status;
    if (status == GLN_PICTURE_OK)
        *picture = state->picture;
    else
        gln_picture_free(&state->picture);
    free(state);
    return status;
}
