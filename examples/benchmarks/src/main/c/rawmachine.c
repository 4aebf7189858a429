// The other side of the comparisons: restores a machine with the very command line that the library uses, and nothing around it.
//
//   rawmachine DIRECTORY STATE QEMU ARGUMENT...
//
// DIRECTORY holds the sockets "q", "c" and "a" that the arguments name; STATE is the snapshot's device state. It prints one line
// when the machine is prepared, then obeys lines of its standard input, each answered by a line:
//
//   resume        cont, RESUME           -> resumed NANOSECONDS-OF-THE-COMMAND NANOSECONDS-SINCE-THE-START
//   exec PROGRAM  to its end             -> done NANOSECONDS-OF-THE-COMMAND
//   listen PORT   a loopback port        -> port NUMBER
//   serve         one connection to it, forwarded to the guest's port, no answer
//
// At the end of its input it kills QEMU. Frames are those of docs/agent-protocol.md.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    RESUME = 0x09,
    RESUMED = 0x0a,
    CONTROL_ERROR = 0x0c,
    OPEN = 0x20,
    OPENED = 0x21,
    DATA = 0x22,
    CREDIT = 0x23,
    END = 0x24,
    RESULT = 0x27,
    STREAM_ERROR = 0x28,
    MAGIC = 0x4d53,
    HEADER = 16,
    LARGEST = 65536,
    WINDOW = 1 << 20,
    WAIT_MS = 60000,
};

struct frame {
    uint32_t length;
    uint8_t type;
    uint8_t flags;
    uint16_t magic;
    uint32_t stream;
    uint32_t epoch;
    uint8_t payload[LARGEST];
};

static pid_t qemu;
static const char *directory;
static int monitor, console, agent, listener = -1;
static uint32_t epoch, next_stream = 1;
static uint16_t guest_port;
static char line[1 << 16];
static size_t line_have;

static __attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...) {
    va_list arguments;
    fputs("rawmachine: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, " (errno: %s)\n", strerror(errno));
    if (qemu > 0) kill(qemu, SIGKILL);
    exit(1);
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void await(int fd, short events, const char *what) {
    struct pollfd wanted = {.fd = fd, .events = events};
    int count;
    do count = poll(&wanted, 1, WAIT_MS);
    while (count < 0 && errno == EINTR);
    if (count <= 0) fail("nothing within %d ms while waiting for %s", WAIT_MS, what);
}

static void write_all(int fd, const void *bytes, size_t length) {
    const char *at = bytes;
    while (length > 0) {
        ssize_t count = write(fd, at, length);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) fail("cannot write to QEMU");
        at += count;
        length -= (size_t)count;
    }
}

static void read_all(int fd, void *bytes, size_t length, const char *what) {
    char *at = bytes;
    while (length > 0) {
        await(fd, POLLIN, what);
        ssize_t count = read(fd, at, length);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) fail("the end of %s", what);
        at += count;
        length -= (size_t)count;
    }
}

// --- QEMU ---

static struct sockaddr_un address_of(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof address.sun_path) fail("the path of socket %s is too long", name);
    return address;
}

static int listen_on(const char *name) {
    struct sockaddr_un address = address_of(name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1) != 0)
        fail("cannot listen on %s", address.sun_path);
    return fd;
}

static int accepted(int server, const char *what) {
    await(server, POLLIN, what);
    int fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) fail("QEMU did not connect its %s", what);
    close(server);
    return fd;
}

// Reads one line of the monitor's.
static char *monitor_line(void) {
    static char text[sizeof line];
    while (1) {
        char *end = memchr(line, '\n', line_have);
        if (end != NULL) {
            size_t length = (size_t)(end - line);
            memcpy(text, line, length);
            text[length] = 0;
            line_have -= length + 1;
            memmove(line, end + 1, line_have);
            return text;
        }
        if (line_have == sizeof line) fail("a line of the monitor's is too long");
        await(monitor, POLLIN, "the monitor");
        ssize_t count = read(monitor, line + line_have, sizeof line - line_have);
        if (count <= 0) fail("the end of the monitor");
        line_have += (size_t)count;
    }
}

static void await_line(const char *wanted) {
    while (1) {
        char *text = monitor_line();
        if (strstr(text, "\"error\"") != NULL || strstr(text, "\"failed\"") != NULL) fail("QEMU says %s", text);
        if (strstr(text, wanted) != NULL) return;
    }
}

static void send_command(const char *json) { write_all(monitor, json, strlen(json)); }

static void load_state(const char *state) {
    char buffer[65536];
    struct sockaddr_un address = address_of("i");
    snprintf(buffer, sizeof buffer, "{\"execute\":\"migrate-incoming\",\"arguments\":{\"uri\":\"unix:%s\"}}\n",
             address.sun_path);
    send_command(buffer);
    await_line("\"return\"");
    int source = open(state, O_RDONLY | O_CLOEXEC);
    if (source < 0) fail("cannot read %s", state);
    int target = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (target < 0 || connect(target, (struct sockaddr *)&address, sizeof address) != 0)
        fail("cannot connect to %s", address.sun_path);
    ssize_t count;
    while ((count = read(source, buffer, sizeof buffer)) > 0) write_all(target, buffer, (size_t)count);
    if (count < 0) fail("cannot read %s", state);
    shutdown(target, SHUT_WR);
    await_line("\"completed\"");
    close(source);
    close(target);
}

static void prepare(const char *state, char **command) {
    int monitors = listen_on("q"), consoles = listen_on("c"), agents = listen_on("a");
    qemu = fork();
    if (qemu < 0) fail("cannot fork");
    if (qemu == 0) {
        int nothing = open("/dev/null", O_RDWR);
        dup2(nothing, 0);
        dup2(nothing, 1);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execv(command[0], command);
        _exit(127);
    }
    monitor = accepted(monitors, "monitor");
    console = accepted(consoles, "console");
    agent = accepted(agents, "agent port");
    await_line("\"QMP\"");
    send_command("{\"execute\":\"qmp_capabilities\"}\n");
    await_line("\"return\"");
    send_command("{\"execute\":\"migrate-set-capabilities\",\"arguments\":{\"capabilities\":["
                 "{\"capability\":\"x-ignore-shared\",\"state\":true},{\"capability\":\"events\",\"state\":true}]}}\n");
    await_line("\"return\"");
    load_state(state);
}

// --- the agent ---

static void put(struct frame *frame, const void *bytes, size_t length) {
    memcpy(frame->payload + frame->length, bytes, length);
    frame->length += (uint32_t)length;
}

static void put8(struct frame *frame, uint8_t value) { put(frame, &value, 1); }
static void put16(struct frame *frame, uint16_t value) { put(frame, &value, 2); }
static void put32(struct frame *frame, uint32_t value) { put(frame, &value, 4); }
static void put64(struct frame *frame, uint64_t value) { put(frame, &value, 8); }

static void put_string(struct frame *frame, const char *text) {
    put32(frame, (uint32_t)strlen(text));
    put(frame, text, strlen(text));
}

static struct frame *blank(uint8_t type, uint8_t flags, uint32_t stream) {
    static struct frame frame;
    frame.length = 0;
    frame.type = type;
    frame.flags = flags;
    frame.magic = MAGIC;
    frame.stream = stream;
    frame.epoch = epoch;
    return &frame;
}

static void send_frame(const struct frame *frame) { write_all(agent, frame, HEADER + frame->length); }

static struct frame *receive(void) {
    static struct frame frame;
    read_all(agent, &frame, HEADER, "the agent's channel");
    if (frame.magic != MAGIC || frame.length > LARGEST) fail("the agent sent what is no frame");
    read_all(agent, frame.payload, frame.length, "the agent's channel");
    if (frame.type == CONTROL_ERROR || frame.type == STREAM_ERROR) {
        uint32_t length;
        memcpy(&length, frame.payload + 4, 4);
        fail("the agent answers: %.*s", (int)length, frame.payload + 8);
    }
    return &frame;
}

static void resume(void) {
    uint8_t entropy[32];
    struct timespec time;
    if (getrandom(entropy, sizeof entropy, 0) != sizeof entropy) fail("no entropy");
    memcpy(&epoch, entropy, 4);
    epoch = (epoch & 0x7fffffff) | 1;
    send_command("{\"execute\":\"cont\"}\n");
    await_line("\"return\"");
    struct frame *request = blank(RESUME, 0, 0);
    clock_gettime(CLOCK_REALTIME, &time);
    put32(request, epoch);
    put(request, entropy, sizeof entropy);
    put64(request, (uint64_t)time.tv_sec);
    put32(request, (uint32_t)time.tv_nsec);
    put_string(request, "rawmachine");
    put32(request, 0);
    put8(request, 0);
    send_frame(request);
    while (receive()->type != RESUMED) continue;
}

static void execute(const char *program) {
    uint32_t stream = next_stream++;
    struct frame *request = blank(OPEN, 0, stream);
    put8(request, 1);
    put32(request, WINDOW);
    put32(request, 1);
    put32(request, 1);
    put_string(request, program);
    put32(request, 0);
    put_string(request, "");
    put_string(request, "");
    put8(request, 0);
    put16(request, 0);
    put16(request, 0);
    put64(request, 0);
    put32(request, 0);
    send_frame(request);
    struct frame *answer;
    do answer = receive();
    while (answer->type != RESULT || answer->stream != stream);
}

static int listen_for_client(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 1) != 0
        || getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        fail("cannot listen on loopback");
    return ntohs(address.sin_port);
}

// One connection, as far as a client's few questions need it: windows are not granted anew.
static void serve(void) {
    static const int on = 1;
    uint32_t credit, stream = next_stream++;
    int client = accepted(listener, "client");
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct frame *request = blank(OPEN, 0, stream);
    put8(request, 7);
    put32(request, WINDOW);
    put16(request, guest_port);
    send_frame(request);
    struct frame *answer;
    do answer = receive();
    while (answer->type != OPENED || answer->stream != stream);
    memcpy(&credit, answer->payload, 4);
    int client_open = 1;
    while (1) {
        struct pollfd fds[2] = {{.fd = agent, .events = POLLIN}, {.fd = client_open ? client : -1, .events = POLLIN}};
        if (poll(fds, 2, WAIT_MS) <= 0) fail("neither client nor guest spoke within %d ms", WAIT_MS);
        if (fds[1].revents != 0) {
            struct frame *data = blank(DATA, 0, stream);
            ssize_t count = read(client, data->payload, LARGEST < credit ? LARGEST : credit);
            if (count > 0) {
                data->length = (uint32_t)count;
                credit -= (uint32_t)count;
                send_frame(data);
            } else {
                client_open = 0;
                send_frame(blank(END, 0, stream));
            }
        }
        if (fds[0].revents != 0) {
            answer = receive();
            if (answer->stream != stream) continue;
            if (answer->type == RESULT) break;
            if (answer->type == DATA) {
                // a client that has gone does not want the rest
                if (client_open) write_all(client, answer->payload, answer->length);
            } else if (answer->type == CREDIT) {
                uint32_t more;
                memcpy(&more, answer->payload, 4);
                credit += more;
            } else if (answer->type == END) {
                shutdown(client, SHUT_WR);
            }
        }
    }
    close(client);
}

int main(int argc, char **argv) {
    char command[256];
    long long start = now();
    if (argc < 4) fail("usage: rawmachine DIRECTORY STATE QEMU ARGUMENT...");
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    directory = argv[1];
    prepare(argv[2], argv + 3);
    printf("prepared %d %lld\n", (int)qemu, now() - start);
    while (fgets(command, sizeof command, stdin) != NULL) {
        long long begin = now();
        command[strcspn(command, "\n")] = 0;
        if (strcmp(command, "resume") == 0) {
            resume();
            printf("resumed %lld %lld\n", now() - begin, now() - start);
        } else if (strncmp(command, "exec ", 5) == 0) {
            execute(command + 5);
            printf("done %lld\n", now() - begin);
        } else if (strncmp(command, "listen ", 7) == 0) {
            guest_port = (uint16_t)atoi(command + 7);
            printf("port %d\n", listen_for_client());
        } else if (strcmp(command, "serve") == 0) {
            serve();
        } else {
            fail("there is no command '%s'", command);
        }
    }
    kill(qemu, SIGKILL);
    waitpid(qemu, NULL, 0);
    return 0;
}
