package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What Linux' virtio_console does with the device, in its order: all control buffers, DEVICE_READY, then each port as it is added. */
final class LinuxConsole {

    static final int PAGE = 4096;
    static final int ADD = 1;
    static final int READY = 3;
    static final int OPEN = 6;
    static final int NAME = 7;

    final GuestDriver guest;
    final GuestDriver.Ring controlIn;
    final GuestDriver.Ring controlOut;
    final GuestDriver.Ring in;
    final GuestDriver.Ring out;
    final List<String> events = new ArrayList<>();
    final ByteArrayOutputStream received = new ByteArrayOutputStream();

    @Nullable
    String name;

    boolean hostConnected;

    LinuxConsole(GuestDriver guest) {
        this.guest = guest;
        assertThat(guest.offered()).isEqualTo(GuestDriver.VERSION_1 | 2);
        guest.negotiate(GuestDriver.VERSION_1 | 2);
        assertThat(guest.config(4, 4)).as("ports").isEqualTo(2);
        guest.ring(0);
        guest.ring(1);
        controlIn = guest.ring(2);
        controlOut = guest.ring(3);
        in = guest.ring(4);
        out = guest.ring(5);
        guest.go();
    }

    /** Until it knows the port, as the host's side is open. */
    LinuxConsole probe() {
        fill(controlIn);
        control(-1, 0, 1);
        interrupted();
        assertThat(events).containsExactly("add", "name", "open 1");
        return this;
    }

    void fill(GuestDriver.Ring ring) {
        for (int i = 0; i < ring.size; i++) {
            ring.add(List.of(), PAGE);
            ring.kickIfWanted();
        }
    }

    void control(int id, int event, int value) {
        long at = guest.allocate(8, 8);
        guest.memory.putInt(at, id);
        guest.memory.putShort(at + 4, event);
        guest.memory.putShort(at + 6, value);
        controlOut.add(List.of(new GuestDriver.Buffer(at, 8, false)));
        controlOut.kick();
        assertThat(controlOut.takeOneUsed().length()).isZero(); // the driver waits for it in a loop
    }

    void open() {
        control(1, OPEN, 1);
    }

    void close() {
        control(1, OPEN, 0);
    }

    /** What the interrupt handler and the work it starts do. */
    void interrupted() {
        guest.takeInterrupts();
        for (List<GuestDriver.Used> used = controlIn.takeUsed(); !used.isEmpty(); used = controlIn.takeUsed()) {
            for (GuestDriver.Used message : used) {
                handle(controlIn.written(message));
                again(controlIn, message);
            }
        }
        for (List<GuestDriver.Used> used = in.takeUsed(); !used.isEmpty(); used = in.takeUsed()) {
            for (GuestDriver.Used message : used) {
                received.writeBytes(in.written(message));
                again(in, message);
            }
        }
    }

    private static void again(GuestDriver.Ring ring, GuestDriver.Used used) {
        ring.add(used.buffers());
        ring.kickIfWanted();
    }

    private void handle(byte[] bytes) {
        ByteBuffer message = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(message.getInt()).as("port").isEqualTo(1);
        int event = message.getShort();
        int value = message.getShort();
        switch (event) {
            case ADD -> {
                events.add("add");
                fill(in);
                control(1, READY, 1);
            }
            case NAME -> {
                events.add("name");
                assertThat(value).isEqualTo(1);
                assertThat(bytes[bytes.length - 1]).isZero();
                name = new String(Arrays.copyOfRange(bytes, 8, bytes.length - 1), StandardCharsets.UTF_8);
            }
            case OPEN -> {
                events.add("open " + value);
                hostConnected = value == 1;
            }
            default -> throw new AssertionError("event " + event);
        }
    }

    byte[] takeReceived() {
        interrupted();
        byte[] bytes = received.toByteArray();
        received.reset();
        return bytes;
    }

    void send(byte[]... parts) {
        out.add(List.of(parts));
        out.kickIfWanted();
    }
}
