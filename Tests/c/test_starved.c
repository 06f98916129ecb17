/*
 * Hosts that run short: messages where there is no memory for one, threads that end, a file that cannot be mapped, OpenBLAS that
 * cannot be loaded at first. This program defines dlopen itself, in front of the C library's.
 */
#define _GNU_SOURCE
#include "allocations.h"
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

enum { MESSAGE_SIZE = 1024, THREADS = 20 };

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

/* Checks that nothing is left of the threads. On stacks of their own, for the C library keeps memory with those that it makes. */
static void run_threads(void *(*work)(void *), int count)
{
    static char stacks[THREADS][256 << 10];
    const long live = allocations_live();
    pthread_t threads[THREADS];
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    for (int i = 0; i < count; i++) {
        pthread_attr_setstack(&attributes, stacks[i], sizeof stacks[i]);
        CHECK(pthread_create(&threads[i], &attributes, work, NULL) == 0);
    }
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    pthread_attr_destroy(&attributes);
    CHECK(allocations_live() == live);
}

static void test_messages_end_with_their_threads(void)
{
    allocations_arm_sizes(MESSAGE_SIZE, MESSAGE_SIZE, FAIL_NEVER, 0);
    run_threads(fail_and_end, THREADS);
    CHECK(allocations_disarm() == THREADS); /* one each */
}

static void *fail_without_memory(void *argument)
{
    gln_model *model = NULL;
    (void)argument;
    allocations_arm_sizes(MESSAGE_SIZE, MESSAGE_SIZE, FAIL_FROM_THEN, 0);
    CHECK_ERROR(GLN_INVALID_ARGUMENT, "no memory", gln_model_load_file(NULL, &model));
    CHECK_ERROR(GLN_IO_ERROR, "no memory", gln_model_load_file("/nowhere/x.gln", &model));
    CHECK(allocations_disarm() > 0);
    allocations_arm_sizes(MESSAGE_SIZE, MESSAGE_SIZE, FAIL_NEVER, 0);
    CHECK_ERROR(GLN_IO_ERROR, "/nowhere/x.gln", gln_model_load_file("/nowhere/x.gln", &model));
    CHECK(allocations_disarm() == 1);
    return NULL;
}

static void test_message_without_memory(void)
{
    run_threads(fail_without_memory, 1);
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
    allocations_arm_sizes(MESSAGE_SIZE, MESSAGE_SIZE, FAIL_NEVER, 0);
    run_threads(fail_at_the_end, 1);
    CHECK(allocations_disarm() == 2);
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
