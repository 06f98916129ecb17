#include "platform.h"

#if defined(__x86_64__)
#include <xmmintrin.h>

enum { OURS = 0x1F80 }; /* to nearest, subnormal numbers kept, exceptions masked */

static GLN_THREAD_LOCAL gln_float_state hosts = OURS;

static gln_float_state get(void)
{
    return _mm_getcsr();
}

static void set(gln_float_state state)
{
    _mm_setcsr(state);
}

static void set_ours(void)
{
    _mm_setcsr(OURS);
}
#else
#include <fenv.h>
#include <string.h>

_Static_assert(sizeof(fenv_t) <= sizeof(gln_float_state), "an environment takes more");

static GLN_THREAD_LOCAL gln_float_state hosts;

static gln_float_state get(void)
{
    fenv_t environment;
    gln_float_state state = {0};

    fegetenv(&environment);
    memcpy(&state, &environment, sizeof environment);
    return state;
}

static void set(gln_float_state state)
{
    fenv_t environment;

    memcpy(&environment, &state, sizeof environment);
    fesetenv(&environment);
}

static void set_ours(void)
{
    fesetenv(FE_DFL_ENV);
}
#endif

gln_float_state gln_float_begin(void)
{
    const gln_float_state outer = hosts;

    hosts = get();
    set_ours();
    return outer;
}

void gln_float_end(gln_float_state outer)
{
    set(hosts);
    hosts = outer;
}

void gln_host_begin(void)
{
    set(hosts);
}

void gln_host_end(void)
{
    hosts = get();
    set_ours();
}
