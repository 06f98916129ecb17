/* Model files that have as much as there may be of something, or more. */
#ifndef GLN_TEST_LARGE_MODELS_H
#define GLN_TEST_LARGE_MODELS_H

#include "model_bytes.h"

enum { LARGE_MODEL_LABELS = 65536 };

typedef struct large_model {
    const char *name;
    writer (*make)(void);
    const char *refusal; /* a part of the message; NULL for a valid model */
} large_model;

extern const large_model large_models[];
extern const size_t large_model_count;

/* One of two layers with LARGE_MODEL_LABELS classes and labels. */
writer large_model_of_labels(void);

/* One of 1,024 metadata entries, whose keys begin with their numbers and have 256 bytes, and whose values have 3,830. */
writer large_model_of_metadata(void);

#endif
