/* Memory that must not be touched, where the address sanitizer looks; elsewhere these functions do nothing. */
#ifndef GLN_POISON_H
#define GLN_POISON_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define GLN_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GLN_POISONS 1
#endif
#endif

#ifdef GLN_POISONS
void __asan_poison_memory_region(const volatile void *bytes, size_t size);
void __asan_unpoison_memory_region(const volatile void *bytes, size_t size);
int __asan_address_is_poisoned(const volatile void *byte);
#endif

/* 1 where the others do something. Swift knows it only with -Xcc -fsanitize=address. */
static inline int gln_poisons(void)
{
#ifdef GLN_POISONS
    return 1;
#else
    return 0;
#endif
}

/* Makes every access to the bytes an error, until they are unpoisoned. */
static inline void gln_poison(const void *bytes, size_t size)
{
#ifdef GLN_POISONS
    __asan_poison_memory_region(bytes, size);
#else
    (void)bytes;
    (void)size;
#endif
}

static inline void gln_unpoison(const void *bytes, size_t size)
{
#ifdef GLN_POISONS
    __asan_unpoison_memory_region(bytes, size);
#else
    (void)bytes;
    (void)size;
#endif
}

static inline int gln_is_poisoned(const void *byte)
{
#ifdef GLN_POISONS
    return __asan_address_is_poisoned(byte);
#else
    (void)byte;
    return 0;
#endif
}

#endif
