/* What simd.h leaves to the width: 32 bytes, of AVX2 and FMA, with one of two encodings of VNNI. */

/* Whether any lane is NaN. */
GLN_SIMD int32_t gln_has_nan(gln_floats a) { return _mm256_movemask_ps(_mm256_cmp_ps(a, a, _CMP_UNORD_Q)) != 0; }

/* All ones in the first `count` lanes. */
GLN_SIMD __m256i gln_first_lanes(int32_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* The first `count` values; zeros in the other lanes. */
GLN_SIMD gln_floats gln_load_first(const float *values, int32_t count) {
    return _mm256_maskload_ps(values, gln_first_lanes(count));
}

GLN_SIMD void gln_store_first(float *values, gln_floats vector, int32_t count) {
    _mm256_maskstore_ps(values, gln_first_lanes(count), vector);
}

/* Half a vector from each of two places. */
GLN_SIMD gln_floats gln_load_halves(const float *low, const float *high) {
    return _mm256_set_m128(_mm_loadu_ps(high), _mm_loadu_ps(low));
}

/* a * b + c, rounded once. (Of Swift's addProduct the compiler sees the lanes and does not always find the vector again.) */
GLN_SIMD gln_floats gln_multiply_add(gln_floats a, gln_floats b, gln_floats c) { return _mm256_fmadd_ps(a, b, c); }

/* b where a < b, else a. (Of Swift's comparison and choice the compiler does not always make one instruction.) */
GLN_SIMD gln_floats gln_larger(gln_floats a, gln_floats b) { return _mm256_max_ps(b, a); }

/* 1 / sqrt(x) with a relative error of at most 1.5 × 2^-12. */
GLN_SIMD gln_floats gln_reciprocal_square_root(gln_floats x) { return _mm256_rsqrt_ps(x); }

/* a0 b0 + a1 b1 of each lane's two signed 16-bit halves. */
GLN_SIMD gln_sums gln_multiply_pairs(gln_sums a, gln_sums b) { return (gln_sums)_mm256_madd_epi16((__m256i)a, (__m256i)b); }

/* Each lane from its left neighbour, the first from the last lane of `previous`; and from its right one, the last from `next`. */
GLN_SIMD gln_sums gln_lanes_up(gln_sums values, gln_sums previous) {
    return __builtin_shufflevector(previous, values, 7, 8, 9, 10, 11, 12, 13, 14);
}

GLN_SIMD gln_sums gln_lanes_down(gln_sums values, gln_sums next) {
    return __builtin_shufflevector(values, next, 1, 2, 3, 4, 5, 6, 7, 8);
}

/* Rounded, clamped to 0 ... limit, as 16-bit words; NaN becomes 0. */
GLN_SIMD __m128i gln_round(gln_floats values, float limit) {
    __m256 clamped = _mm256_min_ps(_mm256_max_ps(values, _mm256_setzero_ps()), _mm256_set1_ps(limit));
    __m256i rounded = _mm256_cvtps_epi32(clamped);
    return _mm_packus_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1));
}

/* Stored rounded and clamped to the type; NaN becomes 0. */
GLN_SIMD void gln_store_u8(uint8_t *to, gln_floats values) {
    __m128i words = gln_round(values, 255);
    _mm_storel_epi64((__m128i_u *)to, _mm_packus_epi16(words, words));
}

GLN_SIMD void gln_store_u16(uint16_t *to, gln_floats values) {
    _mm_storeu_si128((__m128i_u *)to, gln_round(values, 65535));
}

/* Rounded; more than `limit` becomes `limit`, NaN becomes the least integer. */
GLN_SIMD __m256i gln_round_below(gln_floats values, float limit) {
    return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_set1_ps(limit), values));
}

/* As words, four values of the first, four of the second, and so on. Packing clamps what is below 0. */
GLN_SIMD __m256i gln_pack_runs(gln_floats first, gln_floats second, float limit) {
    return _mm256_packus_epi32(gln_round_below(first, limit), gln_round_below(second, limit));
}

GLN_SIMD __m128i gln_pack_bytes(gln_floats first, gln_floats second) {
    __m256i words = gln_pack_runs(first, second, 255);
    return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

/*
 * Two vectors side by side in runs of Tier.narrowedRun: four values of the first, four of the second, and so on, as packing instructions
 * leave them.
 */
GLN_SIMD void gln_store_u8_runs(uint8_t *to, gln_floats first, gln_floats second) {
    _mm_storeu_si128((__m128i_u *)to, gln_pack_bytes(first, second));
}

GLN_SIMD void gln_store_u16_runs(uint16_t *to, gln_floats first, gln_floats second) {
    _mm256_storeu_si256((__m256i_u *)to, gln_pack_runs(first, second, 65535));
}

/* Stores even[0], odd[0], even[1] ... */
GLN_SIMD void gln_store_u8_alternating(uint8_t *to, gln_floats even, gln_floats odd) {
    const __m128i order = _mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
    _mm_storeu_si128((__m128i_u *)to, _mm_shuffle_epi8(gln_pack_bytes(even, odd), order));
}

/*
 * gln_dot_bytes adds to each lane the products of its four unsigned bytes of `values` with its four signed bytes of `weights`,
 * gln_dot_words those of two signed 16-bit numbers each. (Its intrinsics the compiler takes apart into a multiplication and an addition.)
 */
#if defined(__AVXVNNI__)
GLN_SIMD gln_sums gln_dot_bytes(gln_sums sums, gln_sums values, gln_sums weights) {
    return (gln_sums)_mm256_dpbusd_avx_epi32((__m256i)sums, (__m256i)values, (__m256i)weights);
}

GLN_SIMD gln_sums gln_dot_words(gln_sums sums, gln_sums values, gln_sums weights) {
    __asm__("%{vex%} vpdpwssd %2, %1, %0" : "+x"(sums) : "x"(values), "x"(weights));
    return sums;
}
#elif defined(__AVX512VNNI__) && defined(__AVX512VL__)
GLN_SIMD gln_sums gln_dot_bytes(gln_sums sums, gln_sums values, gln_sums weights) {
    return (gln_sums)_mm256_dpbusd_epi32((__m256i)sums, (__m256i)values, (__m256i)weights);
}

GLN_SIMD gln_sums gln_dot_words(gln_sums sums, gln_sums values, gln_sums weights) {
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sums) : "v"(values), "v"(weights));
    return sums;
}
#else
GLN_SIMD gln_sums gln_dot_words(gln_sums sums, gln_sums values, gln_sums weights) {
    return (gln_sums)_mm256_add_epi32((__m256i)sums, (__m256i)gln_multiply_pairs(values, weights));
}
#endif
