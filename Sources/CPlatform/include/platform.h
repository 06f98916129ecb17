/* What the core needs of the operating system and the CPU and Swift without Foundation cannot reach. */
#ifndef GLN_PLATFORM_H
#define GLN_PLATFORM_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

/*
 * For the few bytes that each thread has of its own: in the block that it was started with, since glibc ends the process where a block
 * made at first use finds no memory.
 */
#if defined(__GLIBC__)
#define GLN_THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define GLN_THREAD_LOCAL _Thread_local
#endif

/* ------------------------------------------------------------------------------------------------- memory */

/* `size` bytes aligned to `alignment` (a power of two, at least the size of a pointer); NULL where there is no memory. */
void *gln_allocate_aligned(size_t size, size_t alignment);
void gln_free_aligned(void *block);

/*
 * The reserve of a call: where the shipped library's Swift code gets memory when the system has none left, so that the call can
 * end with an error. Each call of the library begins one on its thread and ends it; calls may be nested.
 */
typedef struct gln_reserve gln_reserve;
/* 64 KiB to begin with. -1 where there is no memory for it. */
int gln_reserve_begin(void);
/* Makes the thread's reserve hold `size` more bytes, which cost no memory until they are needed. -1 where there is none. */
int gln_reserve_ensure(size_t size);
/* Whether anything has been taken from the thread's reserve: the call must fail with "out of memory". */
int gln_reserve_served(void);
/* What still lies in the reserve stays until it is freed. */
void gln_reserve_end(void);
/* For threads that work for a call: its reserve, taken there and made theirs here; NULL for none. */
gln_reserve *gln_reserve_current(void);
void gln_reserve_adopt(gln_reserve *reserve);
/* Around a fork, so that a child never finds the reserves half changed. */
void gln_reserve_lock(void);
void gln_reserve_unlock(void);

/* -------------------------------------------------------------------------------------------------- files */

/*
 * Maps a file for reading. Returns 0, or the errno of what failed. An empty file gives NULL and size 0. A folder gives
 * EISDIR, what else is not a regular file GLN_NOT_A_FILE. Only where *stream is 1, a pipe, a socket or a terminal is
 * read to its end instead, of at most GLN_STREAM_LIMIT bytes, beyond which it gives GLN_TOO_LONG; *stream is 1 then,
 * and 0 for a file.
 */
int gln_map_file(const char *path, int *stream, const void **bytes, size_t *size);
/*
 * The same with a copy in memory of its own, also given back by gln_unmap_file. A file that becomes shorter meanwhile gives EIO, and
 * one of another size than *size GLN_OTHER_SIZE, before anything is read; *size 0 takes any.
 */
int gln_read_file(const char *path, int *stream, void **bytes, size_t *size);
enum { GLN_OTHER_SIZE = ESTALE, GLN_NOT_A_FILE = EINVAL, GLN_TOO_LONG = EFBIG };
/* What models and trained files have at most, too. */
#define GLN_STREAM_LIMIT ((size_t)1 << 31)
/* Writes the NUL-terminated path of the working folder. Returns 0, or the errno of what failed. */
int gln_working_folder(char *path, size_t size);
/* The errno of what failed for want of memory. */
enum { GLN_NO_MEMORY = ENOMEM };
void gln_unmap_file(const void *bytes, size_t size);
/* Lets the whole pages within a range of a mapped file, or of a copy, leave memory. Those of a copy are zeros from then on. */
void gln_drop_pages(const void *bytes, size_t size);
/* strerror_r: writes a NUL-terminated text. */
void gln_error_text(int error, char *text, size_t capacity);

/* ---------------------------------------------------------------------------------------------------- CPU */

/* What the CPU has and the operating system saves, a bit each. */
enum {
    GLN_CPU_AVX2 = 1,
    GLN_CPU_FMA = 2,
    GLN_CPU_AVX_VNNI = 4,
    GLN_CPU_AVX512F = 8,
    GLN_CPU_AVX512BW = 16,
    GLN_CPU_AVX512DQ = 32,
    GLN_CPU_AVX512VL = 64,
    GLN_CPU_AVX512_VNNI = 128
};
uint32_t gln_cpu_features(void);

/* The number of CPUs that this process may use: its affinity mask, lowered by cgroup quotas. At least 1. */
int32_t gln_allowed_cpus(void);

/* The value of an environment variable, or NULL. */
const char *gln_environment(const char *name);

/* Lets a thread sleep for about a millisecond. */
void gln_nap(void);

/* Nanoseconds of a clock that only goes forward. */
uint64_t gln_nanoseconds(void);

/* ------------------------------------------------------------------------------------------------- errors */

/* The calling thread's last error message; never NULL. */
const char *gln_thread_message(void);
/* Stores up to 1,023 bytes of a message, cut at a UTF-8 character; where there is no memory for it, another one that says so. */
void gln_set_thread_message(const uint8_t *text, size_t length);

/* ----------------------------------------------------------------------------------------- floating point */

/* Rounding, treatment of subnormal numbers, masked exceptions and raised flags of a thread. */
#if defined(__x86_64__)
typedef uint32_t gln_float_state;
#else
typedef struct gln_float_state {
    uint64_t bits;
} gln_float_state;
#endif
/* Around everything that the library does on a thread of the host's: sets its own state, and gives the host's back unchanged. */
gln_float_state gln_float_begin(void);
void gln_float_end(gln_float_state outer);
/* Around what the host does meanwhile in a callback: it finds its own state, and what it makes of it is kept. */
void gln_host_begin(void);
void gln_host_end(void);

/* ---------------------------------------------------------------------------------------------- processes */

/* Has forks counted, and the lock below survive them. 0 where there is no memory for that: may be tried again. */
int gln_watch_forks(void);
/* How many forks led from the first process to this one. */
uint32_t gln_fork_count(void);
/* Another number in each process. */
uint64_t gln_process(void);
/* The one lock of the process, held for a few instructions at a time, never while the host is called. Free in a forked child. */
void gln_lock_acquire(void);
void gln_lock_release(void);

/* ------------------------------------------------------------------------------------------------ threads */

/* A counter that threads share, 0 at first. */
typedef struct gln_counter gln_counter;
gln_counter *gln_counter_create(void); /* NULL where there is no memory */
void gln_counter_free(gln_counter *counter);
int64_t gln_counter_add(gln_counter *counter, int64_t amount); /* the value before */
int64_t gln_counter_load(gln_counter *counter);
void gln_counter_store(gln_counter *counter, int64_t value);
/* Stores `value` if `expected` is there; 1 if so. */
int gln_counter_exchange(gln_counter *counter, int64_t expected, int64_t value);

typedef void (*gln_team_work)(void *context, size_t index);
/* A fixed number of threads that run one job at a time together with the thread that calls gln_team_run. */
typedef struct gln_team gln_team;
/* `threads` counts the caller: one fewer is started. Workers block all signals. NULL where threads cannot be made. */
gln_team *gln_team_create(int32_t threads, int32_t spin_microseconds);
/* In a forked child, which has none of the threads, frees the memory alone. */
void gln_team_free(gln_team *team);
/*
 * Runs work(context, 0 … threads - 1), at most as many as the team has, index 0 on the caller, in a forked child all; returns when
 * all have. One caller at a time.
 */
void gln_team_run(gln_team *team, int32_t threads, gln_team_work work, void *context);
/* Around gln_team_run where several threads may call it: waits until all who came before have left. Nothing in a forked child. */
void gln_team_take(gln_team *team);
void gln_team_leave(gln_team *team);
/*
 * Whether the team's threads run on cores that share no cache: 1 where handing them a job takes several times as long as between
 * cores that do, 0 where the cores are too busy to tell or workers hardly spin. Takes half a
 * millisecond at most.
 */
int gln_team_is_apart(gln_team *team);

/* ----------------------------------------------------------------------------------------------- OpenBLAS */

/* Loads libopenblas unless it is loaded. 1 where cblas_sgemm can be called. It is kept to one thread while we call it. */
int gln_openblas_load(void);
/* c (m × n, row stride ldc) = a (m × k, row stride lda) × b (k × n, row stride ldb), row-major. */
void gln_openblas_sgemm(int32_t m, int32_t n, int32_t k, const float *a, int32_t lda, const float *b, int32_t ldb, float *c,
                        int32_t ldc);

#endif
