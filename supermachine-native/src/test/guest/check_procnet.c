#include "check.h"

#include "procnet.h"

#include <string.h>

static const char TCP[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0000 100 0 0 10 0\n"
    "   1: 0100007F:1539 0100007F:ABCD 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0000 100 0 0 10 0\n"
    "4999: 00000000:FFFF 00000000:0000 0A 0\n"
    "   3: 00000000:0050 00000000:0000 0A";
static const char TCP6[] =
    "  sl  local_address                         remote_address                        st tx_queue\n"
    "   0: 00000000000000000000000001000000:0CEA 00000000000000000000000000000000:0000 0A 00000000:00000000\n";

static size_t count(const bool *listening)
{
    size_t result = 0;
    for (int i = 0; i < 65536; i++)
        result += listening[i];
    return result;
}

void check_procnet(void)
{
    static bool listening[65536];
    procnet_scan(TCP, listening);
    CHECK(listening[5432] && listening[65535] && listening[80]);
    CHECK(!listening[5433]);
    CHECK(count(listening) == 3);
    procnet_scan(TCP6, listening);
    CHECK(listening[3306] && count(listening) == 4);

    static const char *const broken[] = {
        "", "\n\n\n", ":", "0:", "   0: 0100007F:15", "   0: 0100007F:1538 00000000:0000 0",
        "   0: 0100007F:15381 00000000:0000 0A", "   0: 0100007F:153G 00000000:0000 0A",
        "   0: 0100007F:1538 00000000:0000 0a", "   0:0100007F:1538 00000000:0000 0A",
    };
    memset(listening, 0, sizeof listening);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        procnet_scan(broken[i], listening);
    CHECK(count(listening) == 0);

    uint64_t state = 7;
    for (size_t round = 0; round < fuzz_rounds(); round++) {
        char text[sizeof TCP];
        memcpy(text, TCP, sizeof text);
        random_mutate(&state, (uint8_t *)text, sizeof text - 1);
        procnet_scan(text, listening);
    }
    CHECK(listening[5432]);
}
