/* Loopback, and an interface that leads nowhere. */
#ifndef SM_NETWORK_H
#define SM_NETWORK_H

void network_up(void);

#endif
