#include "boot.h"
#include "channel.h"
#include "loop.h"
#include "process.h"
#include "session.h"
#include "stream.h"

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
