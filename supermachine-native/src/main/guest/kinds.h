/* The kinds of streams, one file each. */
#ifndef SM_KINDS_H
#define SM_KINDS_H

#include "stream.h"

extern const struct kind exec_kind;         /* exec.c */
extern const struct kind file_read_kind;    /* files.c */
extern const struct kind file_write_kind;   /* files.c */
extern const struct kind stat_kind;         /* files.c */
extern const struct kind tar_out_kind;      /* tarout.c */
extern const struct kind tar_in_kind;       /* tarin.c */
extern const struct kind connect_kind;      /* connect.c */
extern const struct kind listen_watch_kind; /* listen.c */
extern const struct kind log_kind;          /* logs.c */

#endif
