#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chdf5reader.h"
#include "library.h"

/* The start of the memory that both processes share. */
typedef struct shared_head {
    uint64_t size; /* of the entries behind it */
    int32_t finished;
    int32_t status;
    char message[GLN_HDF5_MESSAGE_SIZE];
} shared_head;

typedef struct reader {
    const gln_hdf5_library *hdf5;
    shared_head *head;
    uint8_t *entries;
    size_t limit;
    size_t objects;
} reader;

enum { TEXT_LIMIT = 64 << 20 };

static size_t padded(size_t size) { return (size + 7) & ~(size_t)7; }

static herr_t fail(reader *it, gln_hdf5_status status, const char *path, const char *what)
{
    if (it->head->status == GLN_HDF5_OK) {
        it->head->status = status;
        if (path == NULL)
            snprintf(it->head->message, sizeof it->head->message, "%s", what);
        else
            snprintf(it->head->message, sizeof it->head->message, "'%.100s' %s", path, what);
    }
    return -1;
}

/* Adds an entry; its value, of `length` bytes, is for the caller to write. NULL beyond the limit. */
static uint8_t *add(reader *it, gln_hdf5_kind kind, const char *path, unsigned rank, const hsize_t *dims, size_t length)
{
    size_t path_length = strlen(path), left = it->limit - it->head->size;
    size_t start = sizeof(gln_hdf5_entry) + padded(path_length);
    if (start > left || length > left - start || padded(length) > left - start) {
        fail(it, GLN_HDF5_NO_ROOM, path, "does not fit: the file unpacks to more than the limit");
        return NULL;
    }
    uint8_t *place = it->entries + it->head->size;
    gln_hdf5_entry entry = {.kind = kind, .rank = rank, .path_length = path_length, .value_length = length};
    for (unsigned axis = 0; axis < rank; axis++)
        entry.dims[axis] = dims[axis];
    memcpy(place, &entry, sizeof entry);
    memcpy(place + sizeof entry, path, path_length);
    it->head->size += start + padded(length);
    return place + start;
}

static herr_t add_text(reader *it, const char *path, const char *text, size_t length)
{
    uint8_t *value = add(it, GLN_HDF5_TEXT, path, 0, NULL, length);
    if (value == NULL)
        return -1;
    memcpy(value, text, length);
    return 0;
}

static herr_t read_text(reader *it, hid_t attribute, hid_t type, const char *path)
{
    herr_t status = -1;
    if (it->hdf5->Tis_variable_str(type) > 0) {
        char *text = NULL;
        hid_t memory_type = it->hdf5->Tcopy(*it->hdf5->T_C_S1_g);
        if (memory_type >= 0 && it->hdf5->Tset_size(memory_type, H5T_VARIABLE) >= 0 &&
            it->hdf5->Tset_cset(memory_type, it->hdf5->Tget_cset(type)) >= 0 &&
            it->hdf5->Aread(attribute, memory_type, &text) >= 0 && text)
            status = add_text(it, path, text, strlen(text));
    } else {
        size_t size = it->hdf5->Tget_size(type);
        if (size > TEXT_LIMIT)
            return fail(it, GLN_HDF5_TOO_LARGE, path, "is a text of more than 64 MiB");
        char *text = malloc(size + 1);
        if (text != NULL && it->hdf5->Aread(attribute, type, text) >= 0)
            status = add_text(it, path, text, strnlen(text, size));
    }
    return status < 0 ? fail(it, GLN_HDF5_DAMAGED, path, "cannot be read") : status;
}

static herr_t read_attribute(reader *it, hid_t object, const char *path, const char *name)
{
    htri_t exists = it->hdf5->Aexists(object, name);
    if (exists <= 0)
        return 0;
    char full[GLN_HDF5_PATH_LIMIT + 32];
    snprintf(full, sizeof full, "%s@%s", path, name);
    hid_t attribute = it->hdf5->Aopen(object, name, H5P_DEFAULT);
    hid_t type = attribute < 0 ? -1 : it->hdf5->Aget_type(attribute);
    hid_t space = attribute < 0 ? -1 : it->hdf5->Aget_space(attribute);
    if (type < 0 || space < 0)
        return fail(it, GLN_HDF5_DAMAGED, full, "cannot be read");
    herr_t status;
    if (it->hdf5->Tget_class(type) == H5T_STRING && it->hdf5->Sget_simple_extent_npoints(space) == 1)
        status = read_text(it, attribute, type, full);
    else
        status = add(it, GLN_HDF5_MARK, full, 0, NULL, 0) == NULL ? -1 : 0;
    it->hdf5->Sclose(space);
    it->hdf5->Tclose(type);
    it->hdf5->Aclose(attribute);
    return status;
}

static herr_t read_dataset(reader *it, hid_t dataset, const char *path)
{
    hid_t type = it->hdf5->Dget_type(dataset), space = it->hdf5->Dget_space(dataset);
    hid_t creation = it->hdf5->Dget_create_plist(dataset);
    if (type < 0 || space < 0 || creation < 0)
        return fail(it, GLN_HDF5_DAMAGED, path, "cannot be read");
    if (it->hdf5->Pget_layout(creation) == H5D_VIRTUAL || it->hdf5->Pget_external_count(creation) > 0)
        return fail(it, GLN_HDF5_UNSUPPORTED, path, "has its values in other files, which are not read");
    int rank = it->hdf5->Sget_simple_extent_ndims(space);
    hsize_t dims[GLN_HDF5_RANK_LIMIT] = {0};
    if (rank > GLN_HDF5_RANK_LIMIT)
        return fail(it, GLN_HDF5_UNSUPPORTED, path, "has more than 8 dimensions");
    if (rank < 0 || (rank > 0 && it->hdf5->Sget_simple_extent_dims(space, dims, NULL) < 0))
        return fail(it, GLN_HDF5_DAMAGED, path, "has no shape");
    size_t length = sizeof(float);
    for (int axis = 0; axis < rank; axis++)
        if (dims[axis] > it->limit || __builtin_mul_overflow(length, (size_t)dims[axis], &length))
            return fail(it, GLN_HDF5_NO_ROOM, path, "does not fit: the file unpacks to more than the limit");
    herr_t status = 0;
    if (it->hdf5->Tget_class(type) != H5T_FLOAT) {
        status = add(it, GLN_HDF5_OTHER, path, (unsigned)rank, dims, 0) == NULL ? -1 : 0;
    } else {
        uint8_t *value = add(it, GLN_HDF5_FLOATS, path, (unsigned)rank, dims, length);
        if (value == NULL)
            return -1;
        if (length > 0 && it->hdf5->Dread(dataset, *it->hdf5->T_IEEE_F32LE_g, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) < 0)
            return fail(it, GLN_HDF5_DAMAGED, path, "cannot be read: it is damaged, or packed by an unknown filter");
    }
    it->hdf5->Pclose(creation);
    it->hdf5->Sclose(space);
    it->hdf5->Tclose(type);
    return status;
}

static herr_t visit(hid_t root, const char *path, const H5O_info_t *info, void *context)
{
    reader *it = context;
    if (++it->objects > GLN_HDF5_OBJECT_LIMIT)
        return fail(it, GLN_HDF5_TOO_LARGE, NULL, "it has more than 100,000 objects");
    if (strlen(path) > GLN_HDF5_PATH_LIMIT)
        return fail(it, GLN_HDF5_TOO_LARGE, path, "has a path of more than 1024 bytes");
    if (strncmp(path, "optimizer", 9) == 0 || info->type == H5O_TYPE_NAMED_DATATYPE)
        return 0;
    hid_t object = it->hdf5->Oopen(root, path, H5P_DEFAULT);
    if (object < 0)
        return fail(it, GLN_HDF5_DAMAGED, path, "cannot be opened");
    herr_t status = 0;
    if (info->type == H5O_TYPE_DATASET) {
        status = read_dataset(it, object, path);
    } else if (strcmp(path, ".") == 0) {
        static const char *const names[] = {"model_config", "layer_names", "nb_layers", "keras_version"};
        for (size_t index = 0; index < sizeof names / sizeof *names && status >= 0; index++)
            status = read_attribute(it, object, "", names[index]);
    } else {
        status = read_attribute(it, object, path, "name");
    }
    it->hdf5->Oclose(object);
    return status;
}

/* The library takes the caller's bytes as they are, and never writes to what it opened for reading. */
static void *borrow(size_t size, H5FD_file_image_op_t operation, void *bytes)
{
    (void)size, (void)operation;
    return bytes;
}

static void *keep(void *target, const void *source, size_t size, H5FD_file_image_op_t operation, void *bytes)
{
    (void)source, (void)size, (void)operation, (void)bytes;
    return target;
}

static void *extend(void *block, size_t size, H5FD_file_image_op_t operation, void *bytes)
{
    (void)block, (void)size, (void)operation, (void)bytes;
    return NULL;
}

static herr_t leave(void *block, H5FD_file_image_op_t operation, void *bytes)
{
    (void)block, (void)operation, (void)bytes;
    return 0;
}

static void *same(void *bytes) { return bytes; }

static herr_t forget(void *bytes)
{
    (void)bytes;
    return 0;
}

static void read_file(reader *it, const uint8_t *bytes, size_t size)
{
    if (it->hdf5->open() < 0) {
        fail(it, GLN_HDF5_NO_PROCESS, NULL, "libhdf5 cannot be set up");
        return;
    }
    it->hdf5->Eset_auto2(H5E_DEFAULT, NULL, NULL);
    it->hdf5->PLset_loading_state(0);
    void *image = (void *)(uintptr_t)bytes;
    H5FD_file_image_callbacks_t callbacks = {borrow, keep, extend, leave, same, forget, image};
    hid_t access = it->hdf5->Pcreate(*it->hdf5->P_CLS_FILE_ACCESS_ID_g);
    if (access < 0 || it->hdf5->Pset_fapl_core(access, 1 << 16, 0) < 0 ||
        it->hdf5->Pset_file_image_callbacks(access, &callbacks) < 0 ||
        it->hdf5->Pset_file_image(access, image, size) < 0) {
        fail(it, GLN_HDF5_NO_PROCESS, NULL, "libhdf5 cannot be set up");
        return;
    }
    /* The macro H5F_ACC_RDONLY calls the library. */
    const unsigned read_only = 0;
    hid_t file = it->hdf5->Fopen("memory", read_only, access);
    if (file < 0)
        fail(it, GLN_HDF5_DAMAGED, NULL, "libhdf5 cannot open it");
    else if (it->hdf5->Ovisit1(file, H5_INDEX_NAME, H5_ITER_NATIVE, visit, it) < 0)
        fail(it, GLN_HDF5_DAMAGED, NULL, "libhdf5 cannot list what is in it");
}

/* Adds `amount` to what the process takes already and makes that its limit. */
static void limit_memory(size_t amount)
{
    char text[64] = {0};
    int statistics = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (statistics < 0 || read(statistics, text, sizeof text - 1) <= 0)
        return;
    rlim_t limit = (rlim_t)strtoull(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE) + amount;
    setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit});
}

/* Ends the process by a signal once it has used its processor time up. */
static void limit_time(unsigned milliseconds)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    struct timeval time = {milliseconds / 1000, milliseconds % 1000 * 1000};
    setitimer(ITIMER_PROF, &(struct itimerval){{0, 0}, time}, NULL);
    rlim_t seconds = milliseconds / 1000 + 1;
    setrlimit(RLIMIT_CPU, &(struct rlimit){seconds, seconds});
}

static void confine(const gln_hdf5_limits *limits)
{
    static const int signals[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL, SIGABRT,
                                  SIGTRAP, SIGXCPU, SIGPROF, SIGINT, SIGTERM, SIGHUP};
    for (size_t index = 0; index < sizeof signals / sizeof *signals; index++)
        signal(signals[index], SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    limit_time(limits->milliseconds);
    limit_memory(limits->memory);
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int descriptor = 0; descriptor <= 2 && nowhere >= 0; descriptor++)
        dup2(nowhere, descriptor);
}

static gln_hdf5_status outcome(const shared_head *head, pid_t child, const gln_hdf5_limits *limits, char *message)
{
    int status = 0;
    pid_t ended;
    do
        ended = waitpid(child, &status, 0);
    while (ended < 0 && errno == EINTR);
    if (head->finished) {
        snprintf(message, GLN_HDF5_MESSAGE_SIZE, "%.*s", GLN_HDF5_MESSAGE_SIZE - 1, head->message);
        return (gln_hdf5_status)head->status;
    }
    int reason = ended == child && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (reason == SIGKILL || reason == SIGXCPU || reason == SIGPROF) {
        snprintf(message, GLN_HDF5_MESSAGE_SIZE, "libhdf5 takes more than %g seconds over it",
                 limits->milliseconds / 1000.0);
        return GLN_HDF5_TOO_LARGE;
    }
    snprintf(message, GLN_HDF5_MESSAGE_SIZE, "libhdf5 crashes on it");
    return GLN_HDF5_DAMAGED;
}

gln_hdf5_status gln_hdf5_read(const uint8_t *bytes, size_t size, const gln_hdf5_limits *limits,
                              gln_hdf5_contents *contents, char *message)
{
    const gln_hdf5_library *hdf5 = gln_hdf5_load();
    if (hdf5 == NULL) {
        snprintf(message, GLN_HDF5_MESSAGE_SIZE,
                 "libhdf5 is not installed; on Debian 12: apt-get install libhdf5-103-1");
        return GLN_HDF5_NO_LIBRARY;
    }
    size_t mapping_size = sizeof(shared_head) + padded(limits->contents);
    void *mapping =
        mmap(NULL, mapping_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED) {
        snprintf(message, GLN_HDF5_MESSAGE_SIZE, "no memory for %zu bytes", mapping_size);
        return GLN_HDF5_NO_PROCESS;
    }
    shared_head *head = mapping;
    reader it = {.hdf5 = hdf5, .head = head, .entries = (uint8_t *)(head + 1), .limit = limits->contents};
    pid_t child = fork();
    if (child == 0) {
        confine(limits);
        read_file(&it, bytes, size);
        head->finished = 1;
        _exit(0);
    }
    gln_hdf5_status status = GLN_HDF5_NO_PROCESS;
    if (child < 0)
        snprintf(message, GLN_HDF5_MESSAGE_SIZE, "no process to read it in");
    else
        status = outcome(head, child, limits, message);
    if (status != GLN_HDF5_OK) {
        munmap(mapping, mapping_size);
        return status;
    }
    contents->entries = it.entries;
    contents->size = head->size <= limits->contents ? head->size : 0;
    contents->mapping = mapping;
    contents->mapping_size = mapping_size;
    return GLN_HDF5_OK;
}

void gln_hdf5_free(gln_hdf5_contents *contents)
{
    if (contents->mapping != NULL)
        munmap(contents->mapping, contents->mapping_size);
    *contents = (gln_hdf5_contents){0};
}
