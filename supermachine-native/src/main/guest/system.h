/* The machine around the workload: what differs between a guest and an agent hosted in an ordinary process. */
#ifndef SM_SYSTEM_H
#define SM_SYSTEM_H

#include "codec.h"

/* Host name, /etc/hostname, /etc/hosts; NULL or a fresh message and its code. */
char *system_set_names(const char *hostname, const struct strings *extra_hosts, uint32_t *code);

/* Mounts volumes, before anything of the image runs: a map from where to a text that is not empty if it was never mounted before; the N-th
 * is the disk "volumeN". NULL or a fresh message and its code. */
char *system_mount_volumes(const struct strings *volumes, uint32_t *code);

/* Brings the volumes' disks into the state of a clean file system and holds up whoever writes to them, or lets them go on; 0 or the
 * errno. */
int system_freeze_volumes(bool frozen);

/* Freezes or thaws every process but the agent; 0 or the errno. */
int system_freeze(bool frozen);
/* Whether the last system_freeze(true) has come into effect. */
bool system_is_frozen(void);

/* Drops random bytes read ahead, mixes entropy in and reseeds; sets the wall clock. NULL or a fresh message. */
char *system_renew(const uint8_t entropy[32], uint64_t seconds, uint32_t nanoseconds);

#endif
