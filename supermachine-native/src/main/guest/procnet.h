/* Who listens: the text of /proc/net/tcp and /proc/net/tcp6. */
#ifndef SM_PROCNET_H
#define SM_PROCNET_H

#include "util.h"

/* Marks in `listening` (65536 flags, never cleared here) every port with a socket in state LISTEN. Lines that are not
 * understood are skipped. */
void procnet_scan(const char *text, bool *listening);

#endif
