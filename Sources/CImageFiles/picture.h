/* What both decoders need. */
#ifndef GLN_PICTURE_H
#define GLN_PICTURE_H

#include "cimagefiles.h"

/* Checks the size and allocates picture->pixels. */
gln_picture_status gln_picture_allocate(gln_decoded_picture *picture, uint64_t width, uint64_t height, int32_t channels,
                                        char *message);

#endif
