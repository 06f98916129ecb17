#ifndef GLN_CGROUP_H
#define GLN_CGROUP_H

#include <stdint.h>

/*
 * The CPUs' worth of time that cgroups grant this process, rounded up, at least 1: the smallest quota of its own group and of those above
 * it that can be seen, of both versions of cgroups. 0 where none limits it. root: a folder in place of the root of the file system, for
 * tests; "" otherwise. Uses no heap and takes any content.
 */
int32_t gln_cgroup_cpus(const char *root);

#endif
