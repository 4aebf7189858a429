package dev.supermachine.benchmarks;

import dev.supermachine.Vm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The command line with which the library restores a machine, as the kernel shows it of one that runs.
 *
 * @param arguments QEMU and its arguments
 * @param sockets the directory in it that holds the sockets
 * @param state the file with the devices' state
 */
record RestoreCommand(List<String> arguments, String sockets, Path state) {

    private static final String MONITOR = "socket,id=monitor,path=";
    private static final String MEMORY = "\"mem-path\":\"";

    RestoreCommand {
        arguments = List.copyOf(arguments);
    }

    /** Of a machine of this JVM. */
    static RestoreCommand of(Vm vm) throws IOException {
        for (ProcessHandle child : ProcessHandle.current().children().toList()) {
            List<String> words = commandLine(child.pid());
            if (words.stream().anyMatch(word -> word.startsWith("guest=" + vm.name() + ","))) {
                String monitor = after(words, MONITOR);
                String memory = after(words, MEMORY);
                Path ram = Path.of(memory.substring(0, memory.indexOf('"')));
                return new RestoreCommand(
                        words, monitor.substring(0, monitor.lastIndexOf('/')), ram.resolveSibling("state"));
            }
        }
        throw new IOException("No child process runs the machine '" + vm.name() + "'");
    }

    /** The words of a process's command line; none if it has ended. */
    static List<String> commandLine(long pid) {
        try {
            String text =
                    Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"), StandardCharsets.ISO_8859_1);
            return List.of(text.split("\0"));
        } catch (IOException e) {
            return List.of();
        }
    }

    /** The same for sockets in another directory. */
    List<String> in(Path directory) {
        return arguments.stream()
                .map(word -> word.startsWith("socket,") ? word.replace(sockets, directory.toString()) : word)
                .toList();
    }

    private static String after(List<String> words, String mark) throws IOException {
        for (String word : words) {
            int at = word.indexOf(mark);
            if (at >= 0) {
                return word.substring(at + mark.length());
            }
        }
        throw new IOException("QEMU's command line has no " + mark + ": " + words);
    }
}
