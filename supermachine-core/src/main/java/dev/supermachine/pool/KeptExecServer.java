package dev.supermachine.pool;

import dev.supermachine.ExecProcess;
import dev.supermachine.SupermachineException;
import dev.supermachine.guest.ExecRequest;
import dev.supermachine.guest.GuestClient;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A keeper's end of {@link KeptExec}: a socket in the machine's directory, which only its user can enter. Each connection is one command, which is killed when
 * the connection ends before it.
 */
final class KeptExecServer implements AutoCloseable {

    private static final int BUFFER = 64 * 1024;
    private static final Duration FOREVER = Duration.ofDays(365);

    private final GuestClient guest;
    private final String machine;
    private final ServerSocketChannel server;

    private KeptExecServer(GuestClient guest, String machine, ServerSocketChannel server) {
        this.guest = guest;
        this.machine = machine;
        this.server = server;
    }

    /** Opens the socket and serves it until it is closed. */
    static KeptExecServer open(Path directory, GuestClient guest, String machine) throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        channel.bind(UnixDomainSocketAddress.of(directory.resolve(KeptExec.SOCKET)));
        KeptExecServer server = new KeptExecServer(guest, machine, channel);
        start(server::acceptAll, "accept");
        return server;
    }

    private static Thread start(Runnable work, String name) {
        Thread thread = new Thread(work, "supermachine-kept-exec-" + name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void acceptAll() {
        try {
            while (true) {
                SocketChannel connection = server.accept();
                start(() -> serve(connection), "serve");
            }
        } catch (IOException e) {
            // it was closed
            return;
        }
    }

    private void serve(SocketChannel connection) {
        try (KeptFrames frames = new KeptFrames(connection)) {
            KeptFrames.@Nullable Frame first = frames.read();
            if (first == null || first.type() != KeptFrames.Type.REQUEST) {
                return;
            }
            try (VmProcess process = process(KeptExec.decoded(first.bytes()))) {
                run(process, frames);
            } catch (SupermachineException | IllegalArgumentException e) {
                frames.write(
                        KeptFrames.Type.FAILURE, String.valueOf(e.getMessage()).getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            // who asked for it has gone, and the command with it
            return;
        }
    }

    private VmProcess process(KeptExec command) {
        ExecRequest request = ExecRequest.of(command.argv().toArray(String[]::new))
                .withEnvironment(command.environment())
                .withDirectory(command.directory())
                .withUser(command.user())
                .withStdin();
        return new VmProcess(
                guest.exec(command.rows() > 0 ? request.withTty(command.rows(), command.columns()) : request),
                "The command " + command.argv() + " of '" + machine + "'");
    }

    private static void run(ExecProcess process, KeptFrames frames) throws IOException {
        frames.write(KeptFrames.Type.STARTED, new byte[0]);
        start(() -> feed(process, frames), "stdin");
        Thread errors = start(() -> copy(process.stderr(), KeptFrames.Type.STDERR, frames), "stderr");
        copy(process.stdout(), KeptFrames.Type.STDOUT, frames);
        try {
            errors.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        frames.write(
                KeptFrames.Type.EXIT,
                KeptProcess.encoded(process.waitFor(FOREVER).orElseThrow()));
    }

    /** Ends the command when the connection ends, which is how one learns that who asked for it has gone. */
    private static void feed(ExecProcess process, KeptFrames frames) {
        OutputStream stdin = process.stdin();
        try {
            KeptFrames.@Nullable Frame frame;
            while ((frame = frames.read()) != null) {
                if (frame.type() == KeptFrames.Type.SIGNAL) {
                    process.signal(Integer.parseInt(new String(frame.bytes(), StandardCharsets.UTF_8)));
                } else if (frame.type() == KeptFrames.Type.RESIZE) {
                    String[] size = new String(frame.bytes(), StandardCharsets.UTF_8).split(" ", -1);
                    process.resize(Integer.parseInt(size[0]), Integer.parseInt(size[1]));
                } else {
                    input(stdin, frame.bytes());
                }
            }
        } catch (IOException | IllegalArgumentException e) {
            // as at the end of the connection
            return;
        } finally {
            process.close();
        }
    }

    private static void input(OutputStream stdin, byte[] bytes) {
        try {
            if (bytes.length == 0) {
                stdin.close();
            } else {
                stdin.write(bytes);
            }
        } catch (IOException e) {
            // the command reads no further, which is its right
            return;
        }
    }

    private static void copy(InputStream from, KeptFrames.Type type, KeptFrames frames) {
        byte[] buffer = new byte[BUFFER];
        try {
            for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
                frames.write(type, buffer, 0, count);
            }
        } catch (IOException e) {
            // the machine has failed, or who asked for it has gone: the exit tells
            return;
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
