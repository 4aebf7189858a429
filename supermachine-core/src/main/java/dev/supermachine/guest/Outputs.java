package dev.supermachine.guest;

import java.io.IOException;
import java.io.OutputStream;

/** Reads what comes on both output subchannels on one thread, whichever has something. */
final class Outputs {

    private Outputs() {}

    static void drain(AgentLink link, GuestStream stream, OutputStream out, OutputStream err) throws IOException {
        byte[] buffer = new byte[GuestStream.CHUNK];
        while (true) {
            int subchannel;
            int count;
            try {
                subchannel = stream.awaitOutput();
                count = subchannel == 0 ? 0 : stream.read(subchannel, buffer, 0, buffer.length);
            } catch (IOException e) {
                throw GuestErrors.unwrap(link, stream.operation(), e);
            }
            if (subchannel == 0) {
                return;
            }
            if (count > 0) {
                (subchannel == 1 ? out : err).write(buffer, 0, count);
            }
        }
    }
}
