/*
 * Instructions and conversions of the int8 kernels that Swift's SIMD types do not reach, by vector width. All round to
 * nearest even and give the same bits in every width. No product of floats is formed here: a C compiler might fuse it.
 */
#ifndef GLN_SIMD_INT8_H
#define GLN_SIMD_INT8_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif
#ifndef GLN_SIMD
#define GLN_SIMD static inline __attribute__((always_inline))
#endif

typedef uint8_t gln_u8x4 __attribute__((vector_size(4)));
typedef uint8_t gln_u8x8 __attribute__((vector_size(8)));
typedef uint8_t gln_u8x16 __attribute__((vector_size(16)));
typedef uint8_t gln_u8x32 __attribute__((vector_size(32)));
typedef uint8_t gln_u8x64 __attribute__((vector_size(64)));
typedef uint16_t gln_u16x4 __attribute__((vector_size(8)));
typedef uint16_t gln_u16x8 __attribute__((vector_size(16)));
typedef uint16_t gln_u16x16 __attribute__((vector_size(32)));
typedef uint16_t gln_u16x32 __attribute__((vector_size(64)));
typedef int32_t gln_s32x4 __attribute__((vector_size(16)));
typedef int32_t gln_s32x8 __attribute__((vector_size(32)));
typedef int32_t gln_s32x16 __attribute__((vector_size(64)));
typedef float gln_f32x4 __attribute__((vector_size(16)));
typedef float gln_f32x8 __attribute__((vector_size(32)));
typedef float gln_f32x16 __attribute__((vector_size(64)));

/* Asks for a cache line that will be read later, in the second-level cache; any address will do. */
GLN_SIMD void gln_prefetch_later(const void *address) { __builtin_prefetch(address, 0, 2); }

/* 16 bytes as 16-bit numbers. */
GLN_SIMD void gln_widen_16(const uint8_t *from, uint16_t *to) {
    gln_u8x16 narrow;
    gln_u16x16 wide;
    memcpy(&narrow, from, sizeof narrow);
    wide = __builtin_convertvector(narrow, gln_u16x16);
    memcpy(to, &wide, sizeof wide);
}

/* The first bytes of a vector that is only partly wanted. */
GLN_SIMD void gln_copy_bytes(void *to, const void *from, size_t count) {
    for (size_t index = 0; index < count; index++)
        ((uint8_t *)to)[index] = ((const uint8_t *)from)[index];
}

/* The larger of each two lanes. */
GLN_SIMD gln_u8x16 gln_larger_u8_16(gln_u8x16 a, gln_u8x16 b) { return __builtin_elementwise_max(a, b); }
GLN_SIMD gln_u16x8 gln_larger_u16_8(gln_u16x8 a, gln_u16x8 b) { return __builtin_elementwise_max(a, b); }

GLN_SIMD gln_f32x4 gln_float_s32_4(gln_s32x4 values) { return __builtin_convertvector(values, gln_f32x4); }

GLN_SIMD gln_s32x4 gln_load_u8_4(const uint8_t *from) {
    gln_u8x4 values;
    memcpy(&values, from, sizeof values);
    return __builtin_convertvector(values, gln_s32x4);
}

GLN_SIMD gln_s32x4 gln_load_u16_4(const uint16_t *from) {
    gln_u16x4 values;
    memcpy(&values, from, sizeof values);
    return __builtin_convertvector(values, gln_s32x4);
}

GLN_SIMD gln_u16x8 gln_load_words_8(const uint8_t *from) {
    gln_u8x8 values;
    memcpy(&values, from, sizeof values);
    return __builtin_convertvector(values, gln_u16x8);
}

/* a0 b0 + a1 b1 of each lane's two signed 16-bit halves. */
GLN_SIMD gln_s32x4 gln_multiply_pairs_128(gln_s32x4 a, gln_s32x4 b) {
#if defined(__SSE2__)
    return (gln_s32x4)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    typedef uint32_t bits __attribute__((vector_size(16)));
    gln_s32x4 low_a = (gln_s32x4)((bits)a << 16) >> 16, low_b = (gln_s32x4)((bits)b << 16) >> 16;
    return low_a * low_b + (a >> 16) * (b >> 16);
#endif
}

/* Each lane from its left neighbour, the first from the last lane of `previous`; and from its right one, the last from `next`. */
GLN_SIMD gln_s32x4 gln_lanes_up_4(gln_s32x4 values, gln_s32x4 previous) {
    return __builtin_shufflevector(previous, values, 3, 4, 5, 6);
}

GLN_SIMD gln_s32x4 gln_lanes_down_4(gln_s32x4 values, gln_s32x4 next) {
    return __builtin_shufflevector(values, next, 1, 2, 3, 4);
}

/* Rounded, clamped to 0 ... limit (at most 65535); NaN becomes 0. */
GLN_SIMD gln_s32x4 gln_round_4(gln_f32x4 values, float limit) {
#if defined(__SSE2__)
    return (gln_s32x4)_mm_cvtps_epi32(_mm_min_ps(_mm_max_ps(values, _mm_setzero_ps()), _mm_set1_ps(limit)));
#else
    gln_s32x4 result;
    for (int lane = 0; lane < 4; lane++) {
        float value = values[lane] > 0 ? values[lane] : 0;
        float shifted = (value < limit ? value : limit) + 8388608.0f;
        int32_t bits;
        memcpy(&bits, &shifted, sizeof bits);
        result[lane] = bits - 0x4B000000;
    }
    return result;
#endif
}

GLN_SIMD void gln_store_u8_4(uint8_t *to, gln_f32x4 values) {
    gln_s32x4 rounded = gln_round_4(values, 255);
#if defined(__SSE2__)
    __m128i words = _mm_packs_epi32((__m128i)rounded, (__m128i)rounded);
    int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
#else
    gln_u8x4 bytes = __builtin_convertvector(rounded, gln_u8x4);
#endif
    memcpy(to, &bytes, 4);
}

/*
 * Two vectors side by side, rounded and clamped: four values of the first, four of the second, four of the first and so on, as
 * packing instructions leave them.
 */
GLN_SIMD void gln_store_u8_fours_4(uint8_t *to, gln_f32x4 first, gln_f32x4 second) {
#if defined(__SSE2__)
    __m128i words = _mm_packs_epi32((__m128i)gln_round_4(first, 255), (__m128i)gln_round_4(second, 255));
    _mm_storel_epi64((__m128i_u *)to, _mm_packus_epi16(words, words));
#else
    gln_store_u8_4(to, first);
    gln_store_u8_4(to + 4, second);
#endif
}

/* Stores even[0], odd[0], even[1] ... as bytes, rounded and clamped to 0 ... 255; NaN becomes 0. */
GLN_SIMD void gln_store_u8_pairs_4(uint8_t *to, gln_f32x4 even, gln_f32x4 odd) {
#if defined(__SSE2__)
    __m128i words = _mm_packs_epi32((__m128i)gln_round_4(even, 255), (__m128i)gln_round_4(odd, 255));
    __m128i bytes = _mm_packus_epi16(words, words);
    _mm_storel_epi64((__m128i_u *)to, _mm_unpacklo_epi8(bytes, _mm_srli_epi64(bytes, 32)));
#else
    gln_s32x4 first = gln_round_4(even, 255), second = gln_round_4(odd, 255);
    for (int lane = 0; lane < 4; lane++) {
        to[2 * lane] = (uint8_t)first[lane];
        to[2 * lane + 1] = (uint8_t)second[lane];
    }
#endif
}

GLN_SIMD void gln_store_u16_4(uint16_t *to, gln_f32x4 values) {
    gln_s32x4 rounded = gln_round_4(values, 65535);
#if defined(__SSE2__)
    __m128i centred = _mm_sub_epi32((__m128i)rounded, _mm_set1_epi32(32768));
    __m128i words = _mm_xor_si128(_mm_packs_epi32(centred, centred), _mm_set1_epi16(-32768));
    _mm_storel_epi64((__m128i_u *)to, words);
#else
    gln_u16x4 words = __builtin_convertvector(rounded, gln_u16x4);
    memcpy(to, &words, sizeof words);
#endif
}

GLN_SIMD void gln_store_u16_fours_4(uint16_t *to, gln_f32x4 first, gln_f32x4 second) {
    gln_store_u16_4(to, first);
    gln_store_u16_4(to + 4, second);
}

#if defined(__AVX2__)
GLN_SIMD gln_u8x32 gln_larger_u8_32(gln_u8x32 a, gln_u8x32 b) { return __builtin_elementwise_max(a, b); }
GLN_SIMD gln_u16x16 gln_larger_u16_16(gln_u16x16 a, gln_u16x16 b) { return __builtin_elementwise_max(a, b); }

GLN_SIMD gln_f32x8 gln_float_s32_8(gln_s32x8 values) { return __builtin_convertvector(values, gln_f32x8); }

GLN_SIMD gln_s32x8 gln_load_u8_8(const uint8_t *from) {
    return (gln_s32x8)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i_u *)from));
}

GLN_SIMD gln_s32x8 gln_load_u16_8(const uint16_t *from) {
    return (gln_s32x8)_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i_u *)from));
}

GLN_SIMD gln_u16x16 gln_load_words_16(const uint8_t *from) {
    return (gln_u16x16)_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i_u *)from));
}

GLN_SIMD gln_s32x8 gln_multiply_pairs_256(gln_s32x8 a, gln_s32x8 b) {
    return (gln_s32x8)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}

/* Rounded, clamped to 0 ... limit, as 16-bit words; NaN becomes 0. */
GLN_SIMD __m128i gln_round_8(gln_f32x8 values, float limit) {
    __m256 clamped = _mm256_min_ps(_mm256_max_ps(values, _mm256_setzero_ps()), _mm256_set1_ps(limit));
    __m256i rounded = _mm256_cvtps_epi32(clamped);
    return _mm_packus_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1));
}

GLN_SIMD void gln_store_u8_8(uint8_t *to, gln_f32x8 values) {
    __m128i words = gln_round_8(values, 255);
    _mm_storel_epi64((__m128i_u *)to, _mm_packus_epi16(words, words));
}

GLN_SIMD void gln_store_u16_8(uint16_t *to, gln_f32x8 values) {
    _mm_storeu_si128((__m128i_u *)to, gln_round_8(values, 65535));
}

GLN_SIMD gln_s32x8 gln_lanes_up_8(gln_s32x8 values, gln_s32x8 previous) {
    return __builtin_shufflevector(previous, values, 7, 8, 9, 10, 11, 12, 13, 14);
}

GLN_SIMD gln_s32x8 gln_lanes_down_8(gln_s32x8 values, gln_s32x8 next) {
    return __builtin_shufflevector(values, next, 1, 2, 3, 4, 5, 6, 7, 8);
}

/* Rounded; more than `limit` becomes `limit`, NaN becomes the least integer. */
GLN_SIMD __m256i gln_round_below_8(gln_f32x8 values, float limit) {
    return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_set1_ps(limit), values));
}

/* As words, four values of the first, four of the second, and so on. Packing clamps what is below 0. */
GLN_SIMD __m256i gln_pack_fours_8(gln_f32x8 first, gln_f32x8 second, float limit) {
    return _mm256_packus_epi32(gln_round_below_8(first, limit), gln_round_below_8(second, limit));
}

GLN_SIMD __m128i gln_pack_bytes_8(gln_f32x8 first, gln_f32x8 second) {
    __m256i words = gln_pack_fours_8(first, second, 255);
    return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

GLN_SIMD void gln_store_u8_fours_8(uint8_t *to, gln_f32x8 first, gln_f32x8 second) {
    _mm_storeu_si128((__m128i_u *)to, gln_pack_bytes_8(first, second));
}

GLN_SIMD void gln_store_u16_fours_8(uint16_t *to, gln_f32x8 first, gln_f32x8 second) {
    _mm256_storeu_si256((__m256i_u *)to, gln_pack_fours_8(first, second, 65535));
}

GLN_SIMD void gln_store_u8_pairs_8(uint8_t *to, gln_f32x8 even, gln_f32x8 odd) {
    const __m128i order = _mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
    _mm_storeu_si128((__m128i_u *)to, _mm_shuffle_epi8(gln_pack_bytes_8(even, odd), order));
}

/* 12 bytes, each taken from the place among 16 that `order` names. */
GLN_SIMD void gln_shuffle_bytes_12(uint8_t *to, const uint8_t *from, gln_u8x16 order) {
    __m128i bytes = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i_u *)from), (__m128i)order);
    int32_t last = _mm_extract_epi32(bytes, 2);
    _mm_storel_epi64((__m128i_u *)to, bytes);
    memcpy(to + 8, &last, 4);
}
#endif

/*
 * gln_dot adds to each lane the products of its four unsigned bytes of `values` with its four signed bytes of `weights`, gln_dot_pairs
 * those of two signed 16-bit numbers each. (Its intrinsics the compiler takes apart into a multiplication and an addition.)
 */
#if defined(__AVXVNNI__)
GLN_SIMD gln_s32x8 gln_dot_256(gln_s32x8 sums, gln_s32x8 values, gln_s32x8 weights) {
    return (gln_s32x8)_mm256_dpbusd_avx_epi32((__m256i)sums, (__m256i)values, (__m256i)weights);
}

GLN_SIMD gln_s32x8 gln_dot_pairs_256(gln_s32x8 sums, gln_s32x8 values, gln_s32x8 weights) {
    __asm__("%{vex%} vpdpwssd %2, %1, %0" : "+x"(sums) : "x"(values), "x"(weights));
    return sums;
}
#elif defined(__AVX512VNNI__) && defined(__AVX512VL__)
GLN_SIMD gln_s32x8 gln_dot_256(gln_s32x8 sums, gln_s32x8 values, gln_s32x8 weights) {
    return (gln_s32x8)_mm256_dpbusd_epi32((__m256i)sums, (__m256i)values, (__m256i)weights);
}

GLN_SIMD gln_s32x8 gln_dot_pairs_256(gln_s32x8 sums, gln_s32x8 values, gln_s32x8 weights) {
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sums) : "v"(values), "v"(weights));
    return sums;
}
#endif

#if defined(__AVX512VNNI__) && defined(__AVX512F__)
GLN_SIMD gln_s32x16 gln_dot_512(gln_s32x16 sums, gln_s32x16 values, gln_s32x16 weights) {
    return (gln_s32x16)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)values, (__m512i)weights);
}

GLN_SIMD gln_s32x16 gln_dot_pairs_512(gln_s32x16 sums, gln_s32x16 values, gln_s32x16 weights) {
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sums) : "v"(values), "v"(weights));
    return sums;
}
#endif

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
GLN_SIMD gln_u8x64 gln_larger_u8_64(gln_u8x64 a, gln_u8x64 b) { return __builtin_elementwise_max(a, b); }
GLN_SIMD gln_u16x32 gln_larger_u16_32(gln_u16x32 a, gln_u16x32 b) { return __builtin_elementwise_max(a, b); }

GLN_SIMD gln_f32x16 gln_float_s32_16(gln_s32x16 values) { return __builtin_convertvector(values, gln_f32x16); }

GLN_SIMD gln_s32x16 gln_load_u8_16(const uint8_t *from) {
    return (gln_s32x16)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i_u *)from));
}

GLN_SIMD gln_s32x16 gln_load_u16_16(const uint16_t *from) {
    return (gln_s32x16)_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i_u *)from));
}

GLN_SIMD gln_u16x32 gln_load_words_32(const uint8_t *from) {
    return (gln_u16x32)_mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i_u *)from));
}

GLN_SIMD gln_s32x16 gln_multiply_pairs_512(gln_s32x16 a, gln_s32x16 b) {
    return (gln_s32x16)_mm512_madd_epi16((__m512i)a, (__m512i)b);
}

/* Rounded to unsigned integers; what is too large becomes 2^31 or more, which narrowing saturates; NaN becomes 0. */
GLN_SIMD __m512i gln_round_16(gln_f32x16 values) {
    return _mm512_cvtps_epi32(_mm512_max_ps(values, _mm512_setzero_ps()));
}

GLN_SIMD void gln_store_u8_16(uint8_t *to, gln_f32x16 values) {
    _mm_storeu_si128((__m128i_u *)to, _mm512_cvtusepi32_epi8(gln_round_16(values)));
}

GLN_SIMD void gln_store_first_u8_16(uint8_t *to, gln_f32x16 values, int32_t count) {
    _mm_mask_storeu_epi8(to, (__mmask16)((1u << count) - 1u), _mm512_cvtusepi32_epi8(gln_round_16(values)));
}

GLN_SIMD void gln_store_u16_16(uint16_t *to, gln_f32x16 values) {
    _mm256_storeu_si256((__m256i_u *)to, _mm512_cvtusepi32_epi16(gln_round_16(values)));
}

GLN_SIMD void gln_store_first_u16_16(uint16_t *to, gln_f32x16 values, int32_t count) {
    _mm256_mask_storeu_epi16(to, (__mmask16)((1u << count) - 1u), _mm512_cvtusepi32_epi16(gln_round_16(values)));
}

GLN_SIMD gln_s32x16 gln_lanes_up_16(gln_s32x16 values, gln_s32x16 previous) {
    return __builtin_shufflevector(previous, values, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
}

GLN_SIMD gln_s32x16 gln_lanes_down_16(gln_s32x16 values, gln_s32x16 next) {
    return __builtin_shufflevector(values, next, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
}

/* Rounded; more than `limit` becomes `limit`, NaN becomes the least integer. */
GLN_SIMD __m512i gln_round_below_16(gln_f32x16 values, float limit) {
    return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_set1_ps(limit), values));
}

/* As words, four values of the first, four of the second, and so on. Packing clamps what is below 0. */
GLN_SIMD __m512i gln_pack_fours_16(gln_f32x16 first, gln_f32x16 second, float limit) {
    return _mm512_packus_epi32(gln_round_below_16(first, limit), gln_round_below_16(second, limit));
}

GLN_SIMD __m256i gln_pack_bytes_16(gln_f32x16 first, gln_f32x16 second) {
    return _mm512_cvtepi16_epi8(gln_pack_fours_16(first, second, 255));
}

GLN_SIMD void gln_store_u8_fours_16(uint8_t *to, gln_f32x16 first, gln_f32x16 second) {
    _mm256_storeu_si256((__m256i_u *)to, gln_pack_bytes_16(first, second));
}

GLN_SIMD void gln_store_first_u8_fours_16(uint8_t *to, gln_f32x16 first, gln_f32x16 second, int32_t count) {
    _mm256_mask_storeu_epi8(to, (__mmask32)((1ull << count) - 1u), gln_pack_bytes_16(first, second));
}

GLN_SIMD void gln_store_u16_fours_16(uint16_t *to, gln_f32x16 first, gln_f32x16 second) {
    _mm512_storeu_si512(to, gln_pack_fours_16(first, second, 65535));
}

GLN_SIMD void gln_store_first_u16_fours_16(uint16_t *to, gln_f32x16 first, gln_f32x16 second, int32_t count) {
    _mm512_mask_storeu_epi16(to, (__mmask32)((1ull << count) - 1u), gln_pack_fours_16(first, second, 65535));
}

GLN_SIMD void gln_store_u8_pairs_16(uint8_t *to, gln_f32x16 even, gln_f32x16 odd) {
    const __m256i order = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15));
    _mm256_storeu_si256((__m256i_u *)to, _mm256_shuffle_epi8(gln_pack_bytes_16(even, odd), order));
}
#endif

#endif
