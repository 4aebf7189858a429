/* Commands with files and chains, and what a held agent does, seen from the host. */
#include "fakehost.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put_command(struct buffer *request, const char *script)
{
    put_u32(request, 3);
    put_string(request, "sh");
    put_string(request, "-c");
    put_string(request, script);
}

/* What is between the commands and the files of an EXEC: nothing but a time-out. */
static void put_defaults(struct buffer *request, uint64_t timeout_ms)
{
    put_u32(request, 0);
    put_string(request, "");
    put_string(request, "");
    put_u8(request, 0);
    put_u16(request, 0);
    put_u16(request, 0);
    put_u64(request, timeout_ms);
}

static void expect_data(struct host *host, int subchannel, const char *text, struct answer *answer)
{
    expect(host, DATA, answer);
    CHECK(answer->flags == subchannel && answer->size == strlen(text) && !memcmp(answer->payload, text, answer->size));
}

/* Opens an EXEC of two scripts with a file before them, whose size is given. */
static void open_chain(struct host *host, uint32_t id, const char *first, const char *second, const char *path,
                       uint64_t size, uint64_t timeout_ms)
{
    struct buffer request = {0};
    put_u32(&request, 2);
    put_command(&request, first);
    put_command(&request, second);
    put_defaults(&request, timeout_ms);
    put_u32(&request, path ? 1 : 0);
    if (path) {
        put_string(&request, path);
        put_u32(&request, 0640);
        put_u64(&request, size);
    }
    open_stream(host, id, 1, 65536, &request);
    buffer_free(&request);
}

static struct reader expect_outcomes(struct host *host, uint32_t count, struct answer *answer)
{
    do
        CHECK(receive(host, answer, 20000));
    while (answer->type == END || answer->type == DATA);
    CHECK(answer->type == RESULT);
    struct reader in = reader_of(answer->payload, answer->size);
    CHECK(read_u32(&in) == count);
    return in;
}

static void expect_outcome(struct reader *in, uint8_t kind, uint32_t status, uint64_t out, uint64_t err)
{
    CHECK(read_u8(in) == kind);
    CHECK(read_u32(in) == status);
    CHECK(read_u64(in) > 0); /* peak memory */
    CHECK(read_u64(in) > 0); /* time */
    CHECK(read_u64(in) == out);
    CHECK(read_u64(in) == err);
}

static void commands(struct answer *answer)
{
    struct host host;
    struct buffer broken = {0};
    char directory[] = "/tmp/agent-check-XXXXXX";
    CHECK(mkdtemp(directory));
    char *path = format_text("%s/new/file", directory);
    greet(&host, answer);
    /* The file's bytes are sent without waiting for OPENED. */
    char *show = format_text("cat %s; echo err >&2", path);
    open_chain(&host, 1, show, "echo two", path, 5, 0);
    send_frame(&host, DATA, 0, 1, "he", 2);
    send_frame(&host, DATA, 0, 1, "llo", 3);
    expect(&host, OPENED, answer);
    CHECK(answer->size == 8 && !memcmp(answer->payload, "\0\0\0", 4)); /* no more than what was open from the first */
    struct reader in = expect_outcomes(&host, 2, answer);
    expect_outcome(&in, 0, 0, 5, 4);
    expect_outcome(&in, 0, 0, 4, 0);
    CHECK(reader_finished(&in));
    free(show);
    struct stat status;
    CHECK(stat(path, &status) == 0 && (status.st_mode & 07777) == 0640);

    open_chain(&host, 2, "echo one; exit 3", "echo never", NULL, 0, 0);
    expect(&host, OPENED, answer);
    expect_data(&host, 1, "one\n", answer);
    in = expect_outcomes(&host, 1, answer);
    expect_outcome(&in, 0, 3, 4, 0);

    open_chain(&host, 3, "true", "echo begun; sleep 1000", NULL, 0, 300);
    expect(&host, OPENED, answer);
    in = expect_outcomes(&host, 2, answer);
    expect_outcome(&in, 0, 0, 0, 0);
    expect_outcome(&in, 2, SIGKILL, 6, 0);

    /* A file in the place of a directory; what is still sent for it is dropped. */
    char *below = format_text("%s/below", path);
    char *message = format_text("cannot create the directory of %s: Not a directory", below);
    open_chain(&host, 4, "true", "true", below, 5, 0);
    send_frame(&host, DATA, 0, 4, "hello", 5);
    expect_error(&host, STREAM_ERROR, ENOTDIR, message, answer);
    free(message);
    free(below);

    put_u32(&broken, 257);
    open_stream(&host, 5, 1, 0, &broken);
    expect_error(&host, STREAM_ERROR, BROKEN_REQUEST, "broken request: EXEC", answer);
    open_chain(&host, 6, "true", "true", "relative", 0, 0);
    expect_error(&host, STREAM_ERROR, BROKEN_REQUEST, "broken request: EXEC", answer);
    finish(&host, 0, "");
    buffer_free(&broken);

    CHECK(unlink(path) == 0);
    path[strlen(path) - strlen("/file")] = 0;
    CHECK(rmdir(path) == 0 && rmdir(directory) == 0);
    free(path);
}

/* Resumed but not thawed: files may be written, nothing may be run. */
static void holding(struct answer *answer)
{
    struct host host;
    struct buffer request = {0};
    greet(&host, answer);
    send_frame(&host, THAW, 0, 0, NULL, 0);
    expect_error(&host, CONTROL_ERROR, WRONG_STATE, "THAW of an agent that is not held", answer);
    send_frame(&host, FREEZE, 0, 0, NULL, 0);
    expect(&host, PARKED, answer);
    send_resume(&host, 5, true);
    expect(&host, RESUMED, answer);
    send_frame(&host, START, 0, 0, NULL, 0);
    expect_error(&host, CONTROL_ERROR, WRONG_STATE, "a request while the guest is held", answer);
    open_chain(&host, 1, "true", "true", NULL, 0, 0);
    expect_error(&host, STREAM_ERROR, WRONG_STATE, "OPEN of EXEC while the guest is held", answer);
    put_string(&request, "/dev/null");
    put_u32(&request, UINT32_MAX);
    put_u32(&request, UINT32_MAX);
    put_u32(&request, UINT32_MAX);
    put_u8(&request, 1);
    open_stream(&host, 2, 3, 0, &request);
    expect(&host, OPENED, answer);
    send_frame(&host, END, 0, 2, NULL, 0);
    expect(&host, RESULT, answer);
    send_frame(&host, PING, 0, 0, "x", 1);
    expect(&host, PONG, answer);
    send_frame(&host, THAW, 0, 0, NULL, 0);
    expect(&host, THAWED, answer);
    open_chain(&host, 3, "true", "true", NULL, 0, 0);
    expect(&host, OPENED, answer);
    expect_outcomes(&host, 2, answer);
    finish(&host, 0, "");
    buffer_free(&request);
}

void check_exec(void)
{
    signal(SIGPIPE, SIG_IGN);
    struct answer *answer = allocate(sizeof *answer);
    commands(answer);
    holding(answer);
    free(answer);
}
