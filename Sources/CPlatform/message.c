#include "platform.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY = 1024 };

static char no_memory[] = "there is no memory, not even for the message that says what for";
/* NULL while nothing has failed. */
static GLN_THREAD_LOCAL char *message;
/* The key whose destructor frees a thread's buffer, plus 1; 0 while there is none. */
static _Atomic(uint64_t) cleaner;

static void forget(void *buffer)
{
    message = NULL;
    free(buffer);
}

/* Has the calling thread free the buffer when it ends. 0 where that cannot be. */
static int keep_until_end(char *buffer)
{
    uint64_t present = atomic_load(&cleaner);

    if (present == 0) {
        pthread_key_t made;
        if (pthread_key_create(&made, forget) != 0)
            return 0;
        if (atomic_compare_exchange_strong(&cleaner, &present, (uint64_t)made + 1))
            present = (uint64_t)made + 1;
        else
            pthread_key_delete(made);
    }
    return pthread_setspecific((pthread_key_t)(present - 1), buffer) == 0;
}

const char *gln_thread_message(void)
{
    return message != NULL ? message : "";
}

void gln_set_thread_message(const uint8_t *text, size_t length)
{
    if (message == NULL || message == no_memory) {
        char *buffer = malloc(CAPACITY);
        if (buffer != NULL && !keep_until_end(buffer)) {
            free(buffer);
            buffer = NULL;
        }
        message = buffer != NULL ? buffer : no_memory;
        if (buffer == NULL)
            return;
    }
    if (length > CAPACITY - 1) {
        length = CAPACITY - 1;
        while (length > 0 && (text[length] & 0xC0) == 0x80)
            length--;
    }
    if (length > 0)
        memcpy(message, text, length);
    message[length] = '\0';
}
