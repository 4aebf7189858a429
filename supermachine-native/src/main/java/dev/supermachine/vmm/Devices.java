package dev.supermachine.vmm;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** All devices of a machine, where {@link MachineLayout} puts them. Each locks for itself. */
final class Devices implements AutoCloseable {

    /** The disk with the root image, the agent's console, the random bytes. Disks to write to come after these. */
    private static final int FIRST_VOLUME = 3;

    private final Bus ports;
    private final Bus memory;
    private final ConsoleDevice agent;
    private final GenerationDevice generation;
    private final List<VirtioMmio> virtio;
    private final Disks disks;
    private final Uart uart;

    /** In the order in which their state is written. */
    private final List<Stateful> stateful;

    /**
     * Makes them.
     *
     * @param core the machine
     * @param disks what the disks are kept in; closed with the devices
     * @param portName the name of the agent's port
     * @param console what is called with what the guest prints
     * @param power what is called when the guest powers off or resets its machine
     */
    Devices(VmCore core, Disks disks, String portName, Consumer<ByteBuffer> console, Consumer<EndCause> power) {
        this.disks = disks;
        IoApic ioApic = new IoApic(core::signalMsi);
        uart = new Uart(console, ioApic.line(MachineLayout.UART_GSI));
        PowerPort powerPort = new PowerPort(power);
        generation = new GenerationDevice(core.memory(), ioApic.line(MachineLayout.GENERATION_GSI));
        agent = new ConsoleDevice(core.memory(), line(ioApic, 1), portName);
        virtio = new ArrayList<>(List.of(
                new BlockDevice(core.memory(), line(ioApic, 0), disks.root(), true, "root"),
                agent,
                new RngDevice(core.memory(), line(ioApic, 2))));
        for (BlockStore volume : disks.volumes()) {
            int slot = virtio.size();
            String name = "volume" + (slot - FIRST_VOLUME);
            virtio.add(new BlockDevice(core.memory(), line(ioApic, slot), volume, false, name));
        }
        stateful = new ArrayList<>(List.of(ioApic, uart));
        stateful.addAll(virtio);
        ports = new Bus()
                .add(MachineLayout.UART_PORT, Uart.PORTS, uart)
                .add(MachineLayout.POWER_PORT, PowerPort.PORTS, powerPort)
                .add(MachineLayout.KEYBOARD_PORT, 1, powerPort.keyboardController());
        memory = new Bus().add(MachineLayout.IO_APIC, MachineLayout.IO_APIC_LENGTH, ioApic);
        for (int slot = 0; slot < virtio.size(); slot++) {
            memory.add(MachineLayout.virtio(slot), MachineLayout.VIRTIO_STRIDE, virtio.get(slot));
        }
    }

    /** How many slots for virtio devices a machine has. */
    static int virtioSlots(int volumes) {
        return FIRST_VOLUME + volumes;
    }

    private static InterruptLine line(IoApic ioApic, int slot) {
        return ioApic.line(MachineLayout.virtioGsi(slot));
    }

    IoRegion ports() {
        return ports;
    }

    IoRegion memory() {
        return memory;
    }

    AgentPort agent() {
        return agent.port();
    }

    /** Before the guest boots. */
    void placeGeneration() {
        byte[] id = new byte[GenerationDevice.LENGTH];
        new SecureRandom().nextBytes(id);
        generation.place(id);
    }

    void renewGeneration(byte[] id) {
        generation.renew(id);
    }

    void quiesce() {
        virtio.forEach(VirtioMmio::quiesce);
    }

    void unquiesce() {
        virtio.forEach(VirtioMmio::unquiesce);
    }

    byte[] save() {
        StateWriter out = new StateWriter();
        stateful.forEach(device -> device.save(out));
        return out.toBytes();
    }

    void restore(byte[] state) {
        StateReader in = new StateReader(state);
        stateful.forEach(device -> device.restore(in));
        in.expectEnd();
    }

    /** The port of before is closed, and the next one has nothing of it. */
    void renewAgent() {
        agent.renewPort();
    }

    /** Hands on what the guest has printed and not ended with a line. */
    void flushConsole() {
        uart.flush();
    }

    /** Whoever waits at the agent's port is told that there is nothing to come. */
    void endAgent() {
        agent.endPort();
    }

    /** Nothing may run in the guest any more. Each of them, even if one fails: those that are not closed would touch memory that goes next. */
    @Override
    public void close() {
        List<AutoCloseable> things = new ArrayList<>(virtio);
        things.add(disks);
        Closing.closeAll(things);
    }
}
