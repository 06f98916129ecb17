#define _GNU_SOURCE
#include "platform.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

typedef void (*sgemm_function)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                               const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
typedef void (*set_threads_function)(int threads);

static _Atomic(sgemm_function) sgemm;

/* A function pointer out of dlsym, in the way that C99 allows. */
static void find(void *library, const char *name, void *function)
{
    *(void **)function = dlsym(library, name);
}

/* Needs no lock, which a fork could leave held: threads that load at once get the same library. */
static void load(void)
{
    static const char *const names[] = {"libopenblas.so.0", "libopenblas.so"};
    sgemm_function found = NULL;
    set_threads_function set_threads = NULL;
    sigset_t all, before;

    /* OpenBLAS starts threads when it is loaded; they inherit this mask, so that signals go to the host's threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (size_t i = 0; i < sizeof names / sizeof *names && found == NULL; i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL)
            continue;
        find(library, "cblas_sgemm", &found);
        find(library, "openblas_set_num_threads", &set_threads);
        if (found == NULL)
            dlclose(library);
        else if (set_threads != NULL)
            set_threads(1);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (found != NULL)
        atomic_store(&sgemm, found);
}

int gln_openblas_load(void)
{
    if (atomic_load(&sgemm) == NULL)
        load();
    return atomic_load(&sgemm) != NULL;
}

void gln_openblas_sgemm(int32_t m, int32_t n, int32_t k, const float *a, int32_t lda, const float *b, int32_t ldb,
                        float *c, int32_t ldc)
{
    enum { row_major = 101, no_transpose = 111 }; /* the values of cblas.h */

    atomic_load_explicit(&sgemm, memory_order_acquire)(row_major, no_transpose, no_transpose, m, n, k, 1.0f, a, lda, b,
                                                       ldb, 0.0f, c, ldc);
}
