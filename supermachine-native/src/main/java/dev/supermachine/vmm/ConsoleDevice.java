package dev.supermachine.vmm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A console device with several ports (virtio 1.2, 5.3), of which port 1 is the agent's. Port 0 is set aside for a console, as drivers expect, and not there: what is
 * sent to it vanishes.
 */
final class ConsoleDevice extends VirtioMmio {

    private static final int ID = 3;
    private static final long MULTIPORT = 1 << 1;

    /** Columns, rows, the number of ports, and a register for emergencies, of which only the number means something here. */
    private static final byte[] CONFIG = {0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0};

    /**
     * A driver puts a page into each descriptor of a receiving queue and uses them in turn. More would help the throughput little and make the guest touch, and a
     * reset restore, more pages.
     */
    private static final int QUEUE_SIZE = 32;

    private static final int UNUSED_TO_HOST = 1;
    private static final int CONTROL_TO_GUEST = 2;
    private static final int CONTROL_TO_HOST = 3;
    private static final int TO_GUEST = 4;
    private static final int TO_HOST = 5;
    private static final int QUEUES = 6;

    private static final int PORT = 1;
    private static final int CONTROL_BYTES = 8;

    private static final int DEVICE_READY = 0;
    private static final int PORT_ADD = 1;
    private static final int PORT_READY = 3;
    private static final int PORT_OPEN = 6;
    private static final int PORT_NAME = 7;

    /** Of the present run of the machine. */
    private volatile AgentPort port = new AgentPort(this);

    private final byte[] portName;

    private boolean addPending;
    private boolean namePending;
    private boolean announced;
    private boolean toldOpen;
    private boolean guestOpen;
    private boolean stalled;
    private boolean quiesced;
    private boolean ended;

    /**
     * One whose host side is open.
     *
     * @param memory the guest's
     * @param line how to interrupt it
     * @param portName the port's name, as the guest finds it in {@code /sys/class/virtio-ports}
     */
    ConsoleDevice(GuestMemory memory, InterruptLine line, String portName) {
        super(ID, MULTIPORT, CONFIG, queueSizes(), memory, line);
        this.portName = portName.getBytes(StandardCharsets.UTF_8);
    }

    private static int[] queueSizes() {
        int[] sizes = new int[QUEUES];
        Arrays.fill(sizes, QUEUE_SIZE);
        return sizes;
    }

    /** The host's end. */
    AgentPort port() {
        return port;
    }

    /** Another run of the machine begins, quiesced: its port has nothing of the one before, which is closed without the guest being told. */
    synchronized void renewPort() {
        port = port.replace();
        if (ended) {
            port.end();
        }
    }

    /** The machine has ended: nothing comes from the guest any more, now or in a port that is made later. */
    synchronized void endPort() {
        ended = true;
        port.end();
    }

    @Override
    void notified(int index, Virtqueue queue) {
        switch (index) {
            case UNUSED_TO_HOST -> discard(queue);
            case CONTROL_TO_GUEST -> feedControl(queue);
            case CONTROL_TO_HOST -> takeControl(queue);
            case TO_GUEST -> feed(queue);
            case TO_HOST -> take(queue);
            default -> {} // nothing comes from port 0
        }
    }

    private static void discard(Virtqueue queue) {
        for (int waiting = queue.available(); waiting > 0; waiting--) {
            queue.peek();
            queue.use(0);
        }
    }

    private void takeControl(Virtqueue queue) {
        ByteBuffer message = ByteBuffer.allocate(CONTROL_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int waiting = queue.available(); waiting > 0; waiting--) {
            DescriptorChain chain = queue.peek();
            if (chain.readable() >= CONTROL_BYTES) {
                chain.read(0, message.clear());
                control(message.getInt(0), message.getShort(4), message.getShort(6) != 0);
            }
            queue.use(0);
        }
        serve(CONTROL_TO_GUEST);
        serve(TO_GUEST);
    }

    /** What does not concern the one port, or says that the guest failed, has no answer. */
    private void control(int id, int event, boolean value) {
        if (event == DEVICE_READY) {
            addPending |= value;
        } else if (id == PORT && event == PORT_READY && value) {
            namePending = true;
            announced = true;
            toldOpen = false;
        } else if (id == PORT && event == PORT_OPEN) {
            guestOpen = value;
        }
    }

    private void feedControl(Virtqueue queue) {
        sendControl(queue);
        if (queue.quiet(!controlPending())) {
            sendControl(queue);
        }
    }

    private boolean controlPending() {
        return addPending || namePending || (announced && toldOpen != port.isOpen());
    }

    private void sendControl(Virtqueue queue) {
        for (int waiting = queue.available(); waiting > 0 && controlPending(); waiting--) {
            DescriptorChain chain = queue.peek();
            ByteBuffer message = nextControl();
            message.limit((int) Math.min(message.limit(), chain.writable()));
            chain.write(0, message);
            queue.use(message.position());
        }
    }

    private ByteBuffer nextControl() {
        if (addPending) {
            addPending = false;
            return message(PORT_ADD, 1, 0);
        }
        if (namePending) {
            namePending = false;
            return message(PORT_NAME, 1, portName.length + 1)
                    .put(portName)
                    .put((byte) 0)
                    .flip();
        }
        toldOpen = port.isOpen();
        return message(PORT_OPEN, toldOpen ? 1 : 0, 0);
    }

    private static ByteBuffer message(int event, int value, int more) {
        ByteBuffer message = ByteBuffer.allocate(CONTROL_BYTES + more).order(ByteOrder.LITTLE_ENDIAN);
        message.putInt(PORT).putShort((short) event).putShort((short) value);
        return more == 0 ? message.flip() : message;
    }

    /** Notifications are wanted only while bytes wait for buffers: a driver adds buffers one by one, and each would cost it an exit. */
    private void feed(Virtqueue queue) {
        fill(queue);
        if (queue.quiet(!feeding())) {
            fill(queue);
        }
    }

    private boolean feeding() {
        return guestOpen && port.toGuest().count() > 0;
    }

    private void fill(Virtqueue queue) {
        for (int waiting = queue.available(); waiting > 0 && feeding(); waiting--) {
            DescriptorChain chain = queue.peek();
            long length = Math.min(chain.writable(), port.toGuest().count());
            for (long done = 0; done < length; ) {
                done += port.toGuest().get(chain.writable(done, length - done));
            }
            queue.use(length);
        }
        port.moved();
    }

    /** What does not fit stays in the ring, unused, until the host has read enough: that holds the guest back. */
    private void take(Virtqueue queue) {
        if (!port.isOpen()) {
            discard(queue);
            return;
        }
        stalled = false;
        for (int waiting = queue.available(); waiting > 0 && !stalled; waiting--) {
            DescriptorChain chain = queue.peek();
            while (queue.progress() < chain.readable() && port.fromGuest().room() > 0) {
                queue.progress(port.fromGuest()
                        .put(chain.readable(queue.progress(), port.fromGuest().room())));
            }
            stalled = queue.progress() < chain.readable();
            if (!stalled) {
                queue.use(0);
            }
        }
        port.moved();
    }

    /** The host's thread, which holds the lock, has emptied the buffer a little. */
    void hostHasRead() {
        if (stalled && !quiesced && port.fromGuest().isHalfEmpty()) {
            serve(TO_HOST);
        }
    }

    /** The host's thread, which holds the lock, has added to the buffer. */
    void hostHasWritten() {
        if (!quiesced) {
            serve(TO_GUEST);
        }
    }

    /** The host's thread, which holds the lock, has closed its end. */
    void hostHasClosed() {
        if (!quiesced) {
            serve(CONTROL_TO_GUEST);
            serve(TO_HOST);
        }
    }

    @Override
    synchronized void quiesce() {
        quiesced = true;
    }

    @Override
    synchronized void unquiesce() {
        quiesced = false;
        serve(CONTROL_TO_GUEST);
        serve(TO_GUEST);
        serve(TO_HOST);
    }

    @Override
    public synchronized void close() {
        super.close();
        endPort();
    }

    @Override
    void forget() {
        addPending = false;
        namePending = false;
        announced = false;
        toldOpen = false;
        guestOpen = false;
        stalled = false;
    }

    @Override
    void saveOwn(StateWriter out) {
        out.putBoolean(addPending)
                .putBoolean(namePending)
                .putBoolean(announced)
                .putBoolean(toldOpen)
                .putBoolean(guestOpen);
    }

    /** Bytes under way belong to the epoch that ends here. */
    @Override
    void restoreOwn(StateReader in) {
        port.reset();
        addPending = in.getBoolean();
        namePending = in.getBoolean();
        announced = in.getBoolean();
        toldOpen = in.getBoolean();
        guestOpen = in.getBoolean();
        stalled = false;
    }
}
