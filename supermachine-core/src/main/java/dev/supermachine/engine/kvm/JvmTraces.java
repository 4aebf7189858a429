package dev.supermachine.engine.kvm;

import dev.supermachine.EngineException;
import dev.supermachine.engine.ConsoleRing;
import dev.supermachine.engine.Machine.Traces;
import dev.supermachine.engine.PrivateDirectories;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What there is to see from outside of a machine that lives in this JVM: the file of its console. Thread-safe. */
final class JvmTraces {

    private static final Logger LOG = LoggerFactory.getLogger(JvmTraces.class);

    private final String machine;
    private final ConsoleRing console;

    /** Null as long as nobody has asked. */
    private @Nullable Traces traces;

    JvmTraces(String machine, ConsoleRing console) {
        this.machine = machine;
        this.console = console;
    }

    /**
     * Writes the console into a file from now on.
     *
     * @param wantsDetaching whether somebody counts on the machine to outlive this JVM
     */
    synchronized Traces leave(boolean wantsDetaching) {
        if (traces == null) {
            if (wantsDetaching) {
                LOG.warn("{}", noDetaching());
            }
            try {
                Path directory = PrivateDirectories.instance().create();
                Path file = directory.resolve("console");
                traces = new Traces(ProcessHandle.current().pid(), directory, file, false);
                console.copyTo(file);
            } catch (IOException e) {
                remove();
                throw new EngineException(
                        "What people need to look at machine '" + machine + "' cannot be written: " + e.getMessage()
                                + ". Is the file system of its directory full?",
                        e);
            }
        }
        return traces;
    }

    /** Why no machine of this engine can be left to another process, and what to do. */
    String noDetaching() {
        return "Machine '" + machine
                + "' cannot be left to another process: machines of the engine kvm live in this JVM"
                + " (process " + ProcessHandle.current().pid()
                + ") and end with it. With supermachine.vm.keep-on-failure=jvm"
                + " they are kept until then; with supermachine.engine=qemu-kvm or qemu-tcg beside detached, beyond it.";
    }

    /** The machine has ended. */
    synchronized void remove() {
        if (traces != null) {
            try {
                PrivateDirectories.delete(traces.directory());
            } catch (IOException e) {
                LOG.debug("Left {}", traces.directory(), e);
            }
            traces = null;
        }
    }
}
