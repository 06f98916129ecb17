/* Temporary files that are removed when a signal ends the process. */
#ifndef GLN_TEMPORARY_FILES_H
#define GLN_TEMPORARY_FILES_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Makes a file of a new name in a folder, with a mode that the umask restricts, and opens it for writing. Returns the
 * descriptor and writes its NUL-terminated path of less than `capacity` bytes, or returns -1 with errno.
 */
int gln_temporary_create(const char *folder, mode_t mode, char *path, size_t capacity);

/* For a path that is another file's now, or nobody's: signals leave it alone. */
void gln_temporary_forget(const char *path);

/*
 * From now on SIGINT, SIGTERM and SIGHUP remove the files that have been made and not been forgotten before they end
 * the process. Those of them that are ignored stay ignored. For programs, not for libraries: it changes what the
 * process does with signals.
 */
void gln_temporaries_watch_signals(void);

#endif
