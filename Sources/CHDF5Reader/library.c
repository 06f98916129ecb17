#define _GNU_SOURCE
#include "library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static gln_hdf5_library library;
static int is_loaded;

/* Stores a symbol's address in a pointer of whatever type. */
static int find(void *handle, const char *name, void *pointer)
{
    void *address = dlsym(handle, name);
    memcpy(pointer, &address, sizeof address);
    return address != NULL;
}

static int find_all(void *handle)
{
    int found = 1;
#define GLN_HDF5_FIND(name) found &= find(handle, "H5" #name, &library.name);
    GLN_HDF5_FUNCTIONS(GLN_HDF5_FIND)
    GLN_HDF5_FIND(P_CLS_FILE_ACCESS_ID_g)
    GLN_HDF5_FIND(T_C_S1_g)
    GLN_HDF5_FIND(T_IEEE_F32LE_g)
#undef GLN_HDF5_FIND
    return found;
}

static void load(void)
{
    /* 1.10, 1.12 and 1.14, as Debian names them and as others do. What is used is the same in all of them. */
    static const char *const names[] = {"libhdf5_serial.so.103", "libhdf5.so.103", "libhdf5.so.200",
                                        "libhdf5_serial.so.310", "libhdf5.so.310"};
    for (size_t index = 0; index < sizeof names / sizeof *names && !is_loaded; index++) {
        void *handle = dlopen(names[index], RTLD_NOW | RTLD_LOCAL);
        if (handle != NULL)
            is_loaded = find_all(handle);
    }
}

const gln_hdf5_library *gln_hdf5_load(void)
{
    pthread_once(&once, load);
    return is_loaded ? &library : NULL;
}
