#define _GNU_SOURCE
#include "platform.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

/* Large blocks lie in huge pages where the system has them: packed weights are read once a run, page after page. */
void *gln_allocate_aligned(size_t size, size_t alignment)
{
    const int large = size >= 2 * (size_t)HUGE_PAGE;
    void *block;

    if (size > SIZE_MAX / 2)
        return NULL;
    if (large)
        alignment = HUGE_PAGE;
    /* Not posix_memalign, which is Swift's alone: see reserve.c. */
    block = aligned_alloc(alignment, (size > 0 ? size + alignment - 1 : alignment) / alignment * alignment);
#ifdef MADV_HUGEPAGE
    /* Whole pages only, so that no more memory is used than asked for. A refusal changes nothing but speed. */
    if (block != NULL && large)
        (void)madvise(block, size / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return block;
}

void gln_free_aligned(void *block)
{
    free(block);
}
