/* The channel's device. */
#ifndef SM_PORT_H
#define SM_PORT_H

/* Opens the virtio-console port with that name, waiting for it to appear; ends the machine if it does not. */
int port_open(const char *name);

#endif
