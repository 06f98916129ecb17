#define _GNU_SOURCE
#include "cgroup.h"
#include "platform.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>

static uint64_t saved_state(void)
{
    uint32_t low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static uint32_t feature_if(uint32_t word, int bit, uint32_t feature)
{
    return word >> bit & 1 ? feature : 0;
}

/* Bits as in Intel's Software Developer's Manual, volume 2, CPUID. */
uint32_t gln_cpu_features(void)
{
    uint32_t a, b, c, d, features;
    uint64_t state;

    if (!__get_cpuid(1, &a, &b, &c, &d) || (c >> 27 & 1) == 0) /* OSXSAVE */
        return 0;
    state = saved_state();
    if ((state & 0x6) != 0x6 || (c >> 28 & 1) == 0) /* ymm saved, AVX */
        return 0;
    features = feature_if(c, 12, GLN_CPU_FMA);
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return features;
    features |= feature_if(b, 5, GLN_CPU_AVX2);
    if ((state & 0xE6) == 0xE6) { /* opmask, upper halves of zmm0-15 and zmm16-31 saved */
        features |= feature_if(b, 16, GLN_CPU_AVX512F) | feature_if(b, 17, GLN_CPU_AVX512DQ);
        features |= feature_if(b, 30, GLN_CPU_AVX512BW) | feature_if(b, 31, GLN_CPU_AVX512VL);
        features |= feature_if(c, 11, GLN_CPU_AVX512_VNNI);
    }
    if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d))
        features |= feature_if(a, 4, GLN_CPU_AVX_VNNI);
    return features;
}
#else
uint32_t gln_cpu_features(void)
{
    return 0;
}
#endif

int32_t gln_allowed_cpus(void)
{
    cpu_set_t allowed;
    int32_t count = 0, quota = gln_cgroup_cpus("");

    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        count = CPU_COUNT(&allowed);
    else
        count = (int32_t)sysconf(_SC_NPROCESSORS_ONLN);
    if (quota > 0 && quota < count)
        count = quota;
    return count > 0 ? count : 1;
}

const char *gln_environment(const char *name)
{
    return getenv(name);
}

void gln_nap(void)
{
    const struct timespec time = {0, 1000000};

    nanosleep(&time, NULL);
}

uint64_t gln_nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
