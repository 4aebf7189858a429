package dev.supermachine.vmm;

import dev.supermachine.fuzz.Oracle;

/** Any bytes as a guest's dealings with the source of random bytes; afterwards a driver gets some. */
public final class RngFuzz {

    private RngFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        RngDevice device = new RngDevice(VirtioScript.MEMORY, () -> {});
        VirtioScript script = new VirtioScript(device, 1, input, next -> {});
        script.run();
        script.begin();
        script.describe(0, 0, 0x7000, 16, 2, 0);
        script.offer(0, 0);
        VirtioScript.MEMORY.putLong(0x7000, 0);
        VirtioScript.MEMORY.putLong(0x7008, 0);
        script.write(0x050, 0);
        Oracle.requireEqual(1, script.used(0), "requests that were answered");
        Oracle.require(
                VirtioScript.MEMORY.getLong(0x7000) != 0 || VirtioScript.MEMORY.getLong(0x7008) != 0,
                "no random bytes came");
    }
}
