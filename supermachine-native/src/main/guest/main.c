#include "boot.h"
#include "channel.h"
#include "loop.h"
#include "process.h"
#include "session.h"
#include "stream.h"

#ifdef HOSTED
/* Leaks do not matter to a process that ends by _exit; the unit tests look for them. An error that is found must not
 * look like the agent's own status 1. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0:exitcode=99"; }
#endif

int main(void)
{
    int in, out;
    boot(&in, &out);
    loop_init();
    process_init();
    channel_init(in, out, session_frame);
    session_hello();
    bool busy = true;
    for (;;) {
        loop_round(busy);
        busy = channel_pump();
        busy |= streams_pump();
        /* What the streams just queued goes out before the loop waits. */
        busy |= channel_pump();
    }
}
