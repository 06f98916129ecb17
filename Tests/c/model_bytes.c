#include "model_bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------ protobuf writing */

void put_raw(writer *out, const void *bytes, size_t size)
{
    if (size == 0)
        return;
    if (out->size + size > out->capacity) {
        out->capacity = 2 * (out->size + size);
        out->data = realloc(out->data, out->capacity);
        if (!out->data)
            abort();
    }
    memcpy(out->data + out->size, bytes, size);
    out->size += size;
}

void put_varint(writer *out, uint64_t value)
{
    do {
        unsigned char byte = (unsigned char)((value & 127) | (value > 127 ? 128 : 0));
        put_raw(out, &byte, 1);
        value >>= 7;
    } while (value);
}

void put_number(writer *out, unsigned field, uint64_t value)
{
    put_varint(out, field << 3);
    put_varint(out, value);
}

void put_bytes(writer *out, unsigned field, const void *bytes, size_t size)
{
    put_varint(out, field << 3 | 2);
    put_varint(out, size);
    put_raw(out, bytes, size);
}

void put_text(writer *out, unsigned field, const char *text)
{
    put_bytes(out, field, text, strlen(text));
}

void put_float(writer *out, unsigned field, float value)
{
    put_varint(out, field << 3 | 5);
    put_raw(out, &value, 4);
}

void put_message(writer *out, unsigned field, writer *message)
{
    put_bytes(out, field, message->data, message->size);
    free(message->data);
    memset(message, 0, sizeof *message);
}

/* ------------------------------------------------------------------------------ XXH64, after its specification */

static uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static uint64_t read_little_endian(const unsigned char *bytes, int count)
{
    uint64_t value = 0;
    int i;
    for (i = count - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

#define PRIME1 UINT64_C(0x9E3779B185EBCA87)
#define PRIME2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define PRIME3 UINT64_C(0x165667B19E3779F9)
#define PRIME4 UINT64_C(0x85EBCA77C2B2AE63)
#define PRIME5 UINT64_C(0x27D4EB2F165667C5)

static uint64_t xxh64_round(uint64_t lane, uint64_t input)
{
    return rotate(lane + input * PRIME2, 31) * PRIME1;
}

static uint64_t xxh64(const unsigned char *bytes, size_t size)
{
    const unsigned char *end = bytes + size;
    uint64_t hash = PRIME5;
    int i;
    if (size >= 32) {
        uint64_t lanes[4] = {PRIME1 + PRIME2, PRIME2, 0, (uint64_t)0 - PRIME1};
        for (; end - bytes >= 32; bytes += 32)
            for (i = 0; i < 4; i++)
                lanes[i] = xxh64_round(lanes[i], read_little_endian(bytes + 8 * i, 8));
        hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
        for (i = 0; i < 4; i++)
            hash = (hash ^ xxh64_round(0, lanes[i])) * PRIME1 + PRIME4;
    }
    hash += size;
    for (; end - bytes >= 8; bytes += 8)
        hash = rotate(hash ^ xxh64_round(0, read_little_endian(bytes, 8)), 27) * PRIME1 + PRIME4;
    if (end - bytes >= 4) {
        hash = rotate(hash ^ read_little_endian(bytes, 4) * PRIME1, 23) * PRIME2 + PRIME3;
        bytes += 4;
    }
    for (; bytes < end; bytes++)
        hash = rotate(hash ^ *bytes * PRIME5, 11) * PRIME1;
    hash = (hash ^ hash >> 33) * PRIME2;
    hash = (hash ^ hash >> 29) * PRIME3;
    return hash ^ hash >> 32;
}

/* ------------------------------------------------------------------------------------------------- model files */

writer seal_model(const void *structure, size_t size, const void *weights, size_t weight_size)
{
    static const unsigned char zeros[64];
    writer file = {0}, hashed = {0}, length = {0};
    size_t begin;
    uint64_t hash;
    unsigned char little_endian[8];
    int i;

    /* In front of the weights' first byte: checksum (9), the padding's tag and length (3), the weights' tag, length. */
    put_varint(&length, weight_size);
    begin = size + 9 + 3 + 1 + length.size;
    free(length.data);

    put_raw(&hashed, structure, size);
    put_bytes(&hashed, 16, zeros, ((size_t)0 - begin) & 63);
    put_bytes(&hashed, 15, weights, weight_size);
    hash = xxh64(hashed.data, hashed.size);
    for (i = 0; i < 8; i++)
        little_endian[i] = (unsigned char)(hash >> 8 * i);

    put_raw(&file, structure, size);
    put_varint(&file, 14 << 3 | 1);
    put_raw(&file, little_endian, 8);
    put_raw(&file, hashed.data + size, hashed.size - size);
    free(hashed.data);
    return file;
}

writer read_whole_file(const char *path)
{
    writer content = {0};
    FILE *file = fopen(path, "rb");
    unsigned char part[65536];
    size_t count;
    if (file == NULL)
        return content;
    while ((count = fread(part, 1, sizeof part, file)) > 0)
        put_raw(&content, part, count);
    fclose(file);
    return content;
}

int write_whole_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    int written;
    if (file == NULL)
        return 0;
    written = fwrite(bytes, 1, size, file) == size;
    return fclose(file) == 0 && written;
}
