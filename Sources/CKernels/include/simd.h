/*
 * Single instructions that Swift's SIMD types do not reach. Each function exists only where the including module is compiled for a
 * CPU that has the instruction.
 */
#ifndef GLN_SIMD_H
#define GLN_SIMD_H

#include <stdint.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#define GLN_SIMD static inline __attribute__((always_inline))

/* Asks for a cache line that will be read soon; any address will do. */
GLN_SIMD void gln_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

/* Whether any lane is NaN. */
typedef float gln_floats_4 __attribute__((vector_size(16)));
GLN_SIMD int32_t gln_has_nan_128(gln_floats_4 a) {
#if defined(__SSE2__)
    return _mm_movemask_ps(_mm_cmpunord_ps(a, a)) != 0;
#else
    return a[0] != a[0] || a[1] != a[1] || a[2] != a[2] || a[3] != a[3];
#endif
}

#if defined(__AVX2__) && defined(__FMA__)
/* All ones in the first `count` lanes. */
GLN_SIMD __m256i gln_first_lanes_256(int32_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
/* The first `count` values; zeros in the other lanes. */
GLN_SIMD __m256 gln_load_first_256(const float *values, int32_t count) {
    return _mm256_maskload_ps(values, gln_first_lanes_256(count));
}
GLN_SIMD void gln_store_first_256(float *values, __m256 vector, int32_t count) {
    _mm256_maskstore_ps(values, gln_first_lanes_256(count), vector);
}
/* a * b + c, rounded once. (Of Swift's addProduct the compiler sees the lanes and does not always find the vector again.) */
GLN_SIMD __m256 gln_multiply_add_256(__m256 a, __m256 b, __m256 c) { return _mm256_fmadd_ps(a, b, c); }
/* b where a < b, else a. (Of Swift's comparison and choice the compiler does not always make one instruction.) */
GLN_SIMD __m256 gln_larger_256(__m256 a, __m256 b) { return _mm256_max_ps(b, a); }
/* Whether any lane is NaN. */
GLN_SIMD int32_t gln_has_nan_256(__m256 a) { return _mm256_movemask_ps(_mm256_cmp_ps(a, a, _CMP_UNORD_Q)) != 0; }
/* 1 / sqrt(x) with a relative error of at most 1.5 × 2^-12. */
GLN_SIMD __m256 gln_reciprocal_square_root_256(__m256 x) { return _mm256_rsqrt_ps(x); }
#endif

#if defined(__AVX512F__)
GLN_SIMD __m512 gln_load_first_512(const float *values, int32_t count) {
    return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1u), values);
}
GLN_SIMD void gln_store_first_512(float *values, __m512 vector, int32_t count) {
    _mm512_mask_storeu_ps(values, (__mmask16)((1u << count) - 1u), vector);
}
GLN_SIMD __m512 gln_multiply_add_512(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
GLN_SIMD __m512 gln_larger_512(__m512 a, __m512 b) { return _mm512_max_ps(b, a); }
GLN_SIMD int32_t gln_has_nan_512(__m512 a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q) != 0; }
/* 1 / sqrt(x) with a relative error of at most 2^-14. */
GLN_SIMD __m512 gln_reciprocal_square_root_512(__m512 x) { return _mm512_rsqrt14_ps(x); }
#endif

#endif
