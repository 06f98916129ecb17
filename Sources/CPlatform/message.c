#include "platform.h"

#include <string.h>

static _Thread_local char message[1024];

const char *gln_thread_message(void)
{
    return message;
}

void gln_set_thread_message(const uint8_t *text, size_t length)
{
    if (length > sizeof message - 1) {
        length = sizeof message - 1;
        while (length > 0 && (text[length] & 0xC0) == 0x80)
            length--;
    }
    if (length > 0)
        memcpy(message, text, length);
    message[length] = '\0';
}
