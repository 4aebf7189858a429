#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void (*before_power_off)(void);

static void line(const char *format, va_list arguments)
{
    char text[1024];
    int length = snprintf(text, sizeof text, "agent: ");
    int rest = vsnprintf(text + length, sizeof text - (size_t)length - 1, format, arguments);
    if (rest < 0)
        return;
    size_t size = strlen(text);
    text[size++] = '\n';
    /* One write, so that lines of the kernel do not fall into ours; nothing can be done if the console is gone. */
    if (write(STDERR_FILENO, text, size) < 0)
        return;
}

void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    line(format, arguments);
    va_end(arguments);
}

void fatal(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    line(format, arguments);
    va_end(arguments);
    power_off(1);
}

void power_off(int status)
{
    void (*hook)(void) = before_power_off;
    before_power_off = NULL; /* should it end in here again */
    if (hook)
        hook();
#ifndef HOSTED
    if (getpid() == 1) {
        reboot(RB_POWER_OFF);
        /* Process 1 must not end: the kernel would panic and hide the line that says why. */
        for (;;)
            pause();
    }
#endif
    _exit(status);
}

void *allocate(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory)
        fatal("out of memory (%zu bytes asked for)", size);
    return memory;
}

void *reallocate(void *memory, size_t size)
{
    memory = realloc(memory, size ? size : 1);
    if (!memory)
        fatal("out of memory (%zu bytes asked for)", size);
    return memory;
}

char *duplicate(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(allocate(size), text, size);
}

char *format_text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (size < 0)
        fatal("out of memory for a message");
    return text;
}

uint64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    ssize_t written = write(fd, text, strlen(text));
    int error = written < 0 ? errno : 0;
    close(fd);
    return error;
}

char *read_file(const char *path, size_t limit, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    size_t used = 0, capacity = 4096;
    char *text = allocate(capacity);
    for (;;) {
        if (used + 1 == capacity)
            text = reallocate(text, capacity *= 2);
        ssize_t got = read(fd, text + used, capacity - used - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            break;
        if (got < 0 || used + (size_t)got > limit) {
            int error = got < 0 ? errno : EFBIG;
            free(text);
            close(fd);
            errno = error;
            return NULL;
        }
        used += (size_t)got;
    }
    close(fd);
    text[used] = 0;
    if (size)
        *size = used;
    return text;
}

int make_directories(const char *path, unsigned mode)
{
    char *copy = duplicate(path);
    int error = 0;
    for (char *at = copy + 1; *copy && !error; at++) {
        if (*at != '/' && *at != 0)
            continue;
        char end = *at;
        *at = 0;
        if (mkdir(copy, mode) < 0 && errno != EEXIST)
            error = errno;
        *at = end;
        if (!end)
            break;
    }
    struct stat status;
    if (!error && stat(path, &status) < 0)
        error = errno;
    if (!error && !S_ISDIR(status.st_mode))
        error = ENOTDIR;
    free(copy);
    return error;
}
