package dev.supermachine.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The processes behind machines, found by their command lines, which name the machine and its files. */
public final class MachineProcesses {

    private MachineProcesses() {}

    /** QEMU processes that have a path on their command line, or a path below it. */
    public static List<ProcessHandle> naming(Path path) {
        return naming(path.toString());
    }

    /** QEMU processes with a text on their command line, such as a machine's name. */
    public static List<ProcessHandle> naming(String text) {
        return ProcessHandle.allProcesses()
                .filter(process -> {
                    String line = commandLine(process.pid());
                    return line.contains("qemu-system") && line.contains(text);
                })
                .toList();
    }

    /** A killed process whose parent is gone too may stay a zombie where nobody reaps; its command line is empty then. */
    public static boolean runs(ProcessHandle process) {
        return process.isAlive() && !commandLine(process.pid()).isEmpty();
    }

    private static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            // it has ended
            return "";
        }
    }
}
