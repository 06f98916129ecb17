/*
 * A small network as the bytes of a model file, written here byte by byte after googlenet.proto, so that these tests
 * need neither the library's writer nor a converter. Random weights, always the same.
 *
 *   data (3 x 20 x 24) - conv1 3x3 s2 p1 (8) - relu1 - pool1 max 3x3 s2 ceil - norm1
 *     - branch1 1x1 (5) - relu2 \
 *     - branch2 3x3 p1 (7) - relu3 - concat (12) - bn - pool2 global average - fc (4) - prob
 *
 * Its metadata: "CC0" under "licence", and an empty text under another key that is not ASCII.
 */
#ifndef GLN_TEST_TINY_MODEL_H
#define GLN_TEST_TINY_MODEL_H

#include <googlenet.h>

enum { TINY_HEIGHT = 20, TINY_WIDTH = 24, TINY_CHANNELS = 3, TINY_CLASSES = 4, TINY_FEATURES = 12, TINY_LAYERS = 13 };
enum { TINY_PIXELS = TINY_HEIGHT * TINY_WIDTH * TINY_CHANNELS };

typedef struct tiny_bytes {
    unsigned char *data;
    size_t size;
} tiny_bytes;

/* Different networks out of the same builder. */
typedef struct tiny_variant {
    unsigned format_major;
    size_t labels; /* how many labels to write; TINY_CLASSES or 0 is right */
    unsigned seed;
} tiny_variant;

/* The fields in front of the weights, without checksum; free(data). */
tiny_bytes tiny_structure(tiny_variant variant);
/* A whole file: structure, checksum, padding and the weights of the variant; free(data). */
tiny_bytes tiny_seal(tiny_bytes structure, tiny_variant variant);
/* The usual network; free(data). */
tiny_bytes tiny_model(void);
/* Loads it; NULL (and a failed check) where that fails. */
gln_model *tiny_load(void);
/* A session of it with these options. */
gln_session *tiny_session(const gln_session_options *options);
/* `count` images of noise, TINY_PIXELS bytes each. */
void tiny_noise(unsigned char *pixels, size_t count, unsigned seed);
/* A batch of uint8 RGB images. */
gln_batch tiny_batch(const unsigned char *pixels, size_t count);

#endif
