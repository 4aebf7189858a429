/* The workload's state, which is its file's own, begins anew. */
#ifndef SM_FUZZ_SESSION_H
#define SM_FUZZ_SESSION_H

void workload_reset(void);

#endif
