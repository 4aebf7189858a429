package dev.supermachine.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Vm;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** An MQTT 3.1.1 broker: a retained message. Packets here are shorter than 128 bytes, so that their length is one byte. */
final class MqttService implements Service {

    private static final int PORT = 1883;
    private static final String TOPIC = "mark";

    private static final int CONNECT = 0x10;
    private static final int CONNACK = 0x20;
    private static final int PUBLISH_RETAINED_ONCE_AT_LEAST = 0x33;
    private static final int PUBACK = 0x40;
    private static final int SUBSCRIBE = 0x82;
    private static final int SUBACK = 0x90;
    private static final int PINGREQ = 0xC0;
    private static final int PINGRESP = 0xD0;

    @Override
    public void answer(Vm vm) throws IOException {
        try (Wire wire = connect(vm)) {
            assertThat(wire).isNotNull();
        }
    }

    @Override
    public void write(Vm vm) throws IOException {
        try (Wire wire = connect(vm)) {
            ByteArrayOutputStream packet = new ByteArrayOutputStream();
            packet.writeBytes(string(TOPIC));
            packet.writeBytes(new byte[] {0, 1});
            packet.writeBytes(MARK.getBytes(StandardCharsets.UTF_8));
            send(wire, PUBLISH_RETAINED_ONCE_AT_LEAST, packet.toByteArray());
            assertThat(receive(wire)).isEqualTo(PUBACK);
        }
    }

    /** A retained message comes with the subscription: if none is there when a ping is answered, none comes. */
    @Override
    public boolean holds(Vm vm) throws IOException {
        try (Wire wire = connect(vm)) {
            ByteArrayOutputStream packet = new ByteArrayOutputStream();
            packet.writeBytes(new byte[] {0, 2});
            packet.writeBytes(string(TOPIC));
            packet.write(0);
            send(wire, SUBSCRIBE, packet.toByteArray());
            assertThat(receive(wire)).isEqualTo(SUBACK);
            send(wire, PINGREQ, new byte[0]);
            return receive(wire) != PINGRESP;
        }
    }

    private static Wire connect(Vm vm) throws IOException {
        Wire wire = new Wire(vm, PORT);
        ByteArrayOutputStream packet = new ByteArrayOutputStream();
        packet.writeBytes(string("MQTT"));
        // version 4, a clean session, no keep-alive, no name
        packet.writeBytes(new byte[] {4, 2, 0, 0});
        packet.writeBytes(string(""));
        send(wire, CONNECT, packet.toByteArray());
        assertThat(receive(wire)).isEqualTo(CONNACK);
        return wire;
    }

    private static void send(Wire wire, int type, byte[] body) throws IOException {
        wire.send(new byte[] {(byte) type, (byte) body.length});
        wire.send(body);
    }

    /** The type of the next packet. */
    private static int receive(Wire wire) throws IOException {
        int type = wire.in().readUnsignedByte();
        wire.in().readNBytes(wire.in().readUnsignedByte());
        return type;
    }

    private static byte[] string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream string = new ByteArrayOutputStream();
        string.write(0);
        string.write(bytes.length);
        string.writeBytes(bytes);
        return string.toByteArray();
    }
}
