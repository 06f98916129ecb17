/* libhdf5, loaded when a file needs it: it brings some thirty other libraries with it. */
#ifndef GLN_HDF5_LIBRARY_H
#define GLN_HDF5_LIBRARY_H

#define H5_USE_110_API
#if defined(__has_include)
#if !__has_include(<hdf5.h>)
#define GLN_HDF5_AS_ON_DEBIAN
#endif
#endif
#ifdef GLN_HDF5_AS_ON_DEBIAN
#include <hdf5/serial/hdf5.h>
#else
#include <hdf5.h>
#endif

/* What is used of it, without the H5 with which the names begin. */
#define GLN_HDF5_FUNCTIONS(use)                                                                                        \
    use(open) use(Aclose) use(Aexists) use(Aget_space) use(Aget_type) use(Aopen) use(Aread) use(Dget_create_plist)     \
    use(Dget_space) use(Dget_type) use(Dread) use(Eset_auto2) use(Fopen) use(Oclose) use(Oopen) use(Ovisit1)           \
    use(PLset_loading_state) use(Pclose) use(Pcreate) use(Pget_external_count) use(Pget_layout) use(Pset_fapl_core)    \
    use(Pset_file_image) use(Pset_file_image_callbacks) use(Sclose) use(Sget_simple_extent_dims)                       \
    use(Sget_simple_extent_ndims) use(Sget_simple_extent_npoints) use(Tclose) use(Tcopy) use(Tget_class)               \
    use(Tget_cset) use(Tget_size) use(Tis_variable_str) use(Tset_cset) use(Tset_size)

typedef struct gln_hdf5_library {
#define GLN_HDF5_MEMBER(name) __typeof__(&H5##name) name;
    GLN_HDF5_FUNCTIONS(GLN_HDF5_MEMBER)
#undef GLN_HDF5_MEMBER
    /* Set once `open` has been called. */
    const hid_t *P_CLS_FILE_ACCESS_ID_g;
    const hid_t *T_C_S1_g;
    const hid_t *T_IEEE_F32LE_g;
} gln_hdf5_library;

/* NULL where it is not installed, or misses something. Loaded once, by any thread, and kept. */
const gln_hdf5_library *gln_hdf5_load(void);

#endif
