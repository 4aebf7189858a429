package dev.supermachine.engine.qemu;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Starts processes that end with this JVM, and such as can be left to another process. The kernel kills them when the <em>thread</em> that started them ends (PR_SET_PDEATHSIG of prctl(2)), so all of
 * them are started by one thread that lives as long as the JVM.
 *
 * <p>A JVM that dies before its child has asked for that signal leaves the child without one. Such a child finds nobody behind the sockets that it is to
 * connect to, and ends by itself.
 */
final class Spawner {

    /** Of util-linux; sets the signal, then becomes the program. */
    private static final List<String> WITH_PARENT = List.of("setpriv", "--pdeathsig", "KILL", "--no-new-privs", "--");

    /**
     * Runs QEMU as a child that ends with it (of which the shell's own end is the signal's cause), in a session of its own, so that a terminal's signals do not
     * reach it. The end of the input is the JVM's, and QEMU is killed then; after an order to keep it, it is killed when nobody holds a lock on the file any more.
     */
    private static final String SUPERVISOR = """
            pid=$1
            shift
            exec 3<&0 </dev/null
            "$@" 3<&- &
            machine=$!
            echo $machine >"$pid"
            (
                read -r order lock <&3 && [ "$order" = keep ] && flock "$lock" true
                kill -KILL $machine
            ) &
            watch=$!
            exec 3<&-
            wait $machine
            status=$?
            kill $watch
            exit $status
            """;

    private static final Set<String> INHERITED = Set.of("PATH", "LD_LIBRARY_PATH", "TMPDIR");

    private final LinkedBlockingQueue<Runnable> requests = new LinkedBlockingQueue<>();

    private Spawner() {
        Thread thread = new Thread(this::run, "supermachine-spawner");
        thread.setDaemon(true);
        thread.start();
    }

    private static final class Holder {
        private static final Spawner INSTANCE = new Spawner();
    }

    static Spawner instance() {
        return Holder.INSTANCE;
    }

    /**
     * Starts a program with no input and no output, in the root directory.
     *
     * @param command the program and its arguments, taken literally
     * @param errors the file for what it writes to standard error
     * @return the process
     * @throws IOException if it cannot be started
     */
    Process start(List<String> command, Path errors) throws IOException {
        List<String> whole = new ArrayList<>(WITH_PARENT);
        whole.addAll(command);
        return start(new ProcessBuilder(whole).redirectInput(new File("/dev/null")), errors);
    }

    /**
     * Starts a program that ends with this JVM as well, unless it is told otherwise: the line {@code keep FILE} on the process's input lets it run until no
     * process holds a lock on the file any more. The process is a supervisor with the program as its child, and ends as the program does.
     *
     * @param command the program and its arguments, taken literally
     * @param errors the file for what it writes to standard error
     * @param pid the file that gets the program's own process id
     * @return the supervisor
     * @throws IOException if it cannot be started
     */
    Process startDetachable(List<String> command, Path errors, Path pid) throws IOException {
        List<String> whole = new ArrayList<>(List.of("setsid", "sh", "-c", SUPERVISOR, "supermachine", pid.toString()));
        whole.addAll(WITH_PARENT);
        whole.addAll(command);
        return start(new ProcessBuilder(whole), errors);
    }

    private Process start(ProcessBuilder builder, Path errors) throws IOException {
        builder.directory(new File("/"))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(errors.toFile());
        // QEMU needs nothing of this JVM's environment, which may hold secrets. English messages can be looked up.
        Map<String, String> environment = builder.environment();
        environment.keySet().retainAll(INHERITED);
        environment.put("LC_ALL", "C");
        FutureTask<Process> start = new FutureTask<>(builder::start);
        requests.add(start);
        try {
            return uninterruptibly(start);
        } catch (ExecutionException e) {
            throw new IOException(
                    "cannot run setpriv or setsid, which tie QEMU's life to this JVM's: " + e.getMessage()
                            + ". Install the package util-linux.",
                    e);
        }
    }

    /** A start takes milliseconds, and a process that nobody waits for would be nobody's. */
    private static Process uninterruptibly(FutureTask<Process> start) throws ExecutionException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return start.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        while (true) {
            try {
                requests.take().run();
            } catch (InterruptedException e) {
                // Whoever interrupted it would kill every machine: this thread ends with the JVM only.
                Thread.interrupted();
            }
        }
    }
}
