/* What simd.h leaves to the width: 64 bytes, of AVX-512 F, BW, DQ and VL, with or without VNNI. */

/* Whether any lane is NaN. */
GLN_SIMD int32_t gln_has_nan(gln_floats a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q) != 0; }

/* The first `count` values; zeros in the other lanes. */
GLN_SIMD gln_floats gln_load_first(const float *values, int32_t count) {
    return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1u), values);
}

GLN_SIMD void gln_store_first(float *values, gln_floats vector, int32_t count) {
    _mm512_mask_storeu_ps(values, (__mmask16)((1u << count) - 1u), vector);
}

/* Half a vector from each of two places. */
GLN_SIMD gln_floats gln_load_halves(const float *low, const float *high) {
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm256_loadu_ps(low)), _mm256_loadu_ps(high), 1);
}

/* a * b + c, rounded once. (Of Swift's addProduct the compiler sees the lanes and does not always find the vector again.) */
GLN_SIMD gln_floats gln_multiply_add(gln_floats a, gln_floats b, gln_floats c) { return _mm512_fmadd_ps(a, b, c); }

/* b where a < b, else a. (Of Swift's comparison and choice the compiler does not always make one instruction.) */
GLN_SIMD gln_floats gln_larger(gln_floats a, gln_floats b) { return _mm512_max_ps(b, a); }

/* 1 / sqrt(x) with a relative error of at most 2^-14. */
GLN_SIMD gln_floats gln_reciprocal_square_root(gln_floats x) { return _mm512_rsqrt14_ps(x); }

/* a0 b0 + a1 b1 of each lane's two signed 16-bit halves. */
GLN_SIMD gln_sums gln_multiply_pairs(gln_sums a, gln_sums b) { return (gln_sums)_mm512_madd_epi16((__m512i)a, (__m512i)b); }

/* Each lane from its left neighbour, the first from the last lane of `previous`; and from its right one, the last from `next`. */
GLN_SIMD gln_sums gln_lanes_up(gln_sums values, gln_sums previous) {
    return __builtin_shufflevector(previous, values, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
}

GLN_SIMD gln_sums gln_lanes_down(gln_sums values, gln_sums next) {
    return __builtin_shufflevector(values, next, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
}

/* Rounded to unsigned integers; what is too large becomes 2^31 or more, which narrowing saturates; NaN becomes 0. */
GLN_SIMD __m512i gln_round(gln_floats values) { return _mm512_cvtps_epi32(_mm512_max_ps(values, _mm512_setzero_ps())); }

/* Stored rounded and clamped to the type; NaN becomes 0. With `first`, only the first `count` values. */
GLN_SIMD void gln_store_u8(uint8_t *to, gln_floats values) {
    _mm_storeu_si128((__m128i_u *)to, _mm512_cvtusepi32_epi8(gln_round(values)));
}

GLN_SIMD void gln_store_first_u8(uint8_t *to, gln_floats values, int32_t count) {
    _mm_mask_storeu_epi8(to, (__mmask16)((1u << count) - 1u), _mm512_cvtusepi32_epi8(gln_round(values)));
}

GLN_SIMD void gln_store_u16(uint16_t *to, gln_floats values) {
    _mm256_storeu_si256((__m256i_u *)to, _mm512_cvtusepi32_epi16(gln_round(values)));
}

GLN_SIMD void gln_store_first_u16(uint16_t *to, gln_floats values, int32_t count) {
    _mm256_mask_storeu_epi16(to, (__mmask16)((1u << count) - 1u), _mm512_cvtusepi32_epi16(gln_round(values)));
}

/* Rounded; more than `limit` becomes `limit`, NaN becomes the least integer. */
GLN_SIMD __m512i gln_round_below(gln_floats values, float limit) {
    return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_set1_ps(limit), values));
}

/* As words, four values of the first, four of the second, and so on. Packing clamps what is below 0. */
GLN_SIMD __m512i gln_pack_runs(gln_floats first, gln_floats second, float limit) {
    return _mm512_packus_epi32(gln_round_below(first, limit), gln_round_below(second, limit));
}

GLN_SIMD __m256i gln_pack_bytes(gln_floats first, gln_floats second) {
    return _mm512_cvtepi16_epi8(gln_pack_runs(first, second, 255));
}

/*
 * Two vectors side by side in runs of Tier.narrowedRun: four values of the first, four of the second, and so on, as packing instructions
 * leave them.
 */
GLN_SIMD void gln_store_u8_runs(uint8_t *to, gln_floats first, gln_floats second) {
    _mm256_storeu_si256((__m256i_u *)to, gln_pack_bytes(first, second));
}

GLN_SIMD void gln_store_first_u8_runs(uint8_t *to, gln_floats first, gln_floats second, int32_t count) {
    _mm256_mask_storeu_epi8(to, (__mmask32)((1ull << count) - 1u), gln_pack_bytes(first, second));
}

GLN_SIMD void gln_store_u16_runs(uint16_t *to, gln_floats first, gln_floats second) {
    _mm512_storeu_si512(to, gln_pack_runs(first, second, 65535));
}

GLN_SIMD void gln_store_first_u16_runs(uint16_t *to, gln_floats first, gln_floats second, int32_t count) {
    _mm512_mask_storeu_epi16(to, (__mmask32)((1ull << count) - 1u), gln_pack_runs(first, second, 65535));
}

/* Stores even[0], odd[0], even[1] ... */
GLN_SIMD void gln_store_u8_alternating(uint8_t *to, gln_floats even, gln_floats odd) {
    const __m256i order = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15));
    _mm256_storeu_si256((__m256i_u *)to, _mm256_shuffle_epi8(gln_pack_bytes(even, odd), order));
}

/*
 * gln_dot_bytes adds to each lane the products of its four unsigned bytes of `values` with its four signed bytes of `weights`,
 * gln_dot_words those of two signed 16-bit numbers each. (Its intrinsics the compiler takes apart into a multiplication and an addition.)
 */
#if defined(__AVX512VNNI__)
GLN_SIMD gln_sums gln_dot_bytes(gln_sums sums, gln_sums values, gln_sums weights) {
    return (gln_sums)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)values, (__m512i)weights);
}

GLN_SIMD gln_sums gln_dot_words(gln_sums sums, gln_sums values, gln_sums weights) {
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sums) : "v"(values), "v"(weights));
    return sums;
}
#else
GLN_SIMD gln_sums gln_dot_words(gln_sums sums, gln_sums values, gln_sums weights) {
    return (gln_sums)_mm512_add_epi32((__m512i)sums, (__m512i)gln_multiply_pairs(values, weights));
}
#endif
