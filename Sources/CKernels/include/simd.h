/*
 * Instructions that Swift's SIMD types do not reach, under names that are the same on every tier: vectors have GLN_VECTOR_BYTES, which
 * Package.swift defines for each kernel module; elsewhere this file declares nothing. All round to nearest even and give the same bits in
 * every width. No product of floats is added to anything here but by a fused instruction: a C compiler might fuse it on one tier alone.
 */
#ifndef GLN_SIMD_H
#define GLN_SIMD_H

#ifdef GLN_VECTOR_BYTES

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#define GLN_SIMD static inline __attribute__((always_inline))

/* A tier's vectors: floats, their bits, and the 32-bit sums of as many lanes; bytes and 16-bit words, as many as a vector holds. */
typedef float gln_floats __attribute__((vector_size(GLN_VECTOR_BYTES)));
typedef uint32_t gln_bits __attribute__((vector_size(GLN_VECTOR_BYTES)));
typedef int32_t gln_sums __attribute__((vector_size(GLN_VECTOR_BYTES)));
typedef uint8_t gln_bytes __attribute__((vector_size(GLN_VECTOR_BYTES)));
typedef uint16_t gln_words __attribute__((vector_size(GLN_VECTOR_BYTES)));
typedef float gln_half_floats __attribute__((vector_size(GLN_VECTOR_BYTES / 2)));
typedef uint8_t gln_half_bytes __attribute__((vector_size(GLN_VECTOR_BYTES / 2)));
typedef uint16_t gln_half_words __attribute__((vector_size(GLN_VECTOR_BYTES / 2)));
typedef uint8_t gln_quarter_bytes __attribute__((vector_size(GLN_VECTOR_BYTES / 4)));
typedef uint8_t gln_byte_order __attribute__((vector_size(16)));

/* Asks for a cache line that will be read soon; any address will do. */
GLN_SIMD void gln_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

/* Asks for a cache line that will be read later, in the second-level cache; any address will do. */
GLN_SIMD void gln_prefetch_later(const void *address) { __builtin_prefetch(address, 0, 2); }

/* The first bytes of a vector that is only partly wanted. */
GLN_SIMD void gln_copy_bytes(void *to, const void *from, size_t count) {
    for (size_t index = 0; index < count; index++)
        ((uint8_t *)to)[index] = ((const uint8_t *)from)[index];
}

/* 16 bytes as 16-bit numbers. */
GLN_SIMD void gln_widen_16(const uint8_t *from, uint16_t *to) {
    typedef uint16_t wide_words __attribute__((vector_size(32)));
    gln_byte_order narrow;
    wide_words wide;
    memcpy(&narrow, from, sizeof narrow);
    wide = __builtin_convertvector(narrow, wide_words);
    memcpy(to, &wide, sizeof wide);
}

/* The larger of each two lanes. */
GLN_SIMD gln_bytes gln_larger_bytes(gln_bytes a, gln_bytes b) { return __builtin_elementwise_max(a, b); }
GLN_SIMD gln_words gln_larger_words(gln_words a, gln_words b) { return __builtin_elementwise_max(a, b); }

GLN_SIMD gln_floats gln_to_floats(gln_sums values) { return __builtin_convertvector(values, gln_floats); }

/* As many bytes or words as a vector has 32-bit lanes. */
GLN_SIMD gln_sums gln_load_u8(const uint8_t *from) {
    gln_quarter_bytes values;
    memcpy(&values, from, sizeof values);
    return __builtin_convertvector(values, gln_sums);
}

GLN_SIMD gln_sums gln_load_u16(const uint16_t *from) {
    gln_half_words values;
    memcpy(&values, from, sizeof values);
    return __builtin_convertvector(values, gln_sums);
}

/* Bytes as 16-bit words, a vector of them. */
GLN_SIMD gln_words gln_load_words(const uint8_t *from) {
    gln_half_bytes values;
    memcpy(&values, from, sizeof values);
    return __builtin_convertvector(values, gln_words);
}

/* 12 bytes, each taken from the place among 16 that `order` names. */
GLN_SIMD void gln_shuffle_bytes_12(uint8_t *to, const uint8_t *from, gln_byte_order order) {
#if defined(__SSE4_1__)
    __m128i bytes = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i_u *)from), (__m128i)order);
    int32_t last = _mm_extract_epi32(bytes, 2);
    _mm_storel_epi64((__m128i_u *)to, bytes);
    memcpy(to + 8, &last, 4);
#else
    for (int index = 0; index < 12; index++)
        to[index] = from[order[index]];
#endif
}

#if GLN_VECTOR_BYTES == 16
#include "simd_128.h"
#elif GLN_VECTOR_BYTES == 32
#include "simd_256.h"
#elif GLN_VECTOR_BYTES == 64
#include "simd_512.h"
#else
#error "GLN_VECTOR_BYTES is 16, 32 or 64"
#endif

#if GLN_VECTOR_BYTES < 64
/* The first `count` values of what the functions without `first` store. */
GLN_SIMD void gln_store_first_u8(uint8_t *to, gln_floats values, int32_t count) {
    gln_quarter_bytes all;
    gln_store_u8((uint8_t *)&all, values);
    gln_copy_bytes(to, &all, (size_t)count);
}

GLN_SIMD void gln_store_first_u16(uint16_t *to, gln_floats values, int32_t count) {
    gln_half_words all;
    gln_store_u16((uint16_t *)&all, values);
    gln_copy_bytes(to, &all, 2 * (size_t)count);
}

GLN_SIMD void gln_store_first_u8_runs(uint8_t *to, gln_floats first, gln_floats second, int32_t count) {
    gln_half_bytes all;
    gln_store_u8_runs((uint8_t *)&all, first, second);
    gln_copy_bytes(to, &all, (size_t)count);
}

GLN_SIMD void gln_store_first_u16_runs(uint16_t *to, gln_floats first, gln_floats second, int32_t count) {
    gln_words all;
    gln_store_u16_runs((uint16_t *)&all, first, second);
    gln_copy_bytes(to, &all, 2 * (size_t)count);
}
#endif

#endif
#endif
