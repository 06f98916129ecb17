#define _GNU_SOURCE
#include "ctemporaryfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { FREE, TAKEN, MADE };
/* A signal handler may take no locks and allocate nothing. */
static struct {
    atomic_int state;
    char path[PATH_MAX];
} files[16];
enum { FILE_COUNT = sizeof files / sizeof *files };

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU};
enum { SIGNAL_COUNT = sizeof signals / sizeof *signals };

static void remember(const char *path)
{
    int place;

    for (place = 0; place < FILE_COUNT; place++) {
        int expected = FREE;
        if (atomic_compare_exchange_strong(&files[place].state, &expected, TAKEN)) {
            snprintf(files[place].path, sizeof files[place].path, "%s", path);
            atomic_store(&files[place].state, MADE);
            return;
        }
    }
}

void gln_temporary_forget(const char *path)
{
    int place;

    for (place = 0; place < FILE_COUNT; place++) {
        if (atomic_load(&files[place].state) == MADE && strcmp(files[place].path, path) == 0)
            atomic_store(&files[place].state, FREE);
    }
}

static uint64_t random_number(void)
{
    uint64_t number;
    struct timespec now = {0, 0};

    if (getrandom(&number, sizeof number, GRND_NONBLOCK) == (ssize_t)sizeof number)
        return number;
    /* Names need not be hard to guess: one that exists is not taken. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec << 20 ^ (uint64_t)getpid();
}

int gln_temporary_create(const char *folder, mode_t mode, char *path, size_t capacity)
{
    sigset_t ours, before;
    int file = -1, place, tries, error = 0;

    sigemptyset(&ours);
    for (place = 0; place < SIGNAL_COUNT; place++)
        sigaddset(&ours, signals[place]);
    /* None comes between the file and its name in the list. */
    pthread_sigmask(SIG_BLOCK, &ours, &before);
    for (tries = 0; tries < 100 && file < 0; tries++) {
        int length = snprintf(path, capacity, "%s/.googlenet-%016llx", folder, (unsigned long long)random_number());
        if (length < 0 || (size_t)length >= capacity) {
            error = ENAMETOOLONG;
            break;
        }
        file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        error = file < 0 ? errno : 0;
        if (error != 0 && error != EEXIST && error != EINTR)
            break;
    }
    if (file >= 0)
        remember(path);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return file;
}

static void end_process(int number)
{
    int place;

    for (place = 0; place < FILE_COUNT; place++) {
        if (atomic_load(&files[place].state) == MADE)
            unlink(files[place].path);
    }
    /* The handler is gone by SA_RESETHAND: once it returns, the signal does what it does by default. */
    raise(number);
}

void gln_temporaries_watch_signals(void)
{
    struct sigaction action, present;
    int place;

    memset(&action, 0, sizeof action);
    action.sa_handler = end_process;
    action.sa_flags = (int)(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    for (place = 0; place < SIGNAL_COUNT; place++)
        sigaddset(&action.sa_mask, signals[place]);
    for (place = 0; place < SIGNAL_COUNT; place++) {
        /* Ignored as under nohup. */
        if (sigaction(signals[place], NULL, &present) == 0 && present.sa_handler != SIG_IGN)
            sigaction(signals[place], &action, NULL);
    }
}
