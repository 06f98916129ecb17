/* Writes protobuf messages and model files byte by byte, after googlenet.proto. */
#ifndef GLN_TEST_MODEL_BYTES_H
#define GLN_TEST_MODEL_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that grow; begins as {0}, free(data). */
typedef struct writer {
    unsigned char *data;
    size_t size, capacity;
} writer;

void put_raw(writer *out, const void *bytes, size_t size);
void put_varint(writer *out, uint64_t value);
void put_number(writer *out, unsigned field, uint64_t value);
void put_bytes(writer *out, unsigned field, const void *bytes, size_t size);
void put_text(writer *out, unsigned field, const char *text);
void put_float(writer *out, unsigned field, float value);
/* Puts a message, frees it and makes it empty again. */
void put_message(writer *out, unsigned field, writer *message);

/* A file's content, and the other way round; empty, or false, where that fails. */
writer read_whole_file(const char *path);
int write_whole_file(const char *path, const void *bytes, size_t size);

/* A whole file: structure (the fields in front of the weights, without checksum), checksum, padding and weights. */
writer seal_model(const void *structure, size_t size, const void *weights, size_t weight_size);

#endif
