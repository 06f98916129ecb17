/*
 * malloc and its family, defined here in front of the C library's, so that a program sees every allocation of libgooglenet on any
 * thread, and can have them fail.
 */
#ifndef GLN_TEST_ALLOCATIONS_H
#define GLN_TEST_ALLOCATIONS_H

#include <stddef.h>

/* Blocks that have not been freed. */
long allocations_live(void);
/* Calls of malloc's family so far, those of free included. */
long allocations_calls(void);

/* The most bytes at once, the allocator's own words included, beyond those of the moment when it began. */
void allocations_begin_peak(void);
size_t allocations_peak(void);

typedef enum allocations_failure {
    FAIL_NEVER,
    FAIL_ONCE,     /* the one with the number */
    FAIL_FROM_THEN /* it and all after it */
} allocations_failure;

/* Counts allocations from 0 on, and lets them fail as told, until allocations_disarm. */
void allocations_arm(allocations_failure failure, long number);
/* The same for allocations of these sizes alone. */
void allocations_arm_sizes(size_t least, size_t largest, allocations_failure failure, long number);
/* How many there were. */
long allocations_disarm(void);

#endif
