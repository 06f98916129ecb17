/*
 * The kernel table: what the core knows of the kernels. Kernel modules are reached only through the functions at the end of this file
 * and never by `import`, because the Swift optimizer would inline their code into callers compiled for other CPUs.
 *
 * Activations are channels-last (HWC) float32. A tensor may lie inside a larger buffer: in a halo of zeros around the
 * image (for the padding of convolutions), and between other channels (a slice of a concatenation), so every row and every pixel has a
 * stride, counted in elements. Kernels never write outside height × width × channels of their output. Where a kernel works on whole vectors
 * of channels it may read up to GLN_READ_SLACK bytes past the last channel; the core keeps that much readable.
 *
 * Work is cut into units that may run at the same time on different threads. An operation has one or more phases: all units of
 * a phase are done before the next begins. Which thread runs a unit never changes a result.
 */
#ifndef GLN_KERNELS_H
#define GLN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that must be readable past the end of every activation buffer. */
#define GLN_READ_SLACK 256
/* Alignment in bytes of activation buffers, packed weights and scratch. */
#define GLN_ALIGNMENT 64
/* The largest window of a normalization across more than 1,024 channels; across fewer any window will do. */
#define GLN_LARGEST_NORMALIZATION_SIZE 2047

/*
 * Runs one unit of one phase. `arguments` is the operation's own struct below; `scratch` is this thread's alone, aligned to GLN_ALIGNMENT,
 * with the thread's gln_findings in front of it.
 */
typedef void (*gln_run_unit)(const void *arguments, int32_t phase, int32_t unit, void *scratch);

/*
 * What a thread's units found since the core last cleared it. From finite inputs every kernel either computes finite outputs only, or
 * notices each that is not: infinity and NaN, not finite numbers however large. Lanes and bytes that are no output count for nothing.
 */
typedef struct gln_findings {
    int32_t not_finite; /* 1 once an output was infinite or NaN, or would have been but for a lower bound or a power of infinity */
} gln_findings;

/* Where the findings of a thread lie: they have the GLN_ALIGNMENT bytes in front of its scratch to themselves. */
static inline gln_findings *gln_findings_of(void *scratch) {
    return (gln_findings *)((char *)scratch - GLN_ALIGNMENT);
}

/* A two-dimensional convolution (cross-correlation) of one image, with bias and lower bound (ReLU) applied. One group. */
typedef struct gln_f32_convolution {
    const float *input;   /* the first value that the window of output (0, 0) reads: up and left of the image by the padding */
    const float *weights; /* as written by `pack` */
    float *output;
    float *shared;        /* `shared_size` bytes that live from the first phase to the last */
    ptrdiff_t input_row_stride, input_pixel_stride;
    ptrdiff_t output_row_stride, output_pixel_stride;
    int32_t input_channels, output_channels;
    int32_t output_height, output_width;
    int32_t kernel_height, kernel_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t threads;      /* how many threads will share the units: a hint for their size */
    int32_t threads_apart; /* 1 where the threads' cores share no cache: what one writes the other should not read */
    float minimum;        /* outputs below are raised to it: 0 for ReLU, -infinity for none */
    /* For each unit of the last phase the weights that its thread reads next, to be fetched while it ends. NULL: not known. */
    const float *const *following;
} gln_f32_convolution;

/* One way to compute a convolution: kernel, tile sizes, packing and memory in one record. */
typedef struct gln_f32_convolution_algorithm {
    const char *name;
    int32_t phases;
    /* Whether it can run this convolution (only the shape and the pixel strides are read, not the pointers). */
    int32_t (*supports)(const gln_f32_convolution *shape);
    /* Rows and columns of the input beyond the last window's end that it may read; they must exist as zeros in the halo. */
    void (*extra_input)(const gln_f32_convolution *shape, int32_t *rows, int32_t *columns);
    /* Bytes of packed weights, bias included. */
    size_t (*packed_size)(const gln_f32_convolution *shape);
    /* weights: (output channels, input channels, kernel height, kernel width); bias: NULL for zeros. */
    void (*pack)(const gln_f32_convolution *shape, const float *weights, const float *bias, float *packed);
    /* Winograd: outputs and taps of a tile in each direction, 4 and 3 for F(4 × 4, 3 × 3). NULL for any other algorithm. */
    void (*tile)(const gln_f32_convolution *shape, int32_t *outputs, int32_t *taps);
    size_t (*shared_size)(const gln_f32_convolution *shape);  /* bytes */
    size_t (*scratch_size)(const gln_f32_convolution *shape); /* bytes a thread */
    int32_t (*unit_count)(const gln_f32_convolution *shape, int32_t phase); /* may be 0 */
    /* The weights that a unit of the last phase reads first. NULL for an algorithm that does not use `following` either. */
    const float *(*first_weights)(const gln_f32_convolution *arguments, int32_t unit);
    gln_run_unit run; /* arguments: gln_f32_convolution */
} gln_f32_convolution_algorithm;

/*
 * Maximum or average over windows. Windows are clipped to the image; a window never lies wholly outside it. The averages of bytes are
 * floats, float32(sum) × (scale / float32(count)); all else is of the input's type.
 */
typedef struct gln_pooling {
    const void *input; /* the image's first value */
    void *output;
    ptrdiff_t input_row_stride;
    ptrdiff_t input_pixel_stride;
    ptrdiff_t output_row_stride;
    ptrdiff_t output_pixel_stride;
    int32_t channels;
    int32_t input_height;
    int32_t input_width;
    int32_t output_height;
    int32_t output_width;
    int32_t kernel_height;
    int32_t kernel_width;
    int32_t stride_height;
    int32_t stride_width;
    int32_t padding_top;
    int32_t padding_left;
    int32_t padding_bottom; /* with padding_right: only where the average counts padding */
    int32_t padding_right;
    int32_t count_includes_padding;
    int32_t threads;
    float scale; /* of averages of bytes */
} gln_pooling;

/* y = x * (k + alpha * sum of squares over the `size` channels around)^-beta; k is a normal number above 0. May run in place. */
typedef struct gln_f32_normalization {
    const float *input;
    float *output;
    ptrdiff_t input_row_stride;
    ptrdiff_t input_pixel_stride;
    ptrdiff_t output_row_stride;
    ptrdiff_t output_pixel_stride;
    int32_t height;
    int32_t width;
    int32_t channels;
    int32_t size; /* odd; see GLN_LARGEST_NORMALIZATION_SIZE */
    float alpha; /* per element: already divided by size where the model says so */
    float beta;
    float k;
    int32_t threads;
} gln_f32_normalization;

/* y = max(x * scale[c] + shift[c], minimum). May run in place. Also copies. */
typedef struct gln_f32_affine {
    const float *input;
    float *output;
    const float *scale; /* NULL: 1 */
    const float *shift; /* NULL: 0 */
    ptrdiff_t input_row_stride;
    ptrdiff_t input_pixel_stride;
    ptrdiff_t output_row_stride;
    ptrdiff_t output_pixel_stride;
    int32_t height;
    int32_t width;
    int32_t channels;
    float minimum;
    int32_t threads;
} gln_f32_affine;

/* One of the values that gln_f32_sum adds. */
typedef struct gln_f32_summand {
    const float *values;
    ptrdiff_t row_stride;
    ptrdiff_t pixel_stride;
} gln_f32_summand;

/*
 * y = max(sum of the summands, minimum), all of one shape, added one after another in their order: the same bits on every tier. The output
 * may be one of them.
 */
typedef struct gln_f32_sum {
    const gln_f32_summand *summands;
    float *output;
    ptrdiff_t output_row_stride;
    ptrdiff_t output_pixel_stride;
    int32_t summand_count; /* at least 1 */
    int32_t height;
    int32_t width;
    int32_t channels;
    float minimum;
    int32_t threads;
} gln_f32_sum;

typedef enum gln_activation_function {
    GLN_SIGMOID = 0,     /* 1 / (1 + exp(-x)) */
    GLN_PRELU = 1,       /* x where x > 0, x * slope elsewhere */
    GLN_CLIPPED_RELU = 2 /* min(max(x, 0), maximum) */
} gln_activation_function;

/* A function of each value by itself, the same bits on every tier. The output may be the input. */
typedef struct gln_f32_activation {
    const float *input;
    float *output;
    const float *slopes; /* GLN_PRELU only: one a channel */
    ptrdiff_t input_row_stride;
    ptrdiff_t input_pixel_stride;
    ptrdiff_t output_row_stride;
    ptrdiff_t output_pixel_stride;
    int32_t height;
    int32_t width;
    int32_t channels;
    gln_activation_function function;
    float maximum; /* GLN_CLIPPED_RELU only */
    int32_t threads;
} gln_f32_activation;

/* exp(x - max) / sum over `count` contiguous values. */
typedef struct gln_f32_softmax {
    const float *input;
    float *output;
    int32_t count;
} gln_f32_softmax;

/* 8-bit pixels to normalised float32 channels: output channel c = (byte channel_offsets[c] of the pixel - mean[c]) * scale[c]. */
typedef struct gln_f32_pixels {
    const uint8_t *pixels;
    float *output;
    ptrdiff_t row_stride; /* bytes */
    ptrdiff_t output_row_stride;
    ptrdiff_t output_pixel_stride;
    int32_t height;
    int32_t width;
    int32_t pixel_bytes;
    int32_t channels; /* 1 to 4 */
    int32_t channel_offsets[4];
    float mean[4];
    float scale[4];
} gln_f32_pixels;

/* Planes (CHW) to channels-last. */
typedef struct gln_f32_planes {
    const float *planes;
    float *output;
    ptrdiff_t output_row_stride;
    ptrdiff_t output_pixel_stride;
    int32_t height;
    int32_t width;
    int32_t channels;
} gln_f32_planes;

/* What an int8 convolution writes. */
typedef enum gln_integer_output {
    GLN_INTEGER_OUTPUT_U8 = 0,
    GLN_INTEGER_OUTPUT_U16 = 1,
    GLN_INTEGER_OUTPUT_F32 = 2
} gln_integer_output;

/*
 * A convolution of unsigned bytes by signed integers, bytes or such of 16 bits between -255 and 255, exact in 32-bit integers as long as
 * these hold the accumulator and its parts: accumulator = bias + sum of input × weight. Then, for each
 * output channel, value = float32(accumulator) × multiplier (one rounding each), and the output is, to the bit on every tier,
 *   u8, u16: value rounded to the nearest integer, ties to even, clamped to 0 … 255 or 0 … 65535 (which is ReLU);
 *   f32:     the larger of value and `minimum`.
 * Strides are in elements of the respective buffer. Bytes past a pixel's (or, where pixels have no gaps, a kernel row's) last channel may
 * be read, up to GLN_READ_SLACK past the last pixel's; they are multiplied by zero weights. What `pack` writes depends on the kernel, the
 * channels, the input's pixel stride and dilation and the output's type, nothing else.
 */
typedef struct gln_integer_convolution {
    const uint8_t *input; /* the first value that the window of output (0, 0) reads */
    const void *weights;  /* as written by `pack` */
    void *output;         /* uint8_t, uint16_t or float */
    ptrdiff_t input_row_stride, input_pixel_stride;
    ptrdiff_t output_row_stride, output_pixel_stride;
    int32_t input_channels, output_channels;
    int32_t output_height, output_width;
    int32_t kernel_height, kernel_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t threads;
    gln_integer_output output_type;
    float minimum; /* GLN_INTEGER_OUTPUT_F32 only */
} gln_integer_convolution;

typedef struct gln_integer_convolution_algorithm {
    /* As those of gln_f32_convolution_algorithm. NULL: no more input than the windows' is read; not Winograd. */
    int32_t (*supports)(const gln_integer_convolution *shape);
    void (*extra_input)(const gln_integer_convolution *shape, int32_t *rows, int32_t *columns);
    size_t (*packed_size)(const gln_integer_convolution *shape);
    /* weights: int8_t, or int16_t where the record is called s16, (output channels, input channels, kernel height, kernel width); bias
       and multipliers: one an output channel. */
    void (*pack)(const gln_integer_convolution *shape, const void *weights, const int32_t *bias, const float *multipliers,
                 void *packed);
    void (*tile)(const gln_integer_convolution *shape, int32_t *outputs, int32_t *taps);
    size_t (*scratch_size)(const gln_integer_convolution *shape); /* bytes a thread */
    int32_t (*unit_count)(const gln_integer_convolution *shape);
    gln_run_unit run; /* arguments: gln_integer_convolution; one phase */
} gln_integer_convolution_algorithm;

/*
 * Local response normalization from 16 to 8 bits: x = float32(input) × input_scale, d = k + alpha × sum of x² over the window,
 * output = x × d^-0.75 × output_multiplier, rounded to nearest even and clamped to 0 … 255. beta is 0.75. Only operations that IEEE 754
 * rounds exactly, in one fixed order, so that every tier gives the same bits: q = float32(input), d = (alpha × (input_scale ×
 * input_scale)) × s + k, where s = sum of q² from the first channel of the window to the last; for a window of 5 s = 16 × the sum of the
 * squares of q's upper 14 bits, floor(q / 4), which is exact. The power is right to 1.2e-4 of itself, provided that k is at
 * least GLN_LEAST_NORMALIZED, and that d, whatever the input, and input_scale × output_multiplier are at most GLN_MOST_NORMALIZED.
 */
#define GLN_LEAST_NORMALIZED 0x1p-64f
#define GLN_MOST_NORMALIZED 0x1p64f
typedef struct gln_u16_normalization {
    const uint16_t *input;
    uint8_t *output;
    ptrdiff_t input_row_stride;
    ptrdiff_t input_pixel_stride;
    ptrdiff_t output_row_stride;
    ptrdiff_t output_pixel_stride;
    int32_t height;
    int32_t width;
    int32_t channels;
    int32_t size;
    float input_scale;
    float alpha; /* per element */
    float k;
    float output_multiplier;
    int32_t threads;
} gln_u16_normalization;

/* Between the precisions: u8 = clamp(round(f32 × multiplier)) to 0 … 255, ties to even; or f32 = float32(u8) × multiplier. */
typedef struct gln_u8_conversion {
    const void *input;
    void *output;
    ptrdiff_t input_row_stride;
    ptrdiff_t input_pixel_stride;
    ptrdiff_t output_row_stride;
    ptrdiff_t output_pixel_stride;
    int32_t height;
    int32_t width;
    int32_t channels;
    float multiplier;
    int32_t threads;
} gln_u8_conversion;

/* 8-bit pixels to channels-last bytes in the network's channel order: output channel c = byte channel_offsets[c] of the pixel. */
typedef struct gln_u8_pixels {
    const uint8_t *pixels;
    uint8_t *output;
    ptrdiff_t row_stride; /* bytes */
    ptrdiff_t output_row_stride;
    ptrdiff_t output_pixel_stride;
    int32_t height;
    int32_t width;
    int32_t pixel_bytes;
    int32_t channels; /* 1 to 4 */
    int32_t channel_offsets[4];
} gln_u8_pixels;

/* Kernels with the names of their argument structs (poolings: gln_pooling); the unit counts are functions of the same arguments. */
typedef struct gln_kernel_table {
    int32_t vector_bytes;
    gln_f32_convolution_algorithm f32_direct;   /* any convolution */
    gln_f32_convolution_algorithm f32_winograd; /* 3 × 3 and 5 × 5 of stride 1, 7 × 7 of stride 2; `supports` says where it wins */
    int32_t (*pooling_units)(const gln_pooling *arguments); /* of all of them */
    gln_run_unit f32_max_pooling;
    gln_run_unit f32_average_pooling;
    gln_run_unit u8_max_pooling;
    gln_run_unit u16_max_pooling;
    gln_run_unit u8_average_pooling;
    int32_t (*f32_normalization_units)(const gln_f32_normalization *arguments);
    gln_run_unit f32_normalization;
    int32_t (*f32_affine_units)(const gln_f32_affine *arguments);
    gln_run_unit f32_affine;
    int32_t (*f32_sum_units)(const gln_f32_sum *arguments);
    gln_run_unit f32_sum;
    int32_t (*f32_activation_units)(const gln_f32_activation *arguments);
    gln_run_unit f32_activation;
    gln_run_unit f32_softmax; /* one unit */
    int32_t (*f32_pixels_units)(const gln_f32_pixels *arguments);
    gln_run_unit f32_pixels;
    int32_t (*f32_planes_units)(const gln_f32_planes *arguments);
    gln_run_unit f32_planes;
    gln_integer_convolution_algorithm s8_direct;   /* any convolution */
    gln_integer_convolution_algorithm s16_direct;  /* any convolution by 16-bit weights */
    gln_integer_convolution_algorithm s8_winograd; /* 3 × 3 of stride 1, as exact; `supports` says where it wins */
    gln_integer_convolution_algorithm s16_winograd;
    int32_t (*u16_normalization_units)(const gln_u16_normalization *arguments);
    gln_run_unit u16_normalization;
    int32_t (*u8_conversion_units)(const gln_u8_conversion *arguments);
    gln_run_unit u8_quantize;   /* arguments: gln_u8_conversion, f32 to u8 */
    gln_run_unit u8_dequantize; /* arguments: gln_u8_conversion, u8 to f32 */
    int32_t (*u8_pixels_units)(const gln_u8_pixels *arguments);
    gln_run_unit u8_pixels;
} gln_kernel_table;

/*
 * The tiers, each for a CPU that has what it needs. It replaces the entries that it has something better for: fill in this order.
 */
void gln_kernels_portable(gln_kernel_table *table);
void gln_kernels_avx2(gln_kernel_table *table);
void gln_kernels_avx_vnni(gln_kernel_table *table); /* the int8 convolutions alone */
void gln_kernels_avx512(gln_kernel_table *table);
void gln_kernels_avx512_vnni(gln_kernel_table *table); /* the int8 convolutions alone */

#endif
