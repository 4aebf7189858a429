package dev.supermachine.conformance;

import dev.supermachine.Vm;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A connection to a mapped port, for protocols that need no more than a few lines here. */
final class Wire implements AutoCloseable {

    private static final int PATIENCE_MILLIS = 120_000;

    private final Socket socket = new Socket();
    private final DataInputStream in;
    private final DataOutputStream out;

    Wire(Vm vm, int port) throws IOException {
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.connect(new InetSocketAddress(vm.host(), vm.mappedPort(port)), PATIENCE_MILLIS);
        in = new DataInputStream(socket.getInputStream());
        out = new DataOutputStream(socket.getOutputStream());
    }

    void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.UTF_8));
    }

    void send(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    /** One line without its end. */
    String line() throws IOException {
        return until('\n').stripTrailing();
    }

    /** All before that character, which is taken too. */
    String until(char end) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int next = in.readUnsignedByte(); next != end; next = in.readUnsignedByte()) {
            text.append((char) next);
        }
        return text.toString();
    }

    DataInputStream in() {
        return in;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
