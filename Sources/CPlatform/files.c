#define _GNU_SOURCE
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens a regular file for reading. Returns 0, or the errno of what failed. */
static int open_regular(const char *path, int *file, size_t *size)
{
    struct stat status;
    int error = 0;

    *size = 0;
    /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
    *file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*file < 0)
        return errno;
    if (fstat(*file, &status) != 0)
        error = errno;
    else if (S_ISDIR(status.st_mode))
        error = EISDIR;
    else if (!S_ISREG(status.st_mode))
        error = EINVAL;
    else
        *size = (size_t)status.st_size;
    if (error != 0)
        close(*file);
    return error;
}

int gln_map_file(const char *path, const void **bytes, size_t *size)
{
    void *mapping;
    int file, error;

    *bytes = NULL;
    error = open_regular(path, &file, size);
    if (error != 0)
        return error;
    if (*size > 0) {
        mapping = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, file, 0);
        if (mapping == MAP_FAILED)
            error = errno;
        else
            *bytes = mapping;
    }
    close(file);
    return error;
}

/* Fills `bytes` from a file. */
static int fill(int file, char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = read(file, bytes, size < 1 << 30 ? size : 1 << 30);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count < 0 ? errno : EIO;
        bytes += count;
        size -= (size_t)count;
    }
    return 0;
}

int gln_read_file(const char *path, void **bytes, size_t *size)
{
    const size_t expected = *size;
    void *memory;
    int file, error;

    *bytes = NULL;
    error = open_regular(path, &file, size);
    if (error != 0)
        return error;
    if (expected != 0 && *size != expected) {
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
