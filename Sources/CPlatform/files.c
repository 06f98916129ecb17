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

int gln_map_file(const char *path, const void **bytes, size_t *size)
{
    struct stat status;
    void *mapping;
    /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int error = 0;

    *bytes = NULL;
    *size = 0;
    if (file < 0)
        return errno;
    if (fstat(file, &status) != 0)
        error = errno;
    else if (S_ISDIR(status.st_mode))
        error = EISDIR;
    else if (!S_ISREG(status.st_mode))
        error = EINVAL;
    else if (status.st_size > 0) {
        mapping = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (mapping == MAP_FAILED) {
            error = errno;
        } else {
            *bytes = mapping;
            *size = (size_t)status.st_size;
        }
    }
    close(file);
    return error;
}

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
