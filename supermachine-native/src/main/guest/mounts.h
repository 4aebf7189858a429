/* The file systems of the guest. */
#ifndef SM_MOUNTS_H
#define SM_MOUNTS_H

/* /proc, /sys and /dev of the initial root file system, and a console to write to. */
void mounts_early(void);

/* The image below a writable layer becomes the root; what the initial root file system took of memory is given back. */
void mounts_root(const char *disk);

#endif
