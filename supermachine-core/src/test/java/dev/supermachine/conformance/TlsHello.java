package dev.supermachine.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Vm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;

/** What a TLS 1.3 server chooses by chance in its first message (RFC 8446, section 4.1.3), read before anything is encrypted. */
final class TlsHello {

    private static final int HANDSHAKE = 22;
    private static final int SERVER_HELLO = 2;
    private static final int RANDOM_BYTES = 32;
    private static final int KEY_SHARE = 51;

    private TlsHello() {}

    /** A new connection's random number, and the server's public half of the session's key. */
    static Map<String, String> serverValues(Vm vm, int port) throws IOException {
        try (Wire wire = new Wire(vm, port)) {
            wire.send(clientHello());
            assertThat(wire.in().readUnsignedByte()).isEqualTo(HANDSHAKE);
            wire.in().readUnsignedShort();
            ByteBuffer message = ByteBuffer.wrap(wire.in().readNBytes(wire.in().readUnsignedShort()));
            assertThat(message.get()).isEqualTo((byte) SERVER_HELLO);
            // 3 bytes of length, 2 of a version
            message.position(message.position() + 5);
            byte[] random = take(message, RANDOM_BYTES);
            take(message, message.get());
            // the cipher suite, no compression, the length of all extensions
            message.position(message.position() + 5);
            return Map.of("TLS server random", hex(random), "TLS key share", hex(extension(message, KEY_SHARE)));
        }
    }

    private static byte[] extension(ByteBuffer extensions, int wanted) {
        while (true) {
            int type = extensions.getShort();
            byte[] content = take(extensions, extensions.getShort());
            if (type == wanted) {
                return content;
            }
        }
    }

    private static byte[] clientHello() throws IOException {
        try {
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(null, null, null);
            SSLEngine engine = context.createSSLEngine();
            engine.setUseClientMode(true);
            engine.setEnabledProtocols(new String[] {"TLSv1.3"});
            ByteBuffer hello = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
            engine.wrap(ByteBuffer.allocate(0), hello);
            return take(hello.flip(), hello.remaining());
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] take(ByteBuffer from, int length) {
        byte[] bytes = new byte[length];
        from.get(bytes);
        return bytes;
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
