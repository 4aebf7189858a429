/* Programs made for another processor, run by an emulator of the initial root file system. */
#ifndef SM_EMULATOR_H
#define SM_EMULATOR_H

/* Registers the emulator that the directory holds, if there is one, for every program started from now on. Ends the machine
 * with a message if that fails. */
void emulator_register(const char *directory);

#endif
