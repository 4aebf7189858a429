/* Kernel modules of the initial root file system. */
#ifndef SM_MODULE_H
#define SM_MODULE_H

/* Loads every *.ko of a directory, each after those it depends on. */
void modules_load(const char *directory);

#endif
