#define _GNU_SOURCE
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 4096, PATH = 4096, FILE_LIMIT = 4 << 20 };

/* A file read line by line without the heap. */
typedef struct reader {
    int file;
    size_t begin, end, total;
    char buffer[1024];
} reader;

static int reader_open(reader *it, const char *path)
{
    it->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    it->begin = it->end = it->total = 0;
    return it->file >= 0;
}

static int reader_byte(reader *it)
{
    if (it->begin == it->end) {
        ssize_t count = -1;
        if (it->total < FILE_LIMIT)
            do
                count = read(it->file, it->buffer, sizeof it->buffer);
            while (count < 0 && errno == EINTR);
        if (count <= 0)
            return -1;
        it->begin = 0;
        it->end = (size_t)count;
        it->total += (size_t)count;
    }
    return (unsigned char)it->buffer[it->begin++];
}

/* The next line that fits, without its end; 0 when there is none. Longer ones, and those with a NUL in them, are left out. */
static int reader_line(reader *it, char *line, size_t capacity)
{
    for (;;) {
        size_t length = 0;
        int byte, fits = 1;
        while ((byte = reader_byte(it)) >= 0 && byte != '\n') {
            fits = fits && byte != 0 && length < capacity - 1;
            if (fits)
                line[length++] = (char)byte;
        }
        if (byte < 0 && length == 0)
            return 0;
        line[length] = '\0';
        if (fits)
            return 1;
    }
}

static int read_first_line(const char *path, char *line, size_t capacity)
{
    reader file;
    int found;

    if (!reader_open(&file, path))
        return 0;
    found = reader_line(&file, line, capacity);
    close(file.file);
    return found;
}

/* A positive decimal number, up to what ends it; 0 where there is none or it is too large. */
static int64_t number(const char **text)
{
    int64_t value = 0;

    for (; **text >= '0' && **text <= '9'; (*text)++) {
        if (value > (INT64_MAX - 9) / 10)
            return 0;
        value = value * 10 + (**text - '0');
    }
    return value;
}

static int32_t smaller(int32_t limit, int64_t quota, int64_t period)
{
    int64_t cpus;

    if (quota <= 0 || period <= 0)
        return limit;
    cpus = quota / period + (quota % period != 0);
    return cpus < limit ? (int32_t)cpus : limit;
}

/* `limit`, or the CPUs of the group in this folder where they are fewer. */
static int32_t group_limit(const char *folder, int version, int32_t limit)
{
    char path[PATH + 32], line[64];
    const char *text = line;
    int64_t quota;

    snprintf(path, sizeof path, version == 2 ? "%s/cpu.max" : "%s/cpu.cfs_quota_us", folder);
    if (!read_first_line(path, line, sizeof line))
        return limit;
    quota = number(&text); /* 0 for "max" and for −1 */
    if (version == 2)
        return *text == ' ' ? (text++, smaller(limit, quota, number(&text))) : limit;
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    text = line;
    return read_first_line(path, line, sizeof line) ? smaller(limit, quota, number(&text)) : limit;
}

/* Whether a path has a part "..". */
static int goes_up(const char *path)
{
    for (; (path = strstr(path, "/..")) != NULL; path += 3)
        if (path[3] == '/' || path[3] == '\0')
            return 1;
    return 0;
}

/* From the group at `path` below the mount point up to the mount point itself. */
static int32_t walk(const char *mount, const char *path, int version, int32_t limit)
{
    char folder[PATH];
    const size_t top = strlen(mount);
    /* A path that leads out of the mount is that of a group which cannot be seen from here. */
    const int inside = !goes_up(path) && strlen(path) < sizeof folder - top;

    if (top >= sizeof folder)
        return limit;
    snprintf(folder, sizeof folder, "%s%s", mount, inside ? path : "");
    for (;;) {
        char *last;
        limit = group_limit(folder, version, limit);
        last = strrchr(folder + top, '/');
        if (last == NULL)
            return limit;
        *last = '\0';
    }
}

static int has_word(const char *list, const char *word)
{
    const size_t length = strlen(word);

    for (const char *place = list; (place = strstr(place, word)) != NULL; place += length)
        if ((place == list || place[-1] == ',') && (place[length] == ',' || place[length] == '\0'))
            return 1;
    return 0;
}

/* The process's own group in the hierarchy of this version; "" where it is not told. */
static void own_group(const char *root, int version, char group[LINE])
{
    char path[PATH];
    reader file;

    group[0] = '\0';
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (!reader_open(&file, path))
        return;
    /* hierarchy:controllers:path, in version 2 with 0 and no controllers */
    while (reader_line(&file, group, LINE)) {
        char *controllers = strchr(group, ':'), *name = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (name != NULL && name[1] == '/') {
            *name = '\0';
            if (version == 2 ? controllers[1] == '\0' : has_word(controllers + 1, "cpu")) {
                memmove(group, name + 1, strlen(name + 1) + 1);
                close(file.file);
                return;
            }
        }
        group[0] = '\0';
    }
    close(file.file);
}

/* Undoes mountinfo's \040 for a space and the like, in place. */
static void unescape(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++, to++) {
        if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' && text[2] <= '7' && text[3] >= '0' &&
            text[3] <= '7') {
            *to = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
            text += 3;
        } else {
            *to = *text;
        }
    }
    *to = '\0';
}

/* The next word of a line; NULL where there is none. */
static char *next_word(char **line)
{
    char *word = *line + strspn(*line, " ");
    size_t length = strcspn(word, " ");

    if (length == 0)
        return NULL;
    *line = word + length + (word[length] != '\0');
    word[length] = '\0';
    return word;
}

/* A line of mountinfo: which part of the hierarchy (*top) is mounted where (*point). 0 where it is not that hierarchy. */
static int is_mount(char *line, int version, char **top, char **point)
{
    char *options = strstr(line, " - "), *type, *source;

    if (options == NULL)
        return 0;
    *options = '\0';
    options += 3;
    type = next_word(&options);
    source = next_word(&options);
    if (type == NULL || source == NULL || strcmp(type, version == 2 ? "cgroup2" : "cgroup") != 0)
        return 0;
    if (version == 1 && !has_word(options, "cpu"))
        return 0;
    for (int skipped = 0; skipped < 3; skipped++)
        if (next_word(&line) == NULL)
            return 0;
    *top = next_word(&line);
    *point = next_word(&line);
    if (*top == NULL || *point == NULL)
        return 0;
    unescape(*top);
    unescape(*point);
    return 1;
}

/* What is left of the group's path below the part that is mounted; "" where it is not below it. */
static const char *below(const char *group, const char *top)
{
    const size_t length = strcmp(top, "/") == 0 ? 0 : strlen(top);

    return strncmp(group, top, length) == 0 && group[length] == '/' && group[length + 1] != '\0' ? group + length : "";
}

static int32_t hierarchy_limit(const char *root, int version, int32_t limit)
{
    static const char *const usual[2][2] = {{"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"},
                                            {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}};
    char group[LINE], line[LINE], mount[PATH];
    reader mounts;
    int found = 0;

    own_group(root, version, group);
    snprintf(mount, sizeof mount, "%s/proc/self/mountinfo", root);
    if (reader_open(&mounts, mount)) {
        while (reader_line(&mounts, line, sizeof line)) {
            char *top, *point;
            if (!is_mount(line, version, &top, &point) || strlen(root) + strlen(point) >= sizeof mount)
                continue;
            snprintf(mount, sizeof mount, "%s%s", root, point);
            limit = walk(mount, below(group, top), version, limit);
            found = 1;
        }
        close(mounts.file);
    }
    for (int i = 0; i < 2 && !found; i++) {
        snprintf(mount, sizeof mount, "%s%s", root, usual[version - 1][i]);
        limit = walk(mount, below(group, "/"), version, limit);
    }
    return limit;
}

int32_t gln_cgroup_cpus(const char *root)
{
    const int32_t limit = hierarchy_limit(root, 1, hierarchy_limit(root, 2, INT32_MAX));

    return limit == INT32_MAX ? 0 : limit;
}
