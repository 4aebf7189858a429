#include "procnet.h"

#include <string.h>

enum { STATE_LISTEN = 0x0A }; /* TCP_LISTEN of include/net/tcp_states.h */

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Exactly `digits` hexadecimal digits at `*at`, which moves behind them; -1 if they are not there. */
static long hexadecimal(const char **at, int digits)
{
    long value = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        int next = digit(**at);
        if (next < 0)
            return -1;
        value = value * 16 + next;
    }
    return value;
}

/* "  12: 0100007F:1538 00000000:0000 0A ..."; the addresses have 8 or 32 digits. */
static long listening_port(const char *line)
{
    line += strspn(line, " 0123456789");
    if (*line++ != ':' || *line++ != ' ')
        return -1;
    line += strspn(line, "0123456789ABCDEF");
    if (*line++ != ':')
        return -1;
    long port = hexadecimal(&line, 4);
    if (port < 0 || *line++ != ' ')
        return -1;
    line += strspn(line, "0123456789ABCDEF");
    if (*line++ != ':' || hexadecimal(&line, 4) < 0 || *line++ != ' ')
        return -1;
    return hexadecimal(&line, 2) == STATE_LISTEN ? port : -1;
}

void procnet_scan(const char *text, bool *listening)
{
    while (*text) {
        long port = listening_port(text);
        if (port >= 0)
            listening[port] = true;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
}
