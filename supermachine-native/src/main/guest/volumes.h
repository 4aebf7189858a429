/* The machine's disks, by the serial numbers that the engine gives them, and what is mounted from them. */
#ifndef SM_VOLUMES_H
#define SM_VOLUMES_H

/* Waits for a disk and says where it is, as fresh memory; ends the machine if it does not appear. */
char *disk_path(const char *serial);

#endif
