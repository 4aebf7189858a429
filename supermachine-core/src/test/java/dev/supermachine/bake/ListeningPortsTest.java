package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ListeningPortsTest {

    private static final String HEAD =
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    @Test
    void onlyListenersCountOnWhateverAddress() {
        String table = HEAD
                + "   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 401 1\n"
                + "   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 402 1\n"
                + "  12: 0100007F:9C40 0100007F:1538 01 00000000:00000000 00:00000000 00000000     0        0 403 1\n"
                + "  13: 0100007F:9C41 0100007F:000A 06 00000000:00000000 00:00000000 00000000     0        0 0 3\n";
        assertThat(ListeningPorts.parse(table)).containsExactly(80, 5432);
    }

    @Test
    void addressesOfBothLengthsAreRead() {
        String table = HEAD
                + "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00\n";
        assertThat(ListeningPorts.parse(table)).containsExactly(8080);
        assertThat(ListeningPorts.parse(HEAD)).isEmpty();
        assertThat(ListeningPorts.parse("")).isEmpty();
    }
}
