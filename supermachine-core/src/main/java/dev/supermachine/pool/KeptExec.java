package dev.supermachine.pool;

import dev.supermachine.ExecProcess;
import dev.supermachine.MachineException;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonWriter;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A command for a machine that a keeper has.
 *
 * @param argv the command and its arguments
 * @param environment variables over the image's
 * @param directory where it starts; empty for the image's
 * @param user who runs it; empty for the image's
 * @param rows height of its terminal; 0 for none
 * @param columns width of its terminal; 0 for none
 * @since 0.1
 */
public record KeptExec(
        List<String> argv, Map<String, String> environment, String directory, String user, int rows, int columns) {

    /** In the machine's directory, which only its user can enter. */
    static final String SOCKET = "exec";

    /** Takes copies. */
    public KeptExec {
        argv = List.copyOf(argv);
        environment = Map.copyOf(environment);
    }

    byte[] encoded() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("argv", argv);
        json.put("environment", environment);
        json.put("directory", directory);
        json.put("user", user);
        json.put("rows", rows);
        json.put("columns", columns);
        return JsonWriter.compact(json).getBytes(StandardCharsets.UTF_8);
    }

    static KeptExec decoded(byte[] bytes) throws IOException {
        JsonDocument json = JsonDocument.parse(bytes);
        return new KeptExec(
                json.strings("argv"),
                json.stringMap("environment"),
                json.string("directory"),
                json.string("user"),
                (int) json.integer("rows"),
                (int) json.integer("columns"));
    }

    ExecProcess run(String machine, Path socket) {
        String subject = "The command " + argv + " of '" + machine + "'";
        try {
            SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
            try {
                KeptFrames frames = new KeptFrames(channel);
                frames.write(KeptFrames.Type.REQUEST, encoded());
                return KeptProcess.started(frames, subject, rows > 0);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new MachineException(
                    subject + " cannot be executed: the process that keeps the machine does not answer at " + socket
                            + ": " + e.getMessage() + ". bin/supermachine doctor --kept says whether it still runs.",
                    e);
        }
    }
}
