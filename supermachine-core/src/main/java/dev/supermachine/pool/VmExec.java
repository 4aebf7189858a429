package dev.supermachine.pool;

import dev.supermachine.Exec;
import dev.supermachine.ExecProcess;
import dev.supermachine.ExecResult;
import dev.supermachine.GuestFile;
import dev.supermachine.guest.ExecRequest;
import dev.supermachine.guest.GuestClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** A command for whichever machine the holder has when it is run. */
final class VmExec implements Exec {

    private static final int MOST_OUTPUT = 1 << 30;

    private final Supplier<GuestClient> guest;
    private final String machine;
    /** The first, and those that follow it. */
    private final List<List<String>> commands = new ArrayList<>();

    private final Map<String, GuestFile> files = new LinkedHashMap<>();
    private final Map<String, String> environment = new LinkedHashMap<>();
    private String directory = "";
    private String user = "";
    private byte[] stdin = {};
    private Duration timeout = Duration.ZERO;
    private int outputLimit = DEFAULT_OUTPUT_LIMIT;
    private int rows;
    private int columns;

    VmExec(Supplier<GuestClient> guest, String machine, String... argv) {
        this.machine = machine;
        this.guest = guest;
        argv(argv);
    }

    @Override
    public Exec argv(String... words) {
        List<String> command = command(words);
        if (commands.isEmpty()) {
            commands.add(command);
        } else {
            commands.set(0, command);
        }
        return this;
    }

    @Override
    public Exec chain(String... words) {
        if (rows > 0) {
            throw terminalForOne();
        }
        if (commands.size() == MOST_COMMANDS) {
            throw new IllegalStateException("A chain has at most " + MOST_COMMANDS + " commands.");
        }
        commands.add(command(words));
        return this;
    }

    private static List<String> command(String... words) {
        if (words.length == 0 || words[0].isEmpty()) {
            throw new IllegalArgumentException(
                    "A command needs at least the name of a program, but was: " + List.of(words));
        }
        for (String word : words) {
            requireNoNul("word", word);
        }
        return List.of(words);
    }

    private static IllegalStateException terminalForOne() {
        return new IllegalStateException(
                "Only a single command can have a terminal: give a chain none, or run its commands one by one.");
    }

    @Override
    public Exec stageFile(String guestPath, byte[] content) {
        return stage(GuestFile.of(guestPath, content));
    }

    @Override
    public Exec stageFile(String guestPath, byte[] content, int mode) {
        return stage(GuestFile.of(guestPath, content, mode));
    }

    private Exec stage(GuestFile file) {
        files.put(file.path(), file);
        return this;
    }

    @Override
    public Exec env(String key, String value) {
        if (key.isEmpty() || key.indexOf('=') >= 0) {
            throw new IllegalArgumentException(
                    "The name of an environment variable is not empty and has no '=', but was: '" + key + "'");
        }
        requireNoNul("variable's name", key);
        if (value.indexOf('\0') >= 0) {
            // without the value, which may be a secret
            throw new IllegalArgumentException("The value of the environment variable '" + key + "' has a NUL.");
        }
        environment.put(key, value);
        return this;
    }

    @Override
    public Exec cwd(String path) {
        requireNoNul("working directory", path);
        if (!path.startsWith("/")) {
            throw new IllegalArgumentException(
                    "The working directory of a command is an absolute path in the guest, but was: '" + path + "'");
        }
        directory = path;
        return this;
    }

    @Override
    public Exec user(String name) {
        requireNoNul("user", name);
        user = name;
        return this;
    }

    @Override
    public Exec stdin(byte[] bytes) {
        stdin = bytes.clone();
        return this;
    }

    @Override
    public Exec timeout(Duration time) {
        if (time.isNegative() || time.isZero()) {
            throw new IllegalArgumentException("The time-out of a command is positive, but was: " + time);
        }
        timeout = time;
        return this;
    }

    @Override
    public Exec outputLimit(int bytes) {
        if (bytes < 0 || bytes > MOST_OUTPUT) {
            throw new IllegalArgumentException(
                    "The limit of a command's output is 0 to " + MOST_OUTPUT + " bytes, but was: " + bytes);
        }
        outputLimit = bytes;
        return this;
    }

    @Override
    public Exec tty(int height, int width) {
        if (height < 1 || height > 65535 || width < 1 || width > 65535) {
            throw new IllegalArgumentException(
                    "A terminal has 1 to 65535 rows and columns, but was: " + height + " rows, " + width + " columns");
        }
        if (commands.size() > 1) {
            throw terminalForOne();
        }
        rows = height;
        columns = width;
        return this;
    }

    @Override
    public List<ExecResult> outputs() {
        try (VmProcess process = process(stdin.length > 0)) {
            return process.collect(stdin, outputLimit);
        }
    }

    private static void requireNoNul(String what, String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    "A command's " + what + " cannot have a NUL, but was: '" + text.replace('\0', '\u2400') + "'");
        }
    }

    @Override
    public ExecProcess spawn() {
        return process(true);
    }

    private VmProcess process(boolean wantsStdin) {
        String subject = commands.size() == 1
                ? "The command " + commands.get(0)
                : "The chain of " + commands.size() + " commands that begins with " + commands.get(0);
        return new VmProcess(guest.get().exec(request(wantsStdin)), subject + " of '" + machine + "'");
    }

    private ExecRequest request(boolean wantsStdin) {
        return new ExecRequest(
                commands,
                List.copyOf(files.values()),
                environment,
                directory,
                user,
                rows > 0,
                rows,
                columns,
                wantsStdin,
                timeout);
    }
}
