package dev.supermachine.vmm;

/** What a device saves, for tests. */
final class SavedBytes {

    private SavedBytes() {}

    static byte[] of(Stateful device) {
        StateWriter out = new StateWriter();
        device.save(out);
        return out.toBytes();
    }
}
