package dev.supermachine.vmm;

import dev.supermachine.fuzz.Oracle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/** Any bytes as a guest's dealings with the console, and the host's with the agent's port; afterwards a driver finds the port. */
public final class ConsoleFuzz {

    private ConsoleFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        ConsoleDevice device = new ConsoleDevice(VirtioScript.MEMORY, () -> {}, "a port");
        VirtioScript script = new VirtioScript(device, 6, input, next -> act(device, next));
        script.run();
        findPort(device, script);
    }

    private static void act(ConsoleDevice device, VirtioScript script) {
        AgentPort port = device.port();
        try {
            switch ((int) script.next(1) & 7) {
                case 0, 1 -> port.readNow(ByteBuffer.allocate((int) script.next(2)));
                case 2, 3 -> port.writeNow(ByteBuffer.allocate((int) script.next(2)));
                case 4 -> device.quiesce();
                case 5, 6 -> device.unquiesce();
                default -> port.close();
            }
        } catch (IOException e) {
            Oracle.requireGoodMessage(e);
            Oracle.require(!port.isOpen(), "an open port fails");
        }
    }

    private static void findPort(ConsoleDevice device, VirtioScript script) {
        device.unquiesce();
        script.begin();
        script.describe(2, 0, 0x7000, 64, 2, 0);
        script.offer(2, 0);
        script.describe(3, 0, 0x7100, 8, 0, 0);
        VirtioScript.MEMORY.putLong(0x7100, 1L << 48 | 0xFFFF_FFFFL);
        script.offer(3, 0);
        script.write(0x050, 3);
        Oracle.requireEqual(1, script.used(3), "control messages that were taken");
        Oracle.requireEqual(1, script.used(2), "control messages that came");
        Oracle.requireEqual(
                1L << 48 | 1L << 32 | 1, VirtioScript.MEMORY.getLong(0x7000), "the message that adds the port");
        device.close();
        try {
            ByteBuffer left = ByteBuffer.allocate(AgentPort.CAPACITY);
            while (device.port().readNow(left.clear()) >= 0) {
                Oracle.require(left.position() > 0, "nothing came, and no end either");
            }
        } catch (IOException e) {
            if (device.port().isOpen()) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
