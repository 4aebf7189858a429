package dev.supermachine.cli;

import dev.supermachine.json.JsonDocument;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** One run of the real command line, in this process and over captured streams. */
record CommandRun(int status, String out, String err) {

    /** With a store, a cache and a home of its own below a directory, and nothing of this process's environment. */
    static CommandRun in(Path home, String... arguments) {
        return in(home, false, Map.of(), arguments);
    }

    /** The same as if the outputs were a terminal, or with variables. */
    static CommandRun in(Path home, boolean terminal, Map<String, String> variables, String... arguments) {
        Map<String, String> environment = new HashMap<>(variables);
        environment.put("SUPERMACHINE_SNAPSHOTS_DIR", home.resolve("snapshots").toString());
        environment.put("SUPERMACHINE_CACHE_DIR", home.resolve("cache").toString());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = Supermachine.commandLine(new Terminal(
                        new ByteArrayInputStream(new byte[0]),
                        out,
                        err,
                        false,
                        terminal,
                        terminal,
                        System::getProperty,
                        environment::get))
                .execute(arguments);
        return new CommandRun(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    JsonDocument json() throws IOException {
        return JsonDocument.parse(out);
    }
}
