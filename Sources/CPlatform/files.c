#define _GNU_SOURCE
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Opens a file for reading, or where *stream is 1 also a pipe, a socket or a terminal, and tells by it which. Returns
 * 0, or the errno of what failed.
 */
static int open_input(const char *path, int *stream, int *file, size_t *size)
{
    const int takes_streams = *stream;
    struct stat status;
    int error = 0;

    *size = 0;
    *stream = 0;
    /* Standard input is not opened anew, which sockets and descriptors of another user refuse. */
    if (strcmp(path, "/dev/stdin") == 0)
        *file = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    else
        do /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
            *file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        while (*file < 0 && errno == EINTR);
    if (*file < 0)
        return errno;
    if (fstat(*file, &status) != 0)
        error = errno;
    else if (S_ISREG(status.st_mode))
        *size = (size_t)status.st_size;
    else if (S_ISDIR(status.st_mode))
        error = EISDIR;
    else if (takes_streams && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(*file)))
        *stream = 1;
    else
        error = GLN_NOT_A_FILE;
    if (error != 0)
        close(*file);
    return error;
}

/* Gives back what lies beyond `size` bytes of a block of `capacity`. */
static void shrink(char *memory, size_t size, size_t capacity)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t kept = (size + page - 1) / page * page;

    if (capacity > kept)
        munmap(memory + kept, capacity - kept);
}

/* Reads to the end of a stream, which may come late and in parts. */
static int read_stream(int file, void **bytes, size_t *size)
{
    char *memory = NULL;
    size_t capacity = 0, filled = 0;
    int error = 0;

    while (error == 0) {
        struct pollfd ready = {file, POLLIN, 0};
        ssize_t count;
        if (filled == capacity) {
            const size_t larger = capacity == 0 ? 1 << 16 : 2 * capacity;
            void *moved = capacity == 0 ? mmap(NULL, larger, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                        : mremap(memory, capacity, larger, MREMAP_MAYMOVE);
            if (moved == MAP_FAILED) {
                error = errno;
                break;
            }
            memory = moved;
            capacity = larger;
        }
        /* A FIFO that nobody has opened for writing yet would seem to be at its end. */
        if (poll(&ready, 1, -1) < 0) {
            error = errno == EINTR ? 0 : errno;
            continue;
        }
        count = read(file, memory + filled, capacity - filled);
        if (count < 0) {
            error = errno == EINTR || errno == EAGAIN ? 0 : errno;
            continue;
        }
        if (count == 0)
            break;
        filled += (size_t)count;
        if (filled > GLN_STREAM_LIMIT)
            error = EFBIG;
    }
    if (memory != NULL)
        shrink(memory, error == 0 ? filled : 0, capacity);
    *bytes = error == 0 && filled > 0 ? memory : NULL;
    *size = error == 0 ? filled : 0;
    return error;
}

int gln_map_file(const char *path, int *stream, const void **bytes, size_t *size)
{
    void *memory = NULL;
    int file, error;

    *bytes = NULL;
    error = open_input(path, stream, &file, size);
    if (error != 0)
        return error;
    if (*stream) {
        error = read_stream(file, &memory, size);
    } else if (*size > 0) {
        memory = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, file, 0);
        if (memory == MAP_FAILED) {
            error = errno;
            memory = NULL;
        }
    }
    *bytes = memory;
    close(file);
    return error;
}

/* Fills `bytes` from the beginning of a file. */
static int fill(int file, char *bytes, size_t size)
{
    size_t filled = 0;

    while (filled < size) {
        const size_t left = size - filled;
        ssize_t count = pread(file, bytes + filled, left < 1 << 30 ? left : 1 << 30, (off_t)filled);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count < 0 ? errno : EIO;
        filled += (size_t)count;
    }
    return 0;
}

int gln_read_file(const char *path, int *stream, void **bytes, size_t *size)
{
    const size_t expected = *size;
    void *memory;
    int file, error;

    *bytes = NULL;
    error = open_input(path, stream, &file, size);
    if (error != 0)
        return error;
    if (*stream) {
        error = read_stream(file, bytes, size);
    } else if (expected != 0 && *size != expected) {
        error = GLN_OTHER_SIZE;
    } else if (*size > 0) {
        memory = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            error = errno;
        } else {
#ifdef MADV_HUGEPAGE
            /* Fewer pages to fault in. A refusal changes nothing but speed. */
            (void)madvise(memory, *size, MADV_HUGEPAGE);
#endif
            error = fill(file, memory, *size);
            if (error == 0)
                *bytes = memory;
            else
                munmap(memory, *size);
        }
    }
    close(file);
    return error;
}

int gln_working_folder(char *path, size_t size) { return getcwd(path, size) != NULL ? 0 : errno; }

void gln_unmap_file(const void *bytes, size_t size)
{
    if (bytes != NULL)
        munmap((void *)(uintptr_t)bytes, size);
}

void gln_drop_pages(const void *bytes, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)bytes + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)bytes + size) / page * page;

    if (end > first)
        madvise((void *)first, end - first, MADV_DONTNEED);
}

void gln_error_text(int error, char *text, size_t capacity)
{
    const char *message = strerror_r(error, text, capacity); /* the GNU form, which may not use the buffer */

    if (message != text)
        snprintf(text, capacity, "%s", message);
}
