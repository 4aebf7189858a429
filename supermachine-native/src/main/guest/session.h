/* The conversation on stream 0 and the states it goes through. */
#ifndef SM_SESSION_H
#define SM_SESSION_H

#include "frame.h"

void session_hello(void);
void session_frame(const struct frame *);

#endif
