package dev.supermachine.vmm;

import java.nio.ByteBuffer;

/** A device with two queues that copies what it may read to where it may write. */
final class EchoDevice extends VirtioMmio {

    static final long FEATURE = 1 << 3;

    int forgotten;
    int own;

    EchoDevice(GuestMemory memory, InterruptLine line) {
        super(42, FEATURE, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, new int[] {16, 8}, memory, line);
    }

    @Override
    void notified(int index, Virtqueue queue) {
        for (int waiting = queue.available(); waiting > 0; waiting--) {
            DescriptorChain chain = queue.peek();
            ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(chain.readable(), chain.writable()));
            chain.read(0, bytes);
            chain.write(0, bytes.flip());
            queue.use(bytes.limit());
        }
    }

    @Override
    void forget() {
        forgotten++;
    }

    @Override
    void saveOwn(StateWriter out) {
        out.putInt(own);
    }

    @Override
    void restoreOwn(StateReader in) {
        own = in.getInt();
    }
}
