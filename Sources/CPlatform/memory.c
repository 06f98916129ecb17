#define _GNU_SOURCE
#include "platform.h"

#include <stdlib.h>

void *gln_allocate_aligned(size_t size, size_t alignment)
{
    void *block = NULL;
    return posix_memalign(&block, alignment, size > 0 ? size : 1) == 0 ? block : NULL;
}

void gln_free_aligned(void *block)
{
    free(block);
}
