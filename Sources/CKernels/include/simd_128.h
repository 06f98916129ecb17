/* What simd.h leaves to the width: 16 bytes, of SSE2 or without any instruction set. */

/* Whether any lane is NaN. */
GLN_SIMD int32_t gln_has_nan(gln_floats a) {
#if defined(__SSE2__)
    return _mm_movemask_ps(_mm_cmpunord_ps(a, a)) != 0;
#else
    return a[0] != a[0] || a[1] != a[1] || a[2] != a[2] || a[3] != a[3];
#endif
}

/* The first `count` values; zeros in the other lanes. */
GLN_SIMD gln_floats gln_load_first(const float *values, int32_t count) {
    gln_floats vector = {0, 0, 0, 0};
    if (count > 0) vector[0] = values[0];
    if (count > 1) vector[1] = values[1];
    if (count > 2) vector[2] = values[2];
    if (count > 3) vector[3] = values[3];
    return vector;
}

GLN_SIMD void gln_store_first(float *values, gln_floats vector, int32_t count) {
    if (count > 0) values[0] = vector[0];
    if (count > 1) values[1] = vector[1];
    if (count > 2) values[2] = vector[2];
    if (count > 3) values[3] = vector[3];
}

/* Half a vector from each of two places. */
GLN_SIMD gln_floats gln_load_halves(const float *low, const float *high) {
    gln_half_floats first, second;
    memcpy(&first, low, sizeof first);
    memcpy(&second, high, sizeof second);
    return __builtin_shufflevector(first, second, 0, 1, 2, 3);
}

/* a * b + c in two operations: without an instruction for it, a fused multiply-add would be a call for each value. */
GLN_SIMD gln_floats gln_multiply_add(gln_floats a, gln_floats b, gln_floats c) {
#pragma STDC FP_CONTRACT OFF
    return a * b + c;
}

/* b where a < b, else a. */
GLN_SIMD gln_floats gln_larger(gln_floats a, gln_floats b) {
#if defined(__SSE2__)
    return _mm_max_ps(b, a);
#else
    gln_sums choice = a < b;
    return (gln_floats)(((gln_sums)b & choice) | ((gln_sums)a & ~choice));
#endif
}

/* 1 / sqrt(x), right to the last bits. */
GLN_SIMD gln_floats gln_reciprocal_square_root(gln_floats x) { return 1 / __builtin_elementwise_sqrt(x); }

/* a0 b0 + a1 b1 of each lane's two signed 16-bit halves. */
GLN_SIMD gln_sums gln_multiply_pairs(gln_sums a, gln_sums b) {
#if defined(__SSE2__)
    return (gln_sums)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    gln_sums low_a = (gln_sums)((gln_bits)a << 16) >> 16, low_b = (gln_sums)((gln_bits)b << 16) >> 16;
    return low_a * low_b + (a >> 16) * (b >> 16);
#endif
}

/* Each lane from its left neighbour, the first from the last lane of `previous`; and from its right one, the last from `next`. */
GLN_SIMD gln_sums gln_lanes_up(gln_sums values, gln_sums previous) {
    return __builtin_shufflevector(previous, values, 3, 4, 5, 6);
}

GLN_SIMD gln_sums gln_lanes_down(gln_sums values, gln_sums next) {
    return __builtin_shufflevector(values, next, 1, 2, 3, 4);
}

/* Rounded, clamped to 0 ... limit (at most 65535); NaN becomes 0. */
GLN_SIMD gln_sums gln_round(gln_floats values, float limit) {
#if defined(__SSE2__)
    return (gln_sums)_mm_cvtps_epi32(_mm_min_ps(_mm_max_ps(values, _mm_setzero_ps()), _mm_set1_ps(limit)));
#else
    gln_sums result;
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

/* Stored rounded and clamped to the type; NaN becomes 0. */
GLN_SIMD void gln_store_u8(uint8_t *to, gln_floats values) {
    gln_sums rounded = gln_round(values, 255);
#if defined(__SSE2__)
    __m128i words = _mm_packs_epi32((__m128i)rounded, (__m128i)rounded);
    int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
#else
    gln_quarter_bytes bytes = __builtin_convertvector(rounded, gln_quarter_bytes);
#endif
    memcpy(to, &bytes, 4);
}

GLN_SIMD void gln_store_u16(uint16_t *to, gln_floats values) {
    gln_sums rounded = gln_round(values, 65535);
#if defined(__SSE2__)
    __m128i centred = _mm_sub_epi32((__m128i)rounded, _mm_set1_epi32(32768));
    __m128i words = _mm_xor_si128(_mm_packs_epi32(centred, centred), _mm_set1_epi16(-32768));
    _mm_storel_epi64((__m128i_u *)to, words);
#else
    gln_half_words words = __builtin_convertvector(rounded, gln_half_words);
    memcpy(to, &words, sizeof words);
#endif
}

/*
 * Two vectors side by side in runs of Tier.narrowedRun: four values of the first, four of the second, and so on, as packing instructions
 * leave them.
 */
GLN_SIMD void gln_store_u8_runs(uint8_t *to, gln_floats first, gln_floats second) {
#if defined(__SSE2__)
    __m128i words = _mm_packs_epi32((__m128i)gln_round(first, 255), (__m128i)gln_round(second, 255));
    _mm_storel_epi64((__m128i_u *)to, _mm_packus_epi16(words, words));
#else
    gln_store_u8(to, first);
    gln_store_u8(to + 4, second);
#endif
}

GLN_SIMD void gln_store_u16_runs(uint16_t *to, gln_floats first, gln_floats second) {
    gln_store_u16(to, first);
    gln_store_u16(to + 4, second);
}

/* Stores even[0], odd[0], even[1] ... */
GLN_SIMD void gln_store_u8_alternating(uint8_t *to, gln_floats even, gln_floats odd) {
#if defined(__SSE2__)
    __m128i words = _mm_packs_epi32((__m128i)gln_round(even, 255), (__m128i)gln_round(odd, 255));
    __m128i bytes = _mm_packus_epi16(words, words);
    _mm_storel_epi64((__m128i_u *)to, _mm_unpacklo_epi8(bytes, _mm_srli_epi64(bytes, 32)));
#else
    gln_sums first = gln_round(even, 255), second = gln_round(odd, 255);
    for (int lane = 0; lane < 4; lane++) {
        to[2 * lane] = (uint8_t)first[lane];
        to[2 * lane + 1] = (uint8_t)second[lane];
    }
#endif
}

/* Adds to each lane the products of its two signed 16-bit numbers of `values` with those of `weights`; wraps around. */
GLN_SIMD gln_sums gln_dot_words(gln_sums sums, gln_sums values, gln_sums weights) {
    return (gln_sums)((gln_bits)sums + (gln_bits)gln_multiply_pairs(values, weights));
}
