/*
 * Hosts that run short: messages where there is no memory for one, threads that end, a file that cannot be mapped, OpenBLAS that
 * cannot be loaded at first. This program defines malloc, free and dlopen itself, in front of the C library's.
 */
#define _GNU_SOURCE
#include "check.h"
#include "tiny_model.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* glibc's own names of what is replaced below. */
extern void *__libc_malloc(size_t);
extern void __libc_free(void *);

/* Blocks of the size of a message that threads other than the first hold, or are refused. */
enum { MESSAGE_SIZE = 1024, MESSAGE_THREADS = 40 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *blocks[MESSAGE_THREADS];
static int live, made, refuse, watch;

void *malloc(size_t size)
{
    void *block = NULL;
    if (!watch || size != MESSAGE_SIZE)
        return __libc_malloc(size);
    pthread_mutex_lock(&lock);
    if (!refuse && made < MESSAGE_THREADS && (block = __libc_malloc(size)) != NULL) {
        blocks[made++] = block;
        live++;
    }
    pthread_mutex_unlock(&lock);
    return block;
}

void free(void *block)
{
    if (watch && block != NULL) {
        pthread_mutex_lock(&lock);
        for (int i = 0; i < made; i++)
            if (blocks[i] == block) {
                blocks[i] = NULL;
                live--;
            }
        pthread_mutex_unlock(&lock);
    }
    __libc_free(block);
}

static int loads_to_fail, loads;

void *dlopen(const char *path, int flags)
{
    void *(*original)(const char *, int);
    loads++;
    if (loads_to_fail > 0 && path != NULL && strstr(path, "openblas") != NULL) {
        loads_to_fail--;
        return NULL;
    }
    *(void **)&original = dlsym(RTLD_NEXT, "dlopen");
    return original(path, flags);
}

static void *fail_and_end(void *argument)
{
    gln_model *model = NULL;
    (void)argument;
    CHECK(strcmp(gln_last_error_message(), "") == 0);
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "path", gln_model_load_file(NULL, &model));
    CHECK_ERROR(GLN_IO_ERROR, "/nowhere/x.gln", gln_model_load_file("/nowhere/x.gln", &model));
    return NULL;
}

static void run_threads(void *(*work)(void *), int count)
{
    pthread_t threads[MESSAGE_THREADS];
    for (int i = 0; i < count; i++)
        CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void test_messages_end_with_their_threads(void)
{
    made = live = 0;
    watch = 1;
    run_threads(fail_and_end, MESSAGE_THREADS / 2);
    watch = 0;
    CHECK(made == MESSAGE_THREADS / 2); /* one each */
    CHECK(live == 0);
}

static void *fail_without_memory(void *argument)
{
    gln_model *model = NULL;
    (void)argument;
    refuse = 1;
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "no memory", gln_model_load_file(NULL, &model));
    CHECK_ERROR(GLN_IO_ERROR, "no memory", gln_model_load_file("/nowhere/x.gln", &model));
    refuse = 0;
    CHECK_ERROR(GLN_IO_ERROR, "/nowhere/x.gln", gln_model_load_file("/nowhere/x.gln", &model));
    return NULL;
}

static void test_message_without_memory(void)
{
    made = live = 0;
    watch = 1;
    run_threads(fail_without_memory, 1);
    watch = 0;
    CHECK(made == 1 && live == 0);
}

static pthread_key_t hosts_key;

static void fail_late(void *argument)
{
    fail_and_end(argument);
}

static void *fail_at_the_end(void *argument)
{
    (void)argument;
    pthread_setspecific(hosts_key, &hosts_key);
    return fail_and_end(NULL);
}

/* A host's destructor may fail after the library's own has run. */
static void test_message_of_an_ending_thread(void)
{
    gln_model *model = NULL;
    CHECK_STATUS(GLN_INVALID_ARGUMENT, gln_model_load_file(NULL, &model));
    CHECK(pthread_key_create(&hosts_key, fail_late) == 0);
    made = live = 0;
    watch = 1;
    run_threads(fail_at_the_end, 1);
    watch = 0;
    CHECK(made == 2 && live == 0);
    pthread_key_delete(hosts_key);
}

static void test_file_without_address_space(void)
{
    char path[] = "/tmp/gln-large-XXXXXX";
    const int file = mkstemp(path);
    int status = 1;
    pid_t child;
    CHECK(file >= 0 && ftruncate(file, (off_t)1 << 32) == 0);
    child = fork();
    if (child == 0) {
        struct rlimit limit = {1 << 30, 1 << 30};
        gln_model *model = NULL;
        gln_status found;
        setrlimit(RLIMIT_AS, &limit);
        found = gln_model_load_file(path, &model);
        _exit(found == GLN_OUT_OF_MEMORY && strstr(gln_last_error_message(), path) != NULL ? 0 : 100 + (int)found);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (file >= 0) {
        close(file);
        unlink(path);
    }
}

static void test_openblas_is_tried_again(void)
{
    gln_session_options *options = NULL;
    gln_session *session = NULL;
    gln_model *model = tiny_load();
    gln_status status;
    int before, installed;
    void *library;
    CHECK_STATUS(GLN_OK, gln_session_options_create(&options));
    CHECK_STATUS(GLN_OK, gln_session_options_set_backend(options, GLN_BACKEND_OPENBLAS));
    loads_to_fail = 2;
    CHECK_ERROR(GLN_BACKEND_UNAVAILABLE, "libopenblas", gln_session_create(model, options, &session));
    CHECK(loads_to_fail == 0);
    status = gln_session_create(model, options, &session);
    if (status == GLN_OK) {
        gln_session_free(session);
        before = loads;
        CHECK_STATUS(GLN_OK, gln_session_create(model, options, &session));
        CHECK(loads == before);
        gln_session_free(session);
    }
    gln_session_options_free(options);
    gln_model_free(model);
    library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    installed = library != NULL;
    if (installed)
        dlclose(library);
    CHECK(status == (installed ? GLN_OK : GLN_BACKEND_UNAVAILABLE));
    if (!installed)
        SKIP("libopenblas0 is not installed");
}

int main(void)
{
    RUN(test_messages_end_with_their_threads);
    RUN(test_message_without_memory);
    RUN(test_message_of_an_ending_thread);
    RUN(test_file_without_address_space);
    RUN(test_openblas_is_tried_again);
    return check_finish();
}
