package dev.supermachine.pool;

import dev.supermachine.Exec;
import dev.supermachine.ExecProcess;
import dev.supermachine.ExecResult;
import dev.supermachine.guest.ExecRequest;
import dev.supermachine.guest.GuestClient;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** A command for whichever machine the holder has when it is run. */
final class VmExec implements Exec {

    private final Supplier<GuestClient> guest;
    private List<String> argv = List.of();
    private final Map<String, String> environment = new LinkedHashMap<>();
    private String directory = "";
    private String user = "";
    private byte[] stdin = {};
    private Duration timeout = Duration.ZERO;
    private int rows;
    private int columns;

    VmExec(Supplier<GuestClient> guest, String... argv) {
        this.guest = guest;
        argv(argv);
    }

    @Override
    public Exec argv(String... words) {
        if (words.length == 0 || words[0].isEmpty()) {
            throw new IllegalArgumentException(
                    "A command needs at least the name of a program, but was: " + List.of(words));
        }
        argv = List.of(words);
        return this;
    }

    @Override
    public Exec env(String key, String value) {
        if (key.isEmpty() || key.indexOf('=') >= 0) {
            throw new IllegalArgumentException(
                    "The name of an environment variable is not empty and has no '=', but was: '" + key + "'");
        }
        environment.put(key, value);
        return this;
    }

    @Override
    public Exec cwd(String path) {
        directory = path;
        return this;
    }

    @Override
    public Exec user(String name) {
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
    public Exec tty(int height, int width) {
        if (height < 1 || height > 65535 || width < 1 || width > 65535) {
            throw new IllegalArgumentException(
                    "A terminal has 1 to 65535 rows and columns, but was: " + height + " rows, " + width + " columns");
        }
        rows = height;
        columns = width;
        return this;
    }

    @Override
    public ExecResult output() {
        try (VmProcess process = new VmProcess(guest.get().exec(request(stdin.length > 0)))) {
            return process.collect(stdin);
        }
    }

    @Override
    public ExecProcess spawn() {
        return new VmProcess(guest.get().exec(request(true)));
    }

    private ExecRequest request(boolean wantsStdin) {
        return new ExecRequest(argv, environment, directory, user, rows > 0, rows, columns, wantsStdin, timeout);
    }
}
