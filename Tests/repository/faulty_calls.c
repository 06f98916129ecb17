/*
 * Preloaded into a program, makes one of its calls of the system fail, or wait for ever: FAULT="write 2 28" fails its
 * third call of write with errno 28, FAULT="write 2 wait" waits there. Where the call is reached, the file that
 * FAULT_MARK names appears.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The next definition of a function, in a pointer of its own type. */
#define NEXT(pointer, name)                                                                                            \
    do {                                                                                                               \
        if ((pointer) == NULL) {                                                                                       \
            void *address = dlsym(RTLD_NEXT, name);                                                                    \
            memcpy(&(pointer), &address, sizeof address);                                                              \
        }                                                                                                              \
    } while (0)

/* Whether this call is the one; errno is set then. */
static int fails(const char *name)
{
    static int calls;
    const char *fault = getenv("FAULT"), *mark = getenv("FAULT_MARK");
    char chosen[16] = "", end[16] = "";
    int number = -1;

    if (fault == NULL || sscanf(fault, "%15s %d %15s", chosen, &number, end) != 3 || strcmp(chosen, name) != 0 ||
        __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED) != number)
        return 0;
    if (mark != NULL) {
        long file = syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT, 0600);
        syscall(SYS_close, file);
    }
    while (strcmp(end, "wait") == 0)
        pause();
    errno = atoi(end);
    return 1;
}

int open(const char *path, int flags, ...)
{
    static int (*next)(const char *, int, ...);
    mode_t mode = 0;

    NEXT(next, "open");
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    return fails("open") ? -1 : next(path, flags, mode);
}

ssize_t read(int file, void *bytes, size_t size)
{
    static ssize_t (*next)(int, void *, size_t);

    NEXT(next, "read");
    return fails("read") ? -1 : next(file, bytes, size);
}

ssize_t pread(int file, void *bytes, size_t size, off_t offset)
{
    static ssize_t (*next)(int, void *, size_t, off_t);

    NEXT(next, "pread");
    return fails("pread") ? -1 : next(file, bytes, size, offset);
}

ssize_t write(int file, const void *bytes, size_t size)
{
    static ssize_t (*next)(int, const void *, size_t);

    NEXT(next, "write");
    return fails("write") ? -1 : next(file, bytes, size);
}

int rename(const char *from, const char *to)
{
    static int (*next)(const char *, const char *);

    NEXT(next, "rename");
    return fails("rename") ? -1 : next(from, to);
}

int fsync(int file)
{
    static int (*next)(int);

    NEXT(next, "fsync");
    return fails("fsync") ? -1 : next(file);
}

int fchmod(int file, mode_t mode)
{
    static int (*next)(int, mode_t);

    NEXT(next, "fchmod");
    return fails("fchmod") ? -1 : next(file, mode);
}

int close(int file)
{
    static int (*next)(int);
    int error;

    NEXT(next, "close");
    if (!fails("close"))
        return next(file);
    /* As Linux has it, a descriptor whose close fails is closed. */
    error = errno;
    next(file);
    errno = error;
    return -1;
}

void *mmap(void *place, size_t size, int protection, int flags, int file, off_t offset)
{
    static void *(*next)(void *, size_t, int, int, int, off_t);

    NEXT(next, "mmap");
    return fails("mmap") ? MAP_FAILED : next(place, size, protection, flags, file, offset);
}

void *mremap(void *place, size_t size, size_t larger, int flags, ...)
{
    static void *(*next)(void *, size_t, size_t, int, ...);

    NEXT(next, "mremap");
    return fails("mremap") ? MAP_FAILED : next(place, size, larger, flags);
}

pid_t fork(void)
{
    static pid_t (*next)(void);

    NEXT(next, "fork");
    return fails("fork") ? -1 : next();
}
