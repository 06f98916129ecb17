#include "platform.h"
#include <stdlib.h>
void *gln_allocate_aligned(size_t size, size_t alignment) { return aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1)); }
void gln_free_aligned(void *block) { free(block); }
