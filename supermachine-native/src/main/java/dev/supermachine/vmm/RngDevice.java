package dev.supermachine.vmm;

import java.nio.ByteBuffer;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;

/** An entropy device (virtio 1.2, 5.4): fills the driver's buffers from the host's generator. */
final class RngDevice extends VirtioMmio {

    private static final int ID = 4;
    private static final int QUEUE_SIZE = 8;

    /** The most for one request, so that none takes long; a driver asks again. */
    static final int MAX_BYTES = 4096;

    private final SecureRandom random = generator();

    /**
     * One that waits for its driver.
     *
     * @param memory the guest's
     * @param line how to interrupt it
     */
    RngDevice(GuestMemory memory, InterruptLine line) {
        super(ID, 0, new byte[0], new int[] {QUEUE_SIZE}, memory, line);
    }

    private static SecureRandom generator() {
        try {
            return SecureRandom.getInstance("NativePRNGNonBlocking");
        } catch (NoSuchAlgorithmException e) {
            return new SecureRandom();
        }
    }

    @Override
    void notified(int index, Virtqueue queue) {
        for (int waiting = queue.available(); waiting > 0; waiting--) {
            DescriptorChain chain = queue.peek();
            int length = (int) Math.min(chain.writable(), MAX_BYTES);
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            chain.write(0, ByteBuffer.wrap(bytes));
            queue.use(length);
        }
    }

    @Override
    void forget() {}

    @Override
    void saveOwn(StateWriter out) {}

    @Override
    void restoreOwn(StateReader in) {}
}
