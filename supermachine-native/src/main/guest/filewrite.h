/* One file that is being written: by FILE_WRITE, or put in place before a command. */
#ifndef SM_FILEWRITE_H
#define SM_FILEWRITE_H

#include "util.h"

#include <sys/stat.h>

struct file_write {
    int fd; /* -1: none is open */
    char *path; /* owned */
    uint64_t done;
    uint32_t mode, uid, gid; /* UINT32_MAX: what the file has; a new one gets 0644 and the agent's own */
    bool created;
};

/* Each gives 0; or an errno, and a fresh message that names the path. */

/* Opens `path`, creating it if it is missing. */
int file_write_open(struct file_write *, bool parents, bool append, char **message);
int file_write_bytes(struct file_write *, const uint8_t *bytes, size_t size, char **message);
/* Owner and mode; closes the file. */
int file_write_finish(struct file_write *, char **message);

/* Closes what is open; the path is freed. */
void file_write_free(struct file_write *);

/* 0 if it has content and an end: a pipe or a socket would wait for somebody else. Else an errno. */
int file_suitable(int fd, struct stat *);

#endif
