#include "check.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int faults;
static int skipped_now;
static int passed, failed, skipped;

static void fault(const char *file, int line, const char *text, const char *detail)
{
    pthread_mutex_lock(&lock);
    if (++faults <= 20)
        fprintf(stderr, "%s:%d: %s%s\n", file, line, text, detail);
    pthread_mutex_unlock(&lock);
}

void check_report(int holds, const char *condition, const char *file, int line)
{
    if (!holds)
        fault(file, line, "does not hold: ", condition);
}

void check_status(gln_status expected, gln_status found, const char *call, const char *file, int line)
{
    char text[2048];
    if (found == expected)
        return;
    snprintf(text, sizeof text, "%.200s: %s (%s) instead of %s", call, gln_status_string(found),
             found == GLN_OK ? "" : gln_last_error_message(), gln_status_string(expected));
    fault(file, line, "", text);
}

void check_message(const char *part, const char *call, const char *file, int line)
{
    char text[2048];
    const char *message = gln_last_error_message();
    if (message && strstr(message, part))
        return;
    snprintf(text, sizeof text, "%.200s: the message \"%s\" does not name \"%s\"", call,
             message ? message : "NULL", part);
    fault(file, line, "", text);
}

void check_skip(const char *reason)
{
    printf("  skipped: %s\n", reason);
    skipped_now = 1;
}

void check_run(const char *name, void (*test)(void))
{
    faults = 0;
    skipped_now = 0;
    test();
    if (faults) {
        failed++;
        printf("  FAILED %s (%d faults)\n", name, faults);
    } else if (skipped_now) {
        skipped++;
    } else {
        passed++;
    }
    fflush(stdout);
}

int check_finish(void)
{
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed != 0;
}
