package dev.supermachine.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Vm;
import java.io.IOException;

/** RabbitMQ by STOMP 1.2: a durable queue with a persistent message. */
final class StompService implements Service {

    private static final int PORT = 61613;

    @Override
    public void answer(Vm vm) throws IOException {
        try (Wire wire = connect(vm)) {
            assertThat(wire).isNotNull();
        }
    }

    @Override
    public void write(Vm vm) throws IOException {
        try (Wire wire = connect(vm)) {
            wire.send("SEND\ndestination:/queue/mark\npersistent:true\nreceipt:sent\n\n" + MARK + "\0");
            assertThat(frame(wire)).startsWith("RECEIPT\n");
        }
    }

    /** Of a queue under {@code /amq/queue} STOMP only takes; one that is not there is an error. */
    @Override
    public boolean holds(Vm vm) throws IOException {
        try (Wire wire = connect(vm)) {
            wire.send("SUBSCRIBE\nid:0\ndestination:/amq/queue/mark\nack:client\n\n\0");
            String frame = frame(wire);
            if (frame.startsWith("ERROR\n")) {
                assertThat(frame).contains("not_found");
                return false;
            }
            assertThat(frame).startsWith("MESSAGE\n").endsWith("\n\n" + MARK);
            return true;
        }
    }

    private static Wire connect(Vm vm) throws IOException {
        Wire wire = new Wire(vm, PORT);
        wire.send("CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\n\n\0");
        assertThat(frame(wire)).startsWith("CONNECTED\n");
        return wire;
    }

    private static String frame(Wire wire) throws IOException {
        return wire.until('\0').stripLeading();
    }
}
