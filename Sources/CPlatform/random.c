/*
 * What Swift's hash tables start with. The C library's arc4random_buf ends the process where the system gives no random numbers, as in
 * a sandbox without getrandom and /dev/urandom; this one makes do. Nothing but the speed of a table of names depends on it.
 */
#define _GNU_SOURCE
#include "platform.h"

#ifdef GLN_EMBEDDED
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* Hidden: the host's own is another. */
__attribute__((visibility("hidden"))) void arc4random_buf(void *bytes, size_t size);

void arc4random_buf(void *bytes, size_t size)
{
    struct timespec now = {0, 0};
    uint64_t state;
    size_t place;

    if (size <= 256 && getrandom(bytes, size, GRND_NONBLOCK) == (ssize_t)size)
        return;
    /* Time, process and where things lie (address space layout randomization), mixed as by splitmix64. */
    clock_gettime(CLOCK_REALTIME, &now);
    state = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    state ^= (uint64_t)(uintptr_t)&now << 16 ^ (uint64_t)(uintptr_t)&arc4random_buf << 32 ^ (uint64_t)getpid() << 48;
    for (place = 0; place < size; place += sizeof state) {
        uint64_t mixed = state += 0x9E3779B97F4A7C15u;
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
        mixed ^= mixed >> 31;
        memcpy((char *)bytes + place, &mixed, size - place < sizeof mixed ? size - place : sizeof mixed);
    }
}
#endif
