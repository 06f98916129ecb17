/* A small test harness: RUN(test) runs a function, CHECK fails it and goes on, SKIP leaves it. */
#ifndef GLN_TEST_CHECK_H
#define GLN_TEST_CHECK_H

#include <googlenet.h>

#define CHECK(condition) check_report((condition) != 0, #condition, __FILE__, __LINE__)
/* That a call returns this status. Shows the library's message where it does not. */
#define CHECK_STATUS(expected, call) check_status((expected), (call), #call, __FILE__, __LINE__)
/* That a call returns this status, and that the message names `part`. */
#define CHECK_ERROR(expected, part, call)                                                                              \
    do {                                                                                                               \
        CHECK_STATUS((expected), (call));                                                                              \
        check_message((part), #call, __FILE__, __LINE__);                                                              \
    } while (0)
#define SKIP(reason)                                                                                                   \
    do {                                                                                                               \
        check_skip(reason);                                                                                            \
        return;                                                                                                        \
    } while (0)
#define RUN(test) check_run(#test, test)

void check_report(int holds, const char *condition, const char *file, int line);
void check_status(gln_status expected, gln_status found, const char *call, const char *file, int line);
void check_message(const char *part, const char *call, const char *file, int line);
void check_skip(const char *reason);
void check_run(const char *name, void (*test)(void));
/* Prints "N passed, N failed, N skipped"; the exit status of the program. */
int check_finish(void);

#endif
