#include "kernels.h"

/* SwiftPM compiles no target without a source file. */
typedef char gln_alignment_is_power_of_two[(GLN_ALIGNMENT & (GLN_ALIGNMENT - 1)) == 0 ? 1 : -1];
