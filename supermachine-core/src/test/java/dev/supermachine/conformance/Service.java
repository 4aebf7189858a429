package dev.supermachine.conformance;

import dev.supermachine.Vm;
import java.io.IOException;

/** What a test does with a workload, in the workload's own protocol or with a command in its machine. Used by one thread. */
interface Service {

    /** What is written, and must not be found after a reset. */
    String MARK = "written-before-the-reset";

    /** Asks something that needs nothing to be there; returns when the answer has come, and fails if it is wrong. */
    void answer(Vm vm) throws IOException;

    /** Writes {@link #MARK}; returns when the workload has acknowledged it. */
    void write(Vm vm) throws IOException;

    /** Whether it says that it has what {@link #write} writes. */
    boolean holds(Vm vm) throws IOException;
}
