#include "cforeignformats.h"

#include <stdlib.h>

/* Before each block stands its size; 16 bytes keep the block aligned as malloc's are. */
enum { HEADER = 16 };

static void *allocate(void *context, size_t size)
{
    gln_budget *budget = context;
    if (size > SIZE_MAX - HEADER || size + HEADER > budget->left) {
        if (!budget->exhausted)
            budget->missing = size > SIZE_MAX - HEADER ? size : size + HEADER - budget->left;
        budget->exhausted = 1;
        return NULL;
    }
    char *block = malloc(size + HEADER);
    if (block == NULL) {
        budget->exhausted = 1;
        return NULL;
    }
    *(size_t *)(void *)block = size + HEADER;
    budget->left -= size + HEADER;
    return block + HEADER;
}

static void release(void *context, void *block)
{
    gln_budget *budget = context;
    if (block == NULL)
        return;
    char *start = (char *)block - HEADER;
    budget->left += *(size_t *)(void *)start;
    free(start);
}

ProtobufCAllocator gln_budget_allocator(gln_budget *budget)
{
    ProtobufCAllocator allocator = {allocate, release, budget};
    return allocator;
}
