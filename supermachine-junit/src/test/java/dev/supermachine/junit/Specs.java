package dev.supermachine.junit;

import dev.supermachine.Warmup;
import java.util.List;

/** Specifications for tests that care for few of their parts. */
final class Specs {

    private Specs() {}

    /** One that leaves all else as it is by default. */
    static MicroVmSpec plain(String image, int memoryMib, int vcpus) {
        return new MicroVmSpec(
                image,
                List.of(),
                List.of(),
                "",
                memoryMib,
                vcpus,
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                Warmup.class,
                "",
                "",
                "",
                false);
    }
}
