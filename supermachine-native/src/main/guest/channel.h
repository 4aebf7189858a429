/* The byte channel to the host: frames in, frames out, never waiting for either. */
#ifndef SM_CHANNEL_H
#define SM_CHANNEL_H

#include "frame.h"

/* In the guest both descriptors are the port; the hosted agent has a pipe each way. */
void channel_init(int in, int out, void (*handle)(const struct frame *));

uint32_t channel_epoch(void);
/* Begins a new epoch: what was queued in the old one is forgotten. */
void channel_begin_epoch(uint32_t epoch);

void channel_send(uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t size);
void channel_send_buffer(uint8_t type, uint32_t stream, struct buffer *payload); /* frees the buffer */
void channel_send_error(uint8_t type, uint32_t stream, uint32_t code, const char *message);

bool channel_has_space(void); /* for DATA; control frames always find a place */
bool channel_is_empty(void);  /* everything queued was written */

/* Reads and handles frames, writes what is queued; true when more can be done without waiting. */
bool channel_pump(void);

#endif
