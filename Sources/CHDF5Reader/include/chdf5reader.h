/*
 * What Keras keeps in an HDF5 file, read by libhdf5 in a process of its own: damaged files make that library crash,
 * loop and ask for any amount of memory. It is loaded when the first file needs it. Nothing here prints, follows links
 * out of the file or loads plugins.
 */
#ifndef GLN_HDF5_READER_H
#define GLN_HDF5_READER_H

#include <stddef.h>
#include <stdint.h>

enum { GLN_HDF5_MESSAGE_SIZE = 256, GLN_HDF5_RANK_LIMIT = 8, GLN_HDF5_PATH_LIMIT = 1024, GLN_HDF5_OBJECT_LIMIT = 100000 };

typedef enum gln_hdf5_status {
    GLN_HDF5_OK = 0,
    GLN_HDF5_DAMAGED = 1,     /* libhdf5 cannot read it, or fails in doing so */
    GLN_HDF5_UNSUPPORTED = 2, /* well-formed, but with something that is not read here */
    GLN_HDF5_TOO_LARGE = 3,   /* one of the other limits was reached */
    GLN_HDF5_NO_PROCESS = 4,  /* no memory or no process to read it in */
    GLN_HDF5_NO_ROOM = 5,     /* the entries take more than the limit of contents */
    GLN_HDF5_NO_LIBRARY = 6   /* libhdf5 is not installed */
} gln_hdf5_status;

typedef struct gln_hdf5_limits {
    size_t contents;       /* bytes of all entries */
    size_t memory;         /* bytes that libhdf5 may take besides */
    unsigned milliseconds; /* of processor time */
} gln_hdf5_limits;

typedef enum gln_hdf5_kind {
    GLN_HDF5_FLOATS = 1, /* a dataset of floating-point numbers; the value is float32, outermost dimension first */
    GLN_HDF5_OTHER = 2,  /* a dataset of anything else, without its value */
    GLN_HDF5_TEXT = 3,   /* a text attribute; the path is "<object>@<attribute>", the value UTF-8 without a final zero */
    GLN_HDF5_MARK = 4    /* an attribute that is there but not a text, without its value */
} gln_hdf5_kind;

/* Followed by the path and the value, each padded to a multiple of 8 bytes. Paths begin without a slash. */
typedef struct gln_hdf5_entry {
    uint32_t kind;
    uint32_t rank;
    uint64_t dims[GLN_HDF5_RANK_LIMIT];
    uint64_t path_length;
    uint64_t value_length;
} gln_hdf5_entry;

typedef struct gln_hdf5_contents {
    const uint8_t *entries;
    size_t size; /* of all entries */
    void *mapping;
    size_t mapping_size;
} gln_hdf5_contents;

/*
 * Reads the HDF5 file in memory. Of attributes it lists the root's `model_config`, `layer_names`, `nb_layers` and
 * `keras_version` and each group's `name`; of datasets all but those below groups whose names begin with "optimizer". On
 * failure *contents is left as it was and `message`, of GLN_HDF5_MESSAGE_SIZE bytes, says what is wrong.
 */
gln_hdf5_status gln_hdf5_read(const uint8_t *bytes, size_t size, const gln_hdf5_limits *limits,
                              gln_hdf5_contents *contents, char *message);

void gln_hdf5_free(gln_hdf5_contents *contents);

#endif
