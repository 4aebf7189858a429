/* From the first instruction of process 1 to a root file system and a channel. */
#ifndef SM_BOOT_H
#define SM_BOOT_H

/* Sets the machine up; gives the channel's descriptors. Ends the machine with a message when a step fails. */
void boot(int *in, int *out);

#endif
