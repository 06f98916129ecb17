/*
 * libgooglenet: GoogLeNet (Inception v1, Szegedy et al. 2014) inference, embeddable.
 *
 * A complete program, which prints the five likeliest classes of a picture held in memory:
 *
 *     #include <googlenet.h>
 *     #include <stdio.h>
 *
 *     int classify(const unsigned char *rgb, int width, int height)
 *     {
 *         gln_model *model = NULL;
 *         gln_session *session = NULL;
 *         gln_prediction best[5];
 *         size_t count = 0;
 *         gln_image image = {rgb, width, height, 3 * (ptrdiff_t)width, GLN_PIXEL_RGB};
 *
 *         gln_status status = gln_model_load_file("googlenet.gln", &model);
 *         if (status == GLN_OK)
 *             status = gln_session_create(model, NULL, &session);
 *         if (status == GLN_OK)
 *             status = gln_session_classify(session, &image, best, 5, &count);
 *         if (status != GLN_OK)
 *             fprintf(stderr, "%s: %s\n", gln_status_string(status), gln_last_error_message());
 *         for (size_t i = 0; i < count; i++)
 *             printf("%.3f %s\n", (double)best[i].probability, best[i].label);
 *         gln_session_free(session);
 *         gln_model_free(model);
 *         return status;
 *     }
 *
 * Conventions
 *   Status       Functions that can fail return a gln_status. On failure every output argument is left as it was,
 *                except where a function says otherwise, and gln_last_error_message() tells what was wrong. Besides
 *                those that a function lists, any may return GLN_INVALID_ARGUMENT and GLN_OUT_OF_MEMORY, and those that
 *                run something on a session GLN_BUSY, GLN_WRONG_PROCESS, GLN_LIMIT_EXCEEDED and GLN_CANCELLED (rows of
 *                images before the one at which it stopped may have been written, no others).
 *   NULL         Every function accepts NULL for every pointer: unless it gives NULL a meaning, it returns
 *                GLN_INVALID_ARGUMENT, or 0 or NULL where it returns a value, or does nothing where it frees. No call
 *                crashes, aborts, exits, prints or installs a signal handler, on a stack of 64 KB or more. Pointers to
 *                numbers and structs must be aligned as C asks for.
 *   Threads      A gln_model is immutable: any number of threads may use it at once. A gln_session belongs to one
 *                thread at a time; a second call while one is running returns GLN_BUSY, also from a callback of that
 *                one. gln_session_cancel alone may be called at any time. gln_session_options is plain data without
 *                locking. Sessions of any threads may share the worker threads of a gln_thread_team.
 *   Sizes        A size, capacity, count or stride that reaches beyond what memory there can be is
 *                GLN_INVALID_ARGUMENT.
 *   Processes    A session belongs to the process that made it: a forked child has none of its threads. There every
 *                call that runs something on it returns GLN_WRONG_PROCESS; what tells about it still works, and
 *                gln_session_free frees its memory, unless a call ran on it at the fork. Models and options go along:
 *                the child makes new sessions of them, whatever other threads of the parent did with them at that
 *                moment, and these share the packed weights of the parent's session if it is freed after them. A
 *                gln_thread_team stays with its process as a session does: to make a session that uses the parent's
 *                is GLN_WRONG_PROCESS, and gln_thread_team_free frees its memory. A call whose callback forks goes on
 *                in the child too, on the calling thread alone; the session that gln_session_create makes so is the
 *                parent's. The library stays loaded after dlclose, for its threads' sake.
 *   Arithmetic   Rounding, the treatment of subnormal numbers and floating-point exceptions that a thread of the
 *                caller's has set change no result and no result's bits. They are as before when a call returns, raised
 *                flags too, and callbacks find and may change them as if the library were not there.
 *   Lifetimes    A session keeps its model and its thread team alive: they may be freed in any order. Strings are
 *                UTF-8, NUL-terminated and owned by the library; each function says how long they live.
 *   Layouts      "NHWC" means that the channels of a pixel lie side by side, "NCHW" that each channel is a plane.
 *                H counts rows from the top, W columns from the left.
 *   Growth       New functions and new enumerators may be added within one GLN_ABI_VERSION; none is removed, renumbered
 *                or given another meaning.
 */
#ifndef GOOGLENET_H
#define GOOGLENET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(GLN_NO_VISIBILITY) || !defined(__GNUC__)
#define GLN_API
#else
#define GLN_API __attribute__((visibility("default")))
#endif

/* ------------------------------------------------------------------------------------------------ version */

#define GLN_VERSION_MAJOR 0
#define GLN_VERSION_MINOR 1
#define GLN_VERSION_PATCH 0
/* The version of this header as one number: major * 10000 + minor * 100 + patch. */
#define GLN_VERSION_NUMBER (GLN_VERSION_MAJOR * 10000 + GLN_VERSION_MINOR * 100 + GLN_VERSION_PATCH)
/* Changes only when a program compiled against an older header no longer works; it is also the SONAME's number. */
#define GLN_ABI_VERSION 0

/* The version of the library that is linked, in the form of GLN_VERSION_NUMBER. */
GLN_API uint32_t gln_version_number(void);

/* The same as text, such as "0.1.0". Static storage. */
GLN_API const char *gln_version_string(void);

/* ------------------------------------------------------------------------------------------------- status */

/* The values are fixed for ever. */
typedef enum gln_status {
    GLN_OK = 0,
    GLN_INVALID_ARGUMENT = 1,    /* an argument is NULL, out of range or contradicts another */
    GLN_OUT_OF_MEMORY = 2,       /* the allocator returned NULL */
    GLN_IO_ERROR = 3,            /* a file cannot be opened, read, written or renamed */
    GLN_INVALID_MODEL = 4,       /* not a model file, or truncated, corrupted or contradictory */
    GLN_UNSUPPORTED_VERSION = 5, /* a model file of a newer major format version, or another ABI version */
    GLN_UNSUPPORTED = 6,         /* well-formed, but nothing that this library runs */
    GLN_NOT_FOUND = 7,           /* no layer of that name */
    GLN_BUFFER_TOO_SMALL = 8,    /* the caller's buffer cannot hold the result */
    GLN_BACKEND_UNAVAILABLE = 9, /* the backend's shared library is missing */
    GLN_BUSY = 10,               /* the session is running a call already */
    GLN_LIMIT_EXCEEDED = 11,     /* more memory would be needed than the option memory_limit allows */
    GLN_WRONG_PROCESS = 12,      /* session or team were made before a fork, by another process: see "Processes" */
    GLN_CANCELLED = 13,          /* the host ended the call: gln_session_cancel, or a progress callback */
    GLN_NOT_FINITE = 14          /* a value became infinite or NaN while the network ran */
} gln_status;

/*
 * The status in a few words, such as "invalid argument"; "unknown status" for a number without a name. Static storage.
 */
GLN_API const char *gln_status_string(gln_status status);

/*
 * What was wrong in the last call of this thread that did not return GLN_OK: which file, layer or argument, what was
 * found and what would be right. An empty string if nothing has failed yet. Valid until the thread's next failing call,
 * or its end. Says that there is no memory where there is none for the message itself.
 */
GLN_API const char *gln_last_error_message(void);

/*
 * Call with GLN_ABI_VERSION before anything else where the library is loaded at run time.
 * Returns GLN_OK, or GLN_UNSUPPORTED_VERSION if this library does not serve programs compiled against that version.
 */
GLN_API gln_status gln_check_abi(uint32_t abi_version);

/* -------------------------------------------------------------------------------------------------- choices */

/*
 * Instruction-set tiers. Each architecture has a list of its own, in the order of the numbers: portable, and on x86-64 the
 * others. A tier uses, of the tiers before it, what the CPU has too and it has nothing better for. Another architecture's
 * tiers have names, but cannot be asked for.
 */
typedef enum gln_isa {
    GLN_ISA_BEST = 0,        /* the best that the CPU and the operating system support */
    GLN_ISA_PORTABLE = 1,    /* the architecture's baseline (x86-64: SSE2) */
    GLN_ISA_AVX2 = 2,        /* x86-64: AVX2 + FMA */
    GLN_ISA_AVX_VNNI = 3,    /* x86-64: AVX2 + FMA + AVX-VNNI */
    GLN_ISA_AVX512 = 4,      /* x86-64: AVX2 + FMA + AVX-512 F, BW, DQ, VL */
    GLN_ISA_AVX512_VNNI = 5  /* x86-64: the same + AVX-512 VNNI */
} gln_isa;

typedef enum gln_backend {
    GLN_BACKEND_NATIVE = 0,  /* this library's kernels */
    GLN_BACKEND_OPENBLAS = 1 /* float32 convolutions as im2col + cblas_sgemm; loads libopenblas when first asked for */
} gln_backend;

typedef enum gln_algorithm {
    /* per layer, by shape: direct or Winograd convolution; deterministic. In float32 Winograd moved outputs of the BVLC
     * network by up to 1.4e-5 of a layer's largest value against direct convolution, and probabilities stayed within
     * 5.2e-6 of the reference's. In int8 it is exact: no bit of an output depends on the algorithm. */
    GLN_ALGORITHM_AUTO = 0,
    GLN_ALGORITHM_DIRECT = 1 /* direct convolution only */
} gln_algorithm;

typedef enum gln_precision {
    GLN_PRECISION_AUTO = 0, /* the model's own */
    GLN_PRECISION_FLOAT32 = 1,
    GLN_PRECISION_INT8 = 2  /* needs a quantized model */
} gln_precision;

/*
 * How pixels lie in memory. 0 to 4: bytes of a pixel in memory order, 8 bits a channel; alpha is ignored. The others are
 * for a gln_picture only. NV12 and I420 have Y (brightness) for each pixel in planes[0], and Cb and Cr (colour) for each
 * square of 2 x 2 pixels, whose four pixels get the same: rows and columns of them are half as many, rounded up. The
 * matrix is that of ITU-R BT.601. VIDEO has Y in 16 to 235 and colour in 16 to 240, as video has them; FULL has 0 to
 * 255, as JPEG and many cameras have them.
 */
typedef enum gln_pixel_format {
    GLN_PIXEL_RGB = 0,
    GLN_PIXEL_BGR = 1,
    GLN_PIXEL_RGBA = 2,
    GLN_PIXEL_BGRA = 3,
    GLN_PIXEL_GRAY = 4,
    GLN_PIXEL_NV12_VIDEO = 5,  /* planes[1]: Cb and Cr of a square side by side */
    GLN_PIXEL_NV12_FULL = 6,
    GLN_PIXEL_I420_VIDEO = 7,  /* planes[1]: Cb; planes[2]: Cr */
    GLN_PIXEL_I420_FULL = 8,
    /* red, green and blue of a pixel side by side, float32, 0 to 1: rounded to the nearest of 256 levels, what is below
     * 0 or above 1 to the first and the last. Values must be finite. */
    GLN_PIXEL_RGB_FLOAT32 = 9
} gln_pixel_format;

/*
 * The tier's name: "best", "portable", "avx2", "avx-vnni", "avx512" or "avx512-vnni"; NULL for any other number. Static
 * storage.
 */
GLN_API const char *gln_isa_name(gln_isa isa);

/* The best tier of this machine. Never GLN_ISA_BEST. Not affected by GOOGLENET_MAX_ISA. */
GLN_API gln_isa gln_cpu_isa(void);

/* --------------------------------------------------------------------------------------------------- models */

/* A trained network. Immutable; freed by gln_model_free. */
typedef struct gln_model gln_model;

typedef enum gln_memory {
    GLN_MEMORY_COPY = 0,  /* the library copies the bytes: the caller may free them on return */
    /* the library reads the caller's bytes in place: they must stay unchanged until the model and all its sessions are
     * freed */
    GLN_MEMORY_BORROW = 1
} gln_memory;

/*
 * Loads a model file made by `googlenet convert`. The file is mapped: fastest to load, and its pages take memory only
 * while their weights are packed. So it must stay what it is until the model and all its sessions are freed: where it
 * is changed in place, answers change; where it is made shorter, or its disk or network fails, the system ends the
 * process with SIGBUS when the model is loaded or a session is created. Replacing it by renaming another over it is
 * safe. gln_model_read_file has none of this. Of n bytes, valid or not, loading takes time in proportion to n and
 * allocates less than 16 MB + n. A model has at most 10,000 layers, and 16 MB outside of weights.
 * path   a NUL-terminated file name of less than 4,096 bytes; a longer one is GLN_IO_ERROR.
 * model  receives the model; the caller frees it with gln_model_free.
 * Returns GLN_IO_ERROR, GLN_INVALID_MODEL, GLN_UNSUPPORTED_VERSION, GLN_UNSUPPORTED or GLN_OUT_OF_MEMORY on failure.
 */
GLN_API gln_status gln_model_load_file(const char *path, gln_model **model);

/*
 * The same from a copy of the file in memory, which takes a few milliseconds longer: what becomes of the file later
 * harms nothing that is loaded. The weights leave memory once a session has packed them. They are read from the file a
 * second time where they are needed in a form that no living session holds: after the last session was freed, for other
 * settings (precision, tier, algorithm, threads, input size) and in gln_session_layer. Then gln_session_create or
 * gln_session_layer returns GLN_IO_ERROR if the file is gone or is no longer what it was. gln_model_load_memory needs
 * no file.
 * What is no file but a pipe, a socket or a terminal ("/dev/stdin" may be any of them) is read to its end, of at most
 * 2 GiB, and its weights stay in memory. A FIFO waits for who writes to it, as it does for other programs.
 */
GLN_API gln_status gln_model_read_file(const char *path, gln_model **model);

/*
 * The same from `size` bytes in memory. With GLN_MEMORY_BORROW nothing is copied; GLN_MEMORY_COPY allocates `size`
 * bytes more.
 */
GLN_API gln_status gln_model_load_memory(const void *bytes, size_t size, gln_memory memory, gln_model **model);

/*
 * Fills `buffer` with the `size` bytes that begin at byte `offset` of a model file, and returns 0. Anything else ends the
 * call that reads, which returns GLN_IO_ERROR.
 */
typedef int (*gln_read_function)(void *context, uint64_t offset, void *buffer, size_t size);

/*
 * The same from what a function reads, such as a file inside an archive, into a copy in memory.
 * read     called during this call only, on the calling thread, for all bytes from the first to the last, each once, in
 *          pieces of at most 1 MiB. May call the library.
 * size     of the file, in bytes; 0 is GLN_INVALID_MODEL, as an empty file.
 * context  handed to read.
 * Returns GLN_IO_ERROR where read returns anything but 0, and otherwise as gln_model_load_file.
 *
 *     static int read_part(void *archive, uint64_t offset, void *buffer, size_t size)
 *     {
 *         const long start = 512;
 *         return fseek(archive, start + (long)offset, SEEK_SET) != 0 || fread(buffer, 1, size, archive) != size;
 *     }
 *
 *     gln_status load_part(FILE *archive, uint64_t size, gln_model **model)
 *     {
 *         return gln_model_load_callbacks(read_part, size, archive, model);
 *     }
 */
GLN_API gln_status gln_model_load_callbacks(gln_read_function read, uint64_t size, void *context, gln_model **model);

/* Gives up the caller's handle. Sessions made from the model go on working. */
GLN_API void gln_model_free(gln_model *model);

/* The model's name as the converter stored it, such as "bvlc_googlenet". Valid as long as the model; NULL for NULL. */
GLN_API const char *gln_model_name(const gln_model *model);

/* The program that wrote the file, such as "googlenet 0.1.0 from Caffe". Valid as long as the model; NULL for NULL. */
GLN_API const char *gln_model_producer(const gln_model *model);

/* The number of classes: the length of one row of probabilities. 0 for NULL. */
GLN_API size_t gln_model_class_count(const gln_model *model);

/* The name of a class, "" where the model has no labels, NULL if there is no such class. Valid as long as the model. */
GLN_API const char *gln_model_label(const gln_model *model, size_t class_index);

/* The size in pixels and the number of channels of the network's input, as used in training. 0 for NULL. */
GLN_API int32_t gln_model_input_height(const gln_model *model);
GLN_API int32_t gln_model_input_width(const gln_model *model);
GLN_API int32_t gln_model_input_channels(const gln_model *model);

/* The channels of the network's input, in their order. */
typedef enum gln_channel_order {
    GLN_CHANNEL_ORDER_RGB = 0,
    GLN_CHANNEL_ORDER_BGR = 1,
    GLN_CHANNEL_ORDER_GRAY = 2 /* one channel */
} gln_channel_order;

/*
 * What a picture is resized to before its centre is cut out; docs/pictures.md says it to the pixel. Each pixel of the
 * result is made of all pixels that it covers; not so with the plain rules, which look at four.
 */
typedef enum gln_resize_rule {
    GLN_RESIZE_SHORT_SIDE = 0,        /* the short side becomes short_side, the long one in proportion */
    GLN_RESIZE_SHORT_SIDE_PLAIN = 1,
    GLN_RESIZE_TORCHVISION = 2,       /* the same, rounded and cut as torchvision.transforms do */
    GLN_RESIZE_TORCHVISION_PLAIN = 3,
    GLN_RESIZE_SQUARE = 4,            /* both sides become short_side */
    GLN_RESIZE_SQUARE_PLAIN = 5
} gln_resize_rule;

/*
 * How a picture becomes the network's input: resized by resize_rule, its centre of input_width x input_height pixels cut
 * out, and the network sees (pixel - mean) * scale of pixels 0 to 255. Set struct_size to sizeof(gln_preprocessing)
 * before the call, as GLN_PREPROCESSING_INIT does; members beyond it are not written.
 */
typedef struct gln_preprocessing {
    size_t struct_size;
    gln_channel_order channel_order;
    int32_t channels;             /* 3, or 1 for gray */
    int32_t input_height;         /* in pixels, as used in training */
    int32_t input_width;
    int32_t short_side;           /* in pixels */
    gln_resize_rule resize_rule;
    float mean[3];                /* a value a channel, in channel_order; 0 beyond `channels` */
    float scale[3];
} gln_preprocessing;

#define GLN_PREPROCESSING_INIT                                                                                         \
    {sizeof(gln_preprocessing), GLN_CHANNEL_ORDER_RGB, 0, 0, 0, 0, GLN_RESIZE_SHORT_SIDE, {0, 0, 0}, {0, 0, 0}}

/*
 * Tells how pictures become the network's input. GLN_INVALID_ARGUMENT if struct_size is not set.
 *
 *     void print_normalization(const gln_model *model)
 *     {
 *         gln_preprocessing it = GLN_PREPROCESSING_INIT;
 *         if (gln_model_preprocessing(model, &it) != GLN_OK)
 *             return;
 *         for (int32_t i = 0; i < it.channels; i++)
 *             printf("(pixel - %g) * %g\n", (double)it.mean[i], (double)it.scale[i]);
 *     }
 */
GLN_API gln_status gln_model_preprocessing(const gln_model *model, gln_preprocessing *preprocessing);

/*
 * A text that the model file keeps under a key, such as gln_model_metadata(model, "licence"); NULL where there is none.
 * `googlenet convert` keeps what the trained file says, and what --metadata adds. By convention "licence" and "source"
 * are those of the weights, "accuracy" is what was measured, "synsets" the WordNet ids of the classes, one a line,
 * "description" a few words, and "source_producer" what wrote the trained file. Valid as long as the model.
 */
GLN_API const char *gln_model_metadata(const gln_model *model, const char *key);

/* The number of such texts, at most 1024. 0 for NULL. */
GLN_API size_t gln_model_metadata_count(const gln_model *model);

/*
 * Tells key and value of text `index`, counted from 0, in the order of the file. Keys have 1 to 256 bytes, and none is
 * there twice; values have at most 65,536. Valid as long as the model. GLN_INVALID_ARGUMENT if there is no such text.
 *
 *     void print_metadata(const gln_model *model)
 *     {
 *         const char *key, *value;
 *         for (size_t i = 0; i < gln_model_metadata_count(model); i++)
 *             if (gln_model_metadata_entry(model, i, &key, &value) == GLN_OK)
 *                 printf("%s: %s\n", key, value);
 *     }
 */
GLN_API gln_status gln_model_metadata_entry(const gln_model *model, size_t index, const char **key, const char **value);

/* The length of the feature vector that gln_session_features writes for an image (1024 in GoogLeNet). 0 for NULL. */
GLN_API size_t gln_model_feature_count(const gln_model *model);

/* GLN_PRECISION_INT8 for a quantized model, otherwise GLN_PRECISION_FLOAT32; GLN_PRECISION_AUTO for NULL. */
GLN_API gln_precision gln_model_precision(const gln_model *model);

/*
 * The number of trained values, and of multiply-adds for one image of the model's own input size; UINT64_MAX where it
 * is larger. 0 for NULL.
 */
GLN_API uint64_t gln_model_parameter_count(const gln_model *model);
GLN_API uint64_t gln_model_multiply_add_count(const gln_model *model);

/*
 * A measure of how long the network takes for one image of the model's own input size, with which a host can bound the
 * work of a model that it did not make: the multiply-adds; for pooling and local response normalization outputs times
 * the pixels or channels of a window, for sums times the number of inputs; and the outputs of all other layers.
 * UINT64_MAX where it is larger. About 1.6e9 for GoogLeNet at 224 x 224. 0 for NULL.
 */
GLN_API uint64_t gln_model_work_count(const gln_model *model);

/*
 * What a layer is. Set struct_size to sizeof(gln_layer_info) before the call, as GLN_LAYER_INFO_INIT does; members beyond
 * it are not written.
 */
typedef struct gln_layer_info {
    size_t struct_size;
    const char *name;            /* unique in the model; valid as long as the model */
    const char *kind;            /* "Convolution", "Pooling", …; static storage */
    int32_t channels;            /* the shape of its output for an image of the model's own input size */
    int32_t height;
    int32_t width;
    uint64_t parameter_count;
    uint64_t multiply_add_count;
} gln_layer_info;

#define GLN_LAYER_INFO_INIT {sizeof(gln_layer_info), NULL, NULL, 0, 0, 0, 0, 0}

/* The number of layers, in the order in which they run. 0 for NULL. */
GLN_API size_t gln_model_layer_count(const gln_model *model);

/* Describes layer `index`, counted from 0. GLN_INVALID_ARGUMENT if there is no such layer or struct_size is not set. */
GLN_API gln_status gln_model_layer(const gln_model *model, size_t index, gln_layer_info *info);

/* ------------------------------------------------------------------------------------------------- threads */

/*
 * Threads that several sessions share, of one model or of many, so that together they take no more of the CPU than the
 * team has threads. A session runs stage by stage. The team works on one stage at a time, of whoever asked first, and
 * is free between a session's stages and while a callback runs: sessions that run at the same time take turns of
 * mostly less than a millisecond, and none returns GLN_BUSY because of another. gln_session_create takes one turn to
 * pack weights. What takes a single thread runs at once, on the thread that calls. No result depends on the team.
 */
typedef struct gln_thread_team gln_thread_team;

/*
 * threads            how many work on a stage, the one that calls included: 1 to 256, or 0 for as many as CPUs are
 *                    allowed to this process, as in gln_session_options_set_threads. One fewer is started.
 * spin_microseconds  how long who has nothing to do waits busily before it sleeps, 0 to 1000000: a worker for the next
 *                    stage, and the next session for its turn. A session's own threads have 200.
 * team               receives the team; the caller frees it with gln_thread_team_free.
 * Returns GLN_INVALID_ARGUMENT or GLN_OUT_OF_MEMORY on failure.
 */
GLN_API gln_status gln_thread_team_create(int32_t threads, int32_t spin_microseconds, gln_thread_team **team);

/* Gives up the caller's handle. The threads end with the last session, and the last options, that use the team. */
GLN_API void gln_thread_team_free(gln_thread_team *team);

/* The number of threads, the one that calls included. 0 for NULL. */
GLN_API int32_t gln_thread_team_threads(const gln_thread_team *team);

/* -------------------------------------------------------------------------------------------------- options */

/* How a session is to run. Made with default values; may be reused for any number of sessions; freed by its maker. */
typedef struct gln_session_options gln_session_options;

/* GLN_OUT_OF_MEMORY on failure. The caller frees *options with gln_session_options_free. */
GLN_API gln_status gln_session_options_create(gln_session_options **options);
GLN_API void gln_session_options_free(gln_session_options *options);

/*
 * The number of threads that work on a call, the caller's own included: 1 to 256, or 0 (default) for as many as CPUs
 * are allowed to this process: its affinity mask, lowered by the smallest CPU quota of its cgroup and those above it,
 * rounded up. With a thread team at most as many as it has, and all of them for 0.
 */
GLN_API gln_status gln_session_options_set_threads(gln_session_options *options, int32_t threads);

/*
 * The last tier of the architecture's list that may be used. Default GLN_ISA_BEST. A tier that the CPU lacks is lowered to
 * the last one before it that it has; one of another architecture is GLN_INVALID_ARGUMENT. The environment variable
 * GOOGLENET_MAX_ISA, with the names of gln_isa_name, lowers it further.
 */
GLN_API gln_status gln_session_options_set_max_isa(gln_session_options *options, gln_isa isa);

GLN_API gln_status gln_session_options_set_backend(gln_session_options *options, gln_backend backend);
GLN_API gln_status gln_session_options_set_algorithm(gln_session_options *options, gln_algorithm algorithm);
GLN_API gln_status gln_session_options_set_precision(gln_session_options *options, gln_precision precision);

/*
 * Another input size than the model's own, in pixels, 1 to 8192 each; 0, 0 for the model's own (default). Padding that
 * follows a rule (SAME) is that of the size; whether the network allows it is checked by gln_session_create.
 */
GLN_API gln_status gln_session_options_set_input_size(gln_session_options *options, int32_t height, int32_t width);

/*
 * How long an idle worker thread busily waits for more work before it sleeps, in microseconds, 0 to 1000000.
 * Default 200. Longer answers faster, shorter leaves the CPU to others. A thread team's workers have the team's.
 */
GLN_API gln_status gln_session_options_set_spin_time(gln_session_options *options, int32_t microseconds);

/*
 * The most memory that a session may take, in bytes: packed weights (even where it shares them with other sessions),
 * activations, working memory of its threads and pixels, of the session itself and of what gln_session_layer and
 * pictures of new sizes need later, all together. Default 2 GiB, also for 0; UINT64_MAX for as much as there is, though
 * activations never take more than 8 GiB. Checked before anything large is allocated: gln_session_create and the calls
 * return GLN_LIMIT_EXCEEDED, with a message that says how much is needed. Leave some for resizing pictures: about their
 * height x input width x 3 bytes, 2 MB for a photo of 3,000 rows. Not counted: the model file, the threads' stacks (1
 * MB each) and small bookkeeping.
 */
GLN_API gln_status gln_session_options_set_memory_limit(gln_session_options *options, uint64_t bytes);

/*
 * Where packed weights, activations and the kernels' working memory come from. `allocate` returns `size` bytes aligned
 * to `alignment` (a power of two), or NULL; `release` gets what allocate returned and its size. Both may be called from
 * any thread that uses the model, and must stay valid until the model and all its sessions are freed. Sessions share
 * packed weights only where their allocators are the same. All else comes from malloc and mmap: bookkeeping, copies of
 * model files, the picture cut to the input size, rows of a picture that is resized, and what packing works in. NULL,
 * NULL for the default.
 */
typedef void *(*gln_allocate_function)(void *context, size_t size, size_t alignment);
typedef void (*gln_release_function)(void *context, void *block, size_t size);
GLN_API gln_status gln_session_options_set_allocator(gln_session_options *options, gln_allocate_function allocate,
                                                     gln_release_function release, void *context);

/*
 * Receives a line of text, without a newline and valid only during the call, about each notable choice that
 * gln_session_create makes (tier, threads, memory). Called on the thread that creates the session. NULL for none
 * (default).
 */
typedef void (*gln_log_function)(void *context, const char *message);
GLN_API gln_status gln_session_options_set_log(gln_session_options *options, gln_log_function log, void *context);

/*
 * Tells how far a call is that runs the network on several views or images: called after each, on the calling thread,
 * with done from 1 to total, also for one alone; the rows of those that are done have been written. Another value than 0
 * cancels the call, which returns GLN_CANCELLED as with gln_session_cancel; after the last one it does nothing. The
 * session is busy meanwhile. NULL for none (default). To show it, and stop after as many images as the context says:
 *
 *     int show_progress(void *context, size_t done, size_t total)
 *     {
 *         const size_t *enough = context;
 *         printf("%lu of %lu\n", (unsigned long)done, (unsigned long)total);
 *         return done == *enough;
 *     }
 */
typedef int (*gln_progress_function)(void *context, size_t done, size_t total);
GLN_API gln_status gln_session_options_set_progress(gln_session_options *options, gln_progress_function progress,
                                                    void *context);

/*
 * Runs the session's work on the host's own threads instead of the session's. `parallel_for` must call
 * work(work_context, i) once for every i from 0 to count - 1 (other numbers do nothing), on any threads, at the same
 * time or one after another, and return after the last has returned. count is at most gln_session_threads, and work may
 * be called at the same time only with different i. NULL for the session's own threads (default).
 */
typedef void (*gln_work_function)(void *work_context, size_t index);
typedef void (*gln_parallel_for_function)(void *context, size_t count, gln_work_function work, void *work_context);
GLN_API gln_status gln_session_options_set_parallel_for(gln_session_options *options,
                                                        gln_parallel_for_function parallel_for, void *context);

/*
 * Runs the session's work on a team's threads instead of its own. The options and the session keep the team alive.
 * NULL for the session's own threads (default). With a parallel_for besides, gln_session_create returns
 * GLN_INVALID_ARGUMENT; with a team that another process made before a fork, GLN_WRONG_PROCESS.
 */
GLN_API gln_status gln_session_options_set_thread_team(gln_session_options *options, gln_thread_team *team);

/* ------------------------------------------------------------------------------------------------- sessions */

/* A model made ready to run: chosen kernels, packed weights, memory for activations, threads. */
typedef struct gln_session gln_session;

/*
 * options  NULL for default values; not needed after the call.
 * session  receives the session; the caller frees it with gln_session_free.
 * Returns GLN_OUT_OF_MEMORY, GLN_LIMIT_EXCEEDED, GLN_UNSUPPORTED (int8 asked of a float32 model, an input size that the
 * network cannot take), GLN_BACKEND_UNAVAILABLE, GLN_IO_ERROR (see gln_model_read_file) or GLN_INVALID_ARGUMENT (also
 * where the environment variable GOOGLENET_MAX_ISA is no tier's name) on failure. After it, calls on the session that
 * succeed allocate nothing, except those that take pictures for a larger one than any
 * before, gln_session_layer and gln_session_run for layers that they keep no way to (see there), and
 * gln_session_profile.
 */
GLN_API gln_status gln_session_create(const gln_model *model, const gln_session_options *options, gln_session **session);

/*
 * Stops the session's threads and frees it. Must not be called while another call on the session runs. In a forked
 * child it frees the memory alone, a custom allocator's too, and waits for nothing.
 */
GLN_API void gln_session_free(gln_session *session);

/*
 * What the session really uses, after all caps. GLN_ISA_BEST, 0, … for NULL. The backend is the one asked for, which an
 * int8 session may have no use for.
 */
GLN_API gln_isa gln_session_isa(const gln_session *session);
GLN_API int32_t gln_session_threads(const gln_session *session);
GLN_API gln_precision gln_session_precision(const gln_session *session);
GLN_API gln_backend gln_session_backend(const gln_session *session);
GLN_API int32_t gln_session_input_height(const gln_session *session);
GLN_API int32_t gln_session_input_width(const gln_session *session);

/*
 * Bytes of packed weights (shared by the model's sessions of the same settings), and of activations with what kernels
 * work in. 0 for NULL.
 */
GLN_API size_t gln_session_weight_bytes(const gln_session *session);
GLN_API size_t gln_session_activation_bytes(const gln_session *session);

/*
 * The memory that a session and its model hold, in bytes. Set struct_size to sizeof(gln_session_memory_info) before the
 * call, as GLN_SESSION_MEMORY_INFO_INIT does; members beyond it are not written.
 */
typedef struct gln_session_memory_info {
    size_t struct_size;
    size_t model_bytes;   /* the model file: mapped (its pages leave memory as their weights are packed), copied or borrowed */
    size_t weight_bytes;  /* packed weights, shared by the model's sessions of the same settings */
    size_t arena_bytes;   /* activations, each where another one is no longer needed */
    size_t scratch_bytes; /* what kernels work in, for all threads together */
    size_t picture_bytes; /* the picture cut to the input size; classify also keeps a few rows of the largest picture */
    /*
     * The most that model and session held at once until gln_session_create returned, at most: as if the whole model file had
     * been in memory until its weights were packed, and no other session had packed them before. Running needs no more.
     */
    size_t peak_bytes;
} gln_session_memory_info;

#define GLN_SESSION_MEMORY_INFO_INIT {sizeof(gln_session_memory_info), 0, 0, 0, 0, 0, 0}

/*
 * Tells how much memory a session holds. The library's code and bookkeeping (about 1 MB together), the threads' stacks,
 * what gln_session_layer prepares and libopenblas are not counted. GLN_INVALID_ARGUMENT if struct_size is not set.
 */
GLN_API gln_status gln_session_memory(const gln_session *session, gln_session_memory_info *info);

/*
 * A picture of bytes in one plane, for gln_session_classify and gln_session_preprocess. Functions that came later take a
 * gln_picture. Borrowed for the length of the call.
 */
typedef struct gln_image {
    const void *pixels;      /* the first byte of the top row */
    int32_t width;           /* in pixels, 1 to 65535 */
    int32_t height;
    ptrdiff_t row_stride;    /* bytes from a row to the next: at least width * bytes per pixel; 0 for exactly that */
    gln_pixel_format format;
} gln_image;

typedef struct gln_prediction {
    int32_t class_index;
    float probability;       /* 0 to 1 */
    const char *label;       /* "" where the model has no labels; valid until the model and all its sessions are freed */
} gln_prediction;

/*
 * Classifies a picture, whose pixels are in the order in which people see it (turn them first where its EXIF says so):
 * resizes it by the model's rule (docs/pictures.md says them to the pixel), cuts the centre to the network's input
 * size, normalises, runs the network. gln_session_run does it for several pictures at once, and for turned ones.
 * predictions  receives the `capacity` likeliest classes, most probable first; ties go to the lower class index.
 * count        receives how many were written: the smaller of capacity and the class count. May be NULL.
 * GLN_INVALID_ARGUMENT for capacity 0 or a wrong image, GLN_NOT_FINITE as gln_session_predict; both outputs then stay
 * as they were.
 */
GLN_API gln_status gln_session_classify(gln_session *session, const gln_image *image, gln_prediction *predictions,
                                        size_t capacity, size_t *count);

/*
 * The first part of gln_session_classify alone: writes the resized, cut picture as rows of RGB bytes without gaps (gray
 * bytes where the network takes one channel), input_height * input_width * input_channels bytes, ready for
 * GLN_BATCH_U8. `capacity` is the number of bytes that `pixels` holds; GLN_BUFFER_TOO_SMALL if that is less.
 */
GLN_API gln_status gln_session_preprocess(gln_session *session, const gln_image *image, uint8_t *pixels, size_t capacity);

/*
 * A picture in the caller's memory, borrowed for the length of the call. Members that are not named are 0, and
 * `orientation` 1, with GLN_PICTURE_INIT; a picture of RGB bytes without gaps needs planes[0], width and height.
 */
typedef struct gln_picture {
    size_t struct_size;      /* sizeof(gln_picture) */
    const void *planes[3];   /* the first byte of the top row of each plane that the format has; NULL for others.
                              * No byte may belong to two planes. */
    ptrdiff_t strides[3];    /* bytes from a row to the next: at least those of a row; 0 for exactly that, and for others */
    int32_t width;           /* of the rows in memory, in pixels, 1 to 65535 */
    int32_t height;
    gln_pixel_format format;
    int32_t orientation;     /* how the rows lie, as EXIF's tag Orientation says it, 1 to 8: read so, without a copy; 0 for 1 */
} gln_picture;
#define GLN_PICTURE_INIT {sizeof(gln_picture), {NULL, NULL, NULL}, {0, 0, 0}, 0, 0, GLN_PIXEL_RGB, 1}

/*
 * How a part of a picture becomes the network's input. docs/pictures.md says it to the pixel. WARP and ASPECT lay the
 * input over the picture, `context` pixels of the input beyond the box on each side, and show what is there; what is
 * beyond the picture has the model's mean colour, rounded to a level.
 */
typedef enum gln_fit {
    GLN_FIT_MODEL = 0,  /* resized and cut by the model's rule, as if the box were the whole picture */
    GLN_FIT_WARP = 1,   /* the box is stretched to the input */
    GLN_FIT_ASPECT = 2  /* the box keeps its aspect, and its longer side (in proportion to the input's) fills the input */
} gln_fit;

/* A picture, or a part of it, as the network is to see it. Members that are not named are 0 with GLN_VIEW_INIT. */
typedef struct gln_view {
    size_t struct_size;         /* sizeof(gln_view) */
    const gln_picture *picture;
    int32_t left;               /* a box in pixels of the picture as it is seen, which it must not leave; */
    int32_t top;                /* four times 0 for the whole picture */
    int32_t width;
    int32_t height;
    int32_t mirrored;           /* 1: left and right of the input change places; 0: they do not */
    gln_fit fit;
    int32_t context;            /* pixels of the input, less than half of its sides; 0 with GLN_FIT_MODEL */
    int32_t reserved;           /* 0 */
} gln_view;
#define GLN_VIEW_INIT {sizeof(gln_view), NULL, 0, 0, 0, 0, 0, GLN_FIT_MODEL, 0, 0}

typedef enum gln_request_kind {
    GLN_REQUEST_PROBABILITIES = 0, /* as gln_session_predict */
    GLN_REQUEST_LOGITS = 1,
    GLN_REQUEST_FEATURES = 2,      /* as gln_session_features */
    GLN_REQUEST_LAYER = 3,         /* as gln_session_layer */
    GLN_REQUEST_TOP = 4            /* the likeliest classes, as gln_session_classify */
} gln_request_kind;

/*
 * What is wanted of each view: rows, one after another, in the order of the views, where nothing else of the call lies.
 * A row has gln_model_class_count probabilities or logits, gln_model_feature_count features, the channels x height x
 * width of gln_session_layer_shape, or as many classes as `top` and the model allow. Members that are not named are 0
 * with GLN_REQUEST_INIT.
 */
typedef struct gln_request {
    size_t struct_size;    /* sizeof(gln_request) */
    gln_request_kind kind;
    int32_t top;           /* GLN_REQUEST_TOP: how many classes, at least 1; as many as there are where it is more; others: 0 */
    const char *layer;     /* GLN_REQUEST_LAYER: the layer's name; others: NULL */
    void *values;          /* receives the rows: gln_prediction for GLN_REQUEST_TOP, float for the others */
    size_t capacity;       /* how many of them it holds: at least view_count times the length of a row */
    size_t *row_length;    /* receives the length of a row, in elements of `values`; may be NULL */
} gln_request;
#define GLN_REQUEST_INIT {sizeof(gln_request), GLN_REQUEST_PROBABILITIES, 0, NULL, NULL, 0, NULL}

/*
 * Answers all requests for all views, in one pass over the network for each view. For two pictures and what is likeliest
 * in them, with their features:
 *
 *     int describe(gln_session *session, const gln_picture pictures[2], gln_prediction best[2], float *features,
 *                  size_t capacity)
 *     {
 *         gln_view views[2] = {GLN_VIEW_INIT, GLN_VIEW_INIT};
 *         gln_request requests[2] = {GLN_REQUEST_INIT, GLN_REQUEST_INIT};
 *         views[0].picture = &pictures[0];
 *         views[1].picture = &pictures[1];
 *         requests[0].kind = GLN_REQUEST_TOP;
 *         requests[0].top = 1;
 *         requests[0].values = best;
 *         requests[0].capacity = 2;
 *         requests[1].kind = GLN_REQUEST_FEATURES;
 *         requests[1].values = features;
 *         requests[1].capacity = capacity;
 *         return gln_session_run(session, views, 2, requests, 2);
 *     }
 *
 * views     view_count of them, at least 1. The elements of both arrays lie as far apart as the first one's struct_size
 *           says, and all have that size. Members that a newer header has must be 0 for this library: GLN_UNSUPPORTED.
 * requests  request_count of them, 1 to 1024, all for the same views.
 * A view, a request or a capacity (GLN_BUFFER_TOO_SMALL) that is wrong is found before anything is written; a layer that
 * the model does not have is GLN_NOT_FOUND. GLN_NOT_FINITE as gln_session_predict, GLN_INVALID_ARGUMENT for a picture of
 * floats that are not finite, and GLN_CANCELLED: rows of earlier views may have been written, those of the view concerned
 * and of later ones are as they were.
 * The answers for a view do not depend on the other views and requests, to the last bit. What is not computed for the
 * probabilities (a convolution before the layers that are folded into it) is computed besides where it is asked for.
 * Probabilities, logits, features and the likeliest classes cost nothing to ask for together. Layers need a way through
 * the network of their own, which takes up to as long as creating a session; those for the last four combinations of
 * layers are kept for the next calls, as long as the memory limit has room for them.
 */
GLN_API gln_status gln_session_run(gln_session *session, const gln_view *views, size_t view_count,
                                   const gln_request *requests, size_t request_count);

/*
 * A view as the network is to see it, as gln_session_preprocess writes a picture. A box of 50 x 40 pixels with what lies
 * around it, as R-CNN has it:
 *
 *     gln_status warp(gln_session *session, const gln_picture *picture, uint8_t *pixels, size_t capacity)
 *     {
 *         gln_view view = GLN_VIEW_INIT;
 *         view.picture = picture;
 *         view.left = 10;
 *         view.top = 20;
 *         view.width = 50;
 *         view.height = 40;
 *         view.fit = GLN_FIT_WARP;
 *         view.context = 4;
 *         return gln_session_preprocess_view(session, &view, pixels, capacity);
 *     }
 */
GLN_API gln_status gln_session_preprocess_view(gln_session *session, const gln_view *view, uint8_t *pixels,
                                               size_t capacity);

/*
 * Stops the call that runs on the session, which returns GLN_CANCELLED with a message of how many views or images were
 * done, within the longest operation of the network and on any thread; where none runs, or it is about to return, nothing happens. May be called from any thread, callback or
 * signal handler while the session lives:
 *
 *     gln_session *interruptible;
 *     void interrupt(int signal_number)
 *     {
 *         (void)signal_number;
 *         gln_session_cancel(interruptible);
 *     }
 */
GLN_API void gln_session_cancel(gln_session *session);

typedef enum gln_batch_kind {
    GLN_BATCH_U8 = 0,     /* pixels of exactly the session's input size in `format`, NHWC without gaps; normalised here */
    /* tensors, NCHW, already normalised and in the network's own channel order; `format` is ignored. All values must be
     * finite: NaN and infinity are GLN_INVALID_ARGUMENT, looked for just before an image runs. */
    GLN_BATCH_FLOAT32 = 1
} gln_batch_kind;

/* Images of exactly the session's input size. Borrowed for the length of the call. */
typedef struct gln_batch {
    gln_batch_kind kind;
    gln_pixel_format format;
    const void *data;
    size_t count; /* images, at least 1 */
} gln_batch;

typedef enum gln_output {
    GLN_OUTPUT_PROBABILITIES = 0, /* after softmax; each row sums to 1 */
    GLN_OUTPUT_LOGITS = 1         /* before it */
} gln_output;

/*
 * Runs the network on a batch and writes batch->count rows of class_count float32 values. A session that computes in
 * int8 reads pixels: tensors are turned back into the nearest ones.
 * capacity  the number of floats that `values` holds; GLN_BUFFER_TOO_SMALL if it is less than count * class_count.
 * The result for an image does not depend on the batch that it came in.
 * GLN_NOT_FINITE if a value of any layer became infinite or NaN on the way, even if a later layer would hide it: the
 * message names the image and the layer. Layers that are computed as one (a convolution with the batch normalization
 * after it) count as one. With it, and with GLN_INVALID_ARGUMENT for a tensor that is not finite, the rows of earlier
 * images may have been written; that of the image concerned and all later ones stay as they were.
 */
GLN_API gln_status gln_session_predict(gln_session *session, const gln_batch *batch, gln_output output, float *values,
                                       size_t capacity);

/*
 * The pooled features before the classifier: batch->count rows of gln_model_feature_count floats. The whole network
 * runs, and fails, as in gln_session_predict; `capacity` is the number of floats that `values` holds, as there.
 */
GLN_API gln_status gln_session_features(gln_session *session, const gln_batch *batch, float *values, size_t capacity);

/*
 * The shape of a named layer's output at the session's input size. GLN_NOT_FOUND if the model has no such layer.
 */
GLN_API gln_status gln_session_layer_shape(gln_session *session, const char *name, int32_t *channels, int32_t *height,
                                           int32_t *width);

/*
 * Any layer's own output (a convolution's before the activation that follows it): batch->count times channels × height
 * × width float32 values, NCHW. The first call for a name prepares a way through the network up to that layer, which
 * takes up to as long as creating a session. Those of the last four names are kept for the next calls with them, as
 * long as the memory limit has room for them. GLN_NOT_FOUND if the model has no such layer; fails otherwise as
 * gln_session_predict, for values of the layer and of those before it, and for a `capacity`, in floats, that is too
 * small.
 */
GLN_API gln_status gln_session_layer(gln_session *session, const char *name, const gln_batch *batch, float *values,
                                     size_t capacity);

/*
 * One operation of a run, and how long it took. Written by the library: struct_size is the library's own size of it,
 * and a program that may meet a library older than its header reads no member beyond that. Later versions may add
 * members at the end.
 */
typedef struct gln_operation_time {
    size_t struct_size;
    size_t image;                  /* which image of the batch, counted from 0 */
    size_t layer_count;            /* how many layers it computes in one go: more than one where layers were fused */
    const char *const *layers;     /* their names, in the order of the model; NULL where layer_count is 0 */
    const char *kind;              /* the first layer's; "Input" for the filling of the network's input, which has no layer */
    const char *kernel;            /* how it is computed, such as "direct" or "Winograd F(4x4, 3x3)"; for people to read */
    gln_precision precision;       /* GLN_PRECISION_INT8 where it reads integers */
    int32_t channels;              /* the shape of its output */
    int32_t height;
    int32_t width;
    uint64_t multiply_add_count;   /* of the convolution as it is defined, whatever computes it; 0 for other kinds */
    uint64_t multiplication_count; /* really done: fewer with Winograd, whose transforms are not counted */
    uint64_t nanoseconds;          /* by the clock, with all of the session's threads working on it */
} gln_operation_time;

/*
 * Receives one operation of a profile. `operation` and the array `layers` live until it returns; names as long as the
 * model; kind and kernel are static storage. Must not call a function that runs the same session: that returns
 * GLN_BUSY.
 */
typedef void (*gln_profile_function)(void *context, const gln_operation_time *operation);

/*
 * Runs the network on a batch one operation after another, and takes the time of each. Layers that need no operation of
 * their own (concatenation in place, dropout) appear in none. The sum is more than the time of gln_session_predict,
 * which runs operations that do not depend on each other at the same time. Sessions that are not profiled lose no time
 * by it. Call it several times and take medians: the first run of a session is slower.
 * receive  called on the calling thread after each image, for its operations in the order in which they ran: a few
 *          dozen calls. Not called for an image that fails with GLN_NOT_FINITE or GLN_INVALID_ARGUMENT, as in
 *          gln_session_predict, nor for later ones.
 * context  handed to receive.
 */
GLN_API gln_status gln_session_profile(gln_session *session, const gln_batch *batch, gln_profile_function receive,
                                       void *context);

#ifdef __cplusplus
}
#endif

#endif
