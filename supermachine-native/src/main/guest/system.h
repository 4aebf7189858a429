/* The machine around the workload: what differs between a guest and an agent hosted in an ordinary process. */
#ifndef SM_SYSTEM_H
#define SM_SYSTEM_H

#include "codec.h"

/* Host name, /etc/hostname, /etc/hosts; NULL or a fresh message and its code. */
char *system_set_names(const char *hostname, const struct strings *extra_hosts, uint32_t *code);

/* Freezes or thaws every process but the agent; 0 or the errno. */
int system_freeze(bool frozen);
/* Whether the last system_freeze(true) has come into effect. */
bool system_is_frozen(void);

/* Sets the wall clock. NULL or a fresh message. */
char *system_set_clock(uint64_t seconds, uint32_t nanoseconds);

/* Drops random bytes read ahead, mixes entropy in and reseeds; sets the wall clock. NULL or a fresh message. */
char *system_renew(const uint8_t entropy[32], uint64_t seconds, uint32_t nanoseconds);

#endif
