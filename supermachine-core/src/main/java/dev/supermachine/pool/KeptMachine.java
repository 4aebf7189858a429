package dev.supermachine.pool;

import dev.supermachine.ExecProcess;
import dev.supermachine.MachineException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * A machine of this user that was kept, by this or another process, and still runs; as its description in its directory says.
 *
 * @param name the machine's name
 * @param image the name of the image it was restored from
 * @param reference the image as its user wrote it
 * @param memoryMib its memory in MiB
 * @param pid the process that it runs in
 * @param since when it was kept
 * @param jvm the JVM with which it ends; empty if it runs until somebody ends it
 * @param directory what belongs to it; removed when it has ended
 * @param ports ports of the guest, and where they are on this host
 * @since 0.1
 */
public record KeptMachine(
        String name,
        String image,
        String reference,
        int memoryMib,
        long pid,
        Instant since,
        Optional<Long> jvm,
        Path directory,
        Map<Integer, String> ports) {

    private static final long END_SECONDS = 30;

    /** Takes a copy. */
    public KeptMachine {
        ports = new TreeMap<>(ports);
    }

    /**
     * Those that there are.
     *
     * @return all machines of this user that were kept and run, by name
     */
    public static List<KeptMachine> all() {
        Set<Path> descriptions = new LinkedHashSet<>();
        for (String base : new LinkedHashSet<>(List.of(
                Optional.ofNullable(System.getenv("XDG_RUNTIME_DIR")).orElse(""),
                System.getProperty("java.io.tmpdir", ""),
                Optional.ofNullable(System.getenv("TMPDIR")).orElse(""),
                "/tmp"))) {
            if (base.startsWith("/")) {
                descriptions.addAll(below(Path.of(base)));
            }
        }
        return descriptions.stream()
                .flatMap(description -> read(description).stream())
                .filter(KeptMachine::runs)
                .sorted((a, b) -> a.name().equals(b.name())
                        ? Long.compare(a.pid(), b.pid())
                        : a.name().compareTo(b.name()))
                .toList();
    }

    /**
     * Whether it is memory and threads of a JVM, with which it ends, and has no process of its own.
     *
     * @return true for machines of the engine {@code kvm}
     */
    public boolean livesInJvm() {
        return jvm.filter(process -> process == pid).isPresent();
    }

    /**
     * Whether commands can be executed in it from any process.
     *
     * @return true if it has a keeper: it outlives the JVM that it comes from
     */
    public boolean answers() {
        return Files.exists(directory.resolve(KeptExec.SOCKET));
    }

    /**
     * Executes a command.
     *
     * @param command what to execute
     * @return the running command; the caller closes it
     * @throws MachineException if the machine has no keeper, or the command cannot be executed
     */
    public ExecProcess exec(KeptExec command) {
        if (!answers()) {
            throw new MachineException("No command can be executed in the machine '" + name
                    + "' from another process: it belongs to the JVM "
                    + jvm.map(String::valueOf).orElse("that kept it")
                    + ". Only one that was kept with 'detached' has a process of its own that takes commands.");
        }
        return command.run(name, directory.resolve(KeptExec.SOCKET));
    }

    /**
     * Ends it and waits for the end of its process; its keeper removes what belongs to it after that. One that lives in a JVM is not ended.
     *
     * @return whether it has ended
     */
    public boolean end() {
        if (livesInJvm() || !runs()) {
            return !livesInJvm();
        }
        Optional<ProcessHandle> process = ProcessHandle.of(pid);
        process.ifPresent(ProcessHandle::destroyForcibly);
        try {
            process.map(ProcessHandle::onExit)
                    .ifPresent(
                            end -> end.orTimeout(END_SECONDS, TimeUnit.SECONDS).join());
        } catch (CompletionException e) {
            if (!(e.getCause() instanceof TimeoutException)) {
                throw e;
            }
            return false;
        }
        return true;
    }

    private static List<Path> below(Path base) {
        try {
            Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            List<Path> found = new ArrayList<>();
            Path ofUser = base.resolve("supermachine-" + uid);
            for (String pattern : List.of("*/" + KeptMachines.DESCRIPTION, "*/*/" + KeptMachines.DESCRIPTION)) {
                found.addAll(matching(ofUser, pattern.split("/"), 0));
            }
            return found.stream()
                    .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && isOwn(file, uid))
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static List<Path> matching(Path directory, String[] names, int depth) throws IOException {
        if (depth == names.length) {
            return List.of(directory);
        }
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, names[depth])) {
                for (Path entry : entries) {
                    found.addAll(matching(entry, names, depth + 1));
                }
            }
        }
        return found;
    }

    private static boolean isOwn(Path file, Object uid) {
        try {
            return Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                    .equals(uid);
        } catch (IOException e) {
            return false;
        }
    }

    private static Optional<KeptMachine> read(Path description) {
        try {
            Map<String, String> values = new LinkedHashMap<>();
            for (String line : Files.readAllLines(description)) {
                int equals = line.indexOf('=');
                if (equals > 0) {
                    values.put(line.substring(0, equals), line.substring(equals + 1));
                }
            }
            Map<Integer, String> ports = new TreeMap<>();
            values.forEach((key, value) -> {
                if (key.startsWith(KeptMachines.PORT)) {
                    ports.put(Integer.valueOf(key.substring(KeptMachines.PORT.length())), value);
                }
            });
            String jvm = values.getOrDefault("jvm", "");
            Path directory = description.getParent();
            return directory == null
                    ? Optional.empty()
                    : Optional.of(new KeptMachine(
                            values.getOrDefault("name", ""),
                            values.getOrDefault("image", ""),
                            values.getOrDefault("reference", ""),
                            Integer.parseInt(values.getOrDefault("memoryMib", "")),
                            Long.parseLong(values.getOrDefault("pid", "")),
                            Instant.ofEpochSecond(Long.parseLong(values.getOrDefault("since", ""))),
                            jvm.isEmpty() ? Optional.empty() : Optional.of(Long.valueOf(jvm)),
                            directory,
                            ports));
        } catch (IOException | NumberFormatException e) {
            // It is being written or removed; or is none of ours.
            return Optional.empty();
        }
    }

    /** Process ids are used again: it counts only if the process is that machine's QEMU, or the JVM that holds the lock of its directory. */
    private boolean runs() {
        return livesInJvm() ? holdsLock() : commandLine().contains("guest=" + name + ",");
    }

    private String commandLine() {
        try {
            return Files.readString(Path.of("/proc", String.valueOf(pid), "cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    private boolean holdsLock() {
        Path parent = directory.getParent();
        if (parent == null) {
            return false;
        }
        Path lock = parent.resolve("lock");
        try (Stream<Path> open = Files.list(Path.of("/proc", String.valueOf(pid), "fd"))) {
            return open.anyMatch(link -> leadsTo(link, lock));
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean leadsTo(Path link, Path target) {
        try {
            return Files.readSymbolicLink(link).equals(target);
        } catch (IOException e) {
            return false;
        }
    }
}
