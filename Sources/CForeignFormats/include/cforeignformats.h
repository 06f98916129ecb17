/* Foreign file formats, as the converter sees them: protobuf messages, and zip archives through libzip. */
#ifndef GLN_FOREIGN_FORMATS_H
#define GLN_FOREIGN_FORMATS_H

#include <stddef.h>
#include <stdint.h>
#include <zip.h>

#include "caffe.pb-c.h"
#include "onnx.pb-c.h"
#include "tensorflow.pb-c.h"

/*
 * How much memory an unpacked message may still take; `exhausted` is set once there was none, `missing` to how much of
 * it the first refused block would have needed beyond `left`.
 */
typedef struct gln_budget {
    size_t left;
    int exhausted;
    size_t missing;
} gln_budget;

/* An allocator for protobuf-c that draws on `budget`, which must outlive it and all that it allocated. */
ProtobufCAllocator gln_budget_allocator(gln_budget *budget);

#endif
