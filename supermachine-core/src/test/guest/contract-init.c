/*
 * PID 1 of the engine contract's guest: loads the modules listed in /lib/modules/modules.order, opens the port named dev.supermachine.agent and answers commands,
 * one a line:
 *
 *   PING              PONG
 *   ECHO <n>          the n bytes that follow, sent back as they come
 *   FILL <m> <c>      m MiB of memory filled with the character c; OK
 *   SUM               the sum of that memory's bytes
 *   SAY <text>        the text on the console; OK
 *   NEXT              a number, one greater at each call
 *   DISK              the first 16 bytes of /dev/vda in hex
 *   WRITEDISK         the errno of opening /dev/vda for writing, or of writing a byte to it
 *   VOLREAD <serial>  the text at the begin of the disk with this serial number, read past the cache
 *   VOLWRITE <serial> <text>  the text written to its begin, past the cache; the errno
 *   RANDOM            8 bytes of the hardware generator in hex
 *   CMDLINE           /proc/cmdline
 *   UPTIME            /proc/uptime
 *   BUSY              from now on and without end, processes print on the console, read /dev/vda past the cache, and write memory; OK
 *   READS             how often BUSY has read the disk
 *   OFF               restarts the machine
 *   POWEROFF          powers it off
 *   PANIC             crashes the kernel
 *   EXIT              ends process 1
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const PORT = "dev.supermachine.agent";

static void die(const char *what) {
    printf("contract-init: %s: %s\n", what, strerror(errno));
    reboot(RB_AUTOBOOT);
    _exit(1);
}

static void load_modules(void) {
    FILE *order = fopen("/lib/modules/modules.order", "r");
    if (order == NULL) {
        return;
    }
    char name[100];
    while (fgets(name, sizeof name, order) != NULL) {
        char path[200];
        name[strcspn(name, "\n")] = 0;
        snprintf(path, sizeof path, "/lib/modules/%s.ko", name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST)) {
            die(path);
        }
        close(fd);
    }
    fclose(order);
}

static int open_port(void) {
    for (int tries = 0; tries < 3000; tries++) {
        DIR *ports = opendir("/sys/class/virtio-ports");
        struct dirent *entry;
        while (ports != NULL && (entry = readdir(ports)) != NULL) {
            char path[600];
            char name[64] = "";
            snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
            FILE *file = fopen(path, "r");
            if (file == NULL) {
                continue;
            }
            if (fgets(name, sizeof name, file) != NULL) {
                name[strcspn(name, "\n")] = 0;
            }
            fclose(file);
            if (strcmp(name, PORT) == 0) {
                snprintf(path, sizeof path, "/dev/%s", entry->d_name);
                int fd = open(path, O_RDWR | O_CLOEXEC);
                if (fd >= 0) {
                    closedir(ports);
                    return fd;
                }
            }
        }
        if (ports != NULL) {
            closedir(ports);
        }
        usleep(10000);
    }
    errno = ENODEV;
    die(PORT);
    return -1;
}

static void write_all(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            die("write to the port");
        }
        if (written > 0) {
            bytes += written;
            length -= (size_t) written;
        }
    }
}

static size_t read_some(int fd, char *bytes, size_t length) {
    while (1) {
        ssize_t got = read(fd, bytes, length);
        if (got > 0) {
            return (size_t) got;
        }
        /* 0: the host has not opened its end (yet, or any more) */
        if (got < 0 && errno != EINTR && errno != EAGAIN) {
            die("read from the port");
        }
        usleep(1000);
    }
}

static void answer(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void answer(int fd, const char *format, ...) {
    char line[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0 || length > (int) sizeof line - 2) {
        length = sizeof line - 2;
    }
    line[length] = '\n';
    write_all(fd, line, (size_t) length + 1);
}

static void echo(int fd, size_t length) {
    static char buffer[65536];
    while (length > 0) {
        size_t got = read_some(fd, buffer, length < sizeof buffer ? length : sizeof buffer);
        write_all(fd, buffer, got);
        length -= got;
    }
}

static void answer_hex(int fd, const char *path, size_t length) {
    unsigned char bytes[64];
    char hex[129] = "";
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, bytes, length);
    if (got < 0) {
        answer(fd, "%s: %s", path, strerror(errno));
    } else {
        for (ssize_t i = 0; i < got; i++) {
            snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
        }
        answer(fd, "%s", hex);
    }
    if (file >= 0) {
        close(file);
    }
}

static void answer_file(int fd, const char *path) {
    char text[4000];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? 0 : read(file, text, sizeof text - 1);
    text[got < 0 ? 0 : got] = 0;
    text[strcspn(text, "\n")] = 0;
    answer(fd, "%s", text);
    if (file >= 0) {
        close(file);
    }
}

static int write_disk(void) {
    int disk = open("/dev/vda", O_WRONLY | O_SYNC | O_CLOEXEC);
    if (disk < 0) {
        return errno;
    }
    int result = write(disk, "x", 1) == 1 && fsync(disk) == 0 ? 0 : errno;
    close(disk);
    return result;
}

/* Where the disk with a serial number is; the numbers in the names depend on the order in which the kernel finds them. */
static const char *disk_of(const char *serial) {
    static char path[300];
    DIR *disks = opendir("/sys/block");
    struct dirent *entry;
    const char *found = "/dev/none";
    while (disks != NULL && (entry = readdir(disks)) != NULL) {
        char text[64] = "";
        snprintf(path, sizeof path, "/sys/block/%s/serial", entry->d_name);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) {
            continue;
        }
        ssize_t got = read(file, text, sizeof text - 1);
        close(file);
        text[got < 0 ? 0 : got] = 0;
        text[strcspn(text, "\n")] = 0;
        if (strcmp(text, serial) == 0) {
            snprintf(path, sizeof path, "/dev/%s", entry->d_name);
            found = path;
            break;
        }
    }
    if (disks != NULL) {
        closedir(disks);
    }
    return found;
}

/* Past the cache, in whole sectors. */
static int write_volume(const char *serial, const char *text) {
    int disk = open(disk_of(serial), O_WRONLY | O_DIRECT | O_SYNC | O_CLOEXEC);
    char *sector = aligned_alloc(4096, 4096);
    if (disk < 0 || sector == NULL) {
        return errno;
    }
    memset(sector, 0, 4096);
    strncpy(sector, text, 4095);
    int result = write(disk, sector, 4096) == 4096 && fsync(disk) == 0 ? 0 : errno;
    close(disk);
    free(sector);
    return result;
}

static void answer_volume(int fd, const char *serial) {
    char *sector = aligned_alloc(4096, 4096);
    int disk = open(disk_of(serial), O_RDONLY | O_DIRECT | O_CLOEXEC);
    if (disk < 0 || sector == NULL || read(disk, sector, 4096) != 4096) {
        answer(fd, "%s: %s", serial, strerror(errno));
    } else {
        sector[64] = 0;
        answer(fd, "%s", sector);
    }
    if (disk >= 0) {
        close(disk);
    }
    free(sector);
}

/* Shared by BUSY's processes. */
static volatile unsigned long *reads;

/* With pauses: as long as there is something to print, the serial port's driver fills the port in its interrupt handler, and what else
   interrupts that processor waits. */
static void print_always(void) {
    for (unsigned long i = 0;; i++) {
        printf("busy %lu, and it goes on and on\n", i);
        usleep(1000);
    }
}

static void read_always(void) {
    int disk = open("/dev/vda", O_RDONLY | O_DIRECT | O_CLOEXEC);
    off_t size = disk < 0 ? -1 : lseek(disk, 0, SEEK_END);
    void *buffer = aligned_alloc(4096, 65536);
    if (size < 65536 || buffer == NULL) {
        die("/dev/vda");
    }
    for (off_t at = 0;; at = at + 2 * 65536 > size ? 0 : at + 65536) {
        if (pread(disk, buffer, 65536, at) != 65536) {
            die("read /dev/vda");
        }
        ++*reads;
    }
}

static void write_memory_always(void) {
    static char memory[4 << 20];
    for (char next = 1;; next++) {
        memset(memory, next, sizeof memory);
        usleep(1000);
    }
}

static void be_busy(void) {
    static void (*const work[])(void) = {print_always, read_always, write_memory_always};
    for (size_t i = 0; i < sizeof work / sizeof *work; i++) {
        pid_t child = fork();
        if (child < 0) {
            die("fork");
        }
        if (child == 0) {
            work[i]();
        }
    }
}

static void crash(void) {
    int trigger = open("/proc/sysrq-trigger", O_WRONLY);
    if (trigger < 0 || write(trigger, "c", 1) != 1) {
        die("/proc/sysrq-trigger");
    }
}

static void serve(int fd, char *line) {
    static char *memory;
    static size_t size;
    static unsigned long count;
    if (strcmp(line, "PING") == 0) {
        answer(fd, "PONG");
    } else if (strncmp(line, "ECHO ", 5) == 0) {
        echo(fd, strtoul(line + 5, NULL, 10));
    } else if (strncmp(line, "FILL ", 5) == 0) {
        char *rest;
        size = strtoul(line + 5, &rest, 10) << 20;
        memory = realloc(memory, size);
        if (memory == NULL) {
            die("realloc");
        }
        memset(memory, rest[1], size);
        answer(fd, "OK");
    } else if (strcmp(line, "SUM") == 0) {
        unsigned long sum = 0;
        for (size_t i = 0; i < size; i++) {
            sum += (unsigned char) memory[i];
        }
        answer(fd, "%lu", sum);
    } else if (strncmp(line, "SAY ", 4) == 0) {
        printf("%s\n", line + 4);
        answer(fd, "OK");
    } else if (strcmp(line, "NEXT") == 0) {
        answer(fd, "%lu", ++count);
    } else if (strcmp(line, "DISK") == 0) {
        answer_hex(fd, "/dev/vda", 16);
    } else if (strcmp(line, "WRITEDISK") == 0) {
        answer(fd, "%s", strerror(write_disk()));
    } else if (strncmp(line, "VOLREAD ", 8) == 0) {
        answer_volume(fd, line + 8);
    } else if (strncmp(line, "VOLWRITE ", 9) == 0) {
        char *text = strchr(line + 9, ' ');
        *text = 0;
        answer(fd, "%s", strerror(write_volume(line + 9, text + 1)));
    } else if (strcmp(line, "RANDOM") == 0) {
        answer_hex(fd, "/dev/hwrng", 8);
    } else if (strcmp(line, "CMDLINE") == 0) {
        answer_file(fd, "/proc/cmdline");
    } else if (strcmp(line, "UPTIME") == 0) {
        answer_file(fd, "/proc/uptime");
    } else if (strcmp(line, "BUSY") == 0) {
        be_busy();
        answer(fd, "OK");
    } else if (strcmp(line, "READS") == 0) {
        answer(fd, "%lu", *reads);
    } else if (strcmp(line, "OFF") == 0) {
        reboot(RB_AUTOBOOT);
    } else if (strcmp(line, "POWEROFF") == 0) {
        reboot(RB_POWER_OFF);
    } else if (strcmp(line, "PANIC") == 0) {
        crash();
    } else if (strcmp(line, "EXIT") == 0) {
        _exit(0);
    } else {
        answer(fd, "unknown command: %s", line);
    }
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    mkdir("/dev", 0755);
    mkdir("/proc", 0555);
    mkdir("/sys", 0555);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    int console = open("/dev/console", O_WRONLY);
    if (console >= 0) {
        dup2(console, 1);
    }
    reads = mmap(NULL, sizeof *reads, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (reads == MAP_FAILED) {
        die("mmap");
    }
    load_modules();
    int fd = open_port();
    printf("contract-init: ready\n");
    char line[1024];
    while (1) {
        size_t length = 0;
        do {
            length += read_some(fd, line + length, 1);
        } while (line[length - 1] != '\n' && length < sizeof line);
        line[length - 1] = 0;
        serve(fd, line);
    }
}
