package dev.supermachine;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * What must be seen before a machine is captured: the condition under which its service is ready. Immutable values; equal conditions are equal.
 *
 * <pre>{@code
 * Image.builder("postgres:16").withGuestPort(5432)
 *         .withWait(Wait.all(Wait.forListener(), Wait.forCommand("pg_isready", "-q")).withTimeout(Duration.ofMinutes(2)))
 *         .build();
 * }</pre>
 *
 * <p>A condition is part of the bake's inputs: another one makes another snapshot. It is looked at from outside the machine, in close succession, from the
 * start of the workload on; a condition that was met once counts as met. After it is met the bake waits until the workload is at rest, at most 10 s. A
 * workload that ends before ends the wait at once. Everything that a condition does in the machine, such as the traces of its commands, is in the snapshot.
 *
 * <p>The outermost condition has as much time as {@link #withTimeout(Duration)} says, counted from the start of the workload, or else what is left of the
 * setting {@code supermachine.bake.timeout}. The time of a condition inside {@link #all} and {@link #any} only shortens that.
 *
 * @see OciImageBuilder#withWait(Wait)
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public sealed interface Wait
        permits Wait.Listener, Wait.Log, Wait.Command, Wait.Http, Wait.Healthcheck, Wait.All, Wait.Any {

    /**
     * Something listens on TCP ports, as the guest's own socket tables show. Nothing is connected to.
     *
     * @param ports 1 … 65535 each; all of them are awaited. None means the port of {@link OciImageBuilder#withGuestPort(int)}
     * @return the condition
     * @throws IllegalArgumentException if a port is out of range
     */
    static Listener forListener(int... ports) {
        return new Listener(Arrays.stream(ports).boxed().toList(), Optional.empty());
    }

    /**
     * The workload has written a line that matches.
     *
     * @param regex as for {@link java.util.regex.Pattern}; found anywhere in a line of the standard output or the standard error
     * @return the condition
     * @throws IllegalArgumentException if it cannot be compiled
     */
    static Log forLog(String regex) {
        return forLog(regex, 1);
    }

    /**
     * The workload has written several lines that match.
     *
     * @param regex as for {@link #forLog(String)}
     * @param times how many lines, at least 1
     * @return the condition
     * @throws IllegalArgumentException if the expression cannot be compiled, or the number is less than 1
     */
    static Log forLog(String regex, int times) {
        return new Log(regex, times, Optional.empty());
    }

    /**
     * A command in the machine ends with an exit status, 0 unless set otherwise. It runs as {@link Exec} runs one, again and again; an attempt that takes
     * longer than 30 s is killed and counts as failed.
     *
     * @param argv the command and its arguments
     * @return the condition
     * @throws IllegalArgumentException if it is empty, or a word has a NUL
     */
    static Command forCommand(String... argv) {
        return new Command(List.of(argv), 0, Optional.empty());
    }

    /**
     * A GET request over plain HTTP/1.1 is answered with a status, 200 unless set otherwise, on the builder's guest port unless set otherwise. Redirects are
     * answers like others. An attempt that takes longer than 30 s counts as failed.
     *
     * @param path with the query if there is one, such as {@code /health?full=1}
     * @return the condition
     * @throws IllegalArgumentException if it does not begin with {@code /}, or has blanks or what is not ASCII
     */
    static Http forHttp(String path) {
        return new Http(path, Optional.empty(), 200, Optional.empty(), Optional.empty());
    }

    /**
     * The image's own {@code HEALTHCHECK} succeeds. Its interval is not waited for between attempts; its time-out holds for each. It counts as failed when
     * Docker would call the container unhealthy: after as many failures as its retries, one for each interval, not counting those of its start period. An image
     * without one cannot be baked with this condition.
     *
     * @return the condition
     */
    static Healthcheck forHealthcheck() {
        return new Healthcheck(Optional.empty());
    }

    /**
     * All of several conditions were met, each at some time.
     *
     * @param waits at least one
     * @return the condition
     * @throws IllegalArgumentException if there are none
     */
    static All all(Wait... waits) {
        return new All(List.of(waits), Optional.empty());
    }

    /**
     * One of several conditions is met.
     *
     * @param waits at least one
     * @return the condition
     * @throws IllegalArgumentException if there are none
     */
    static Any any(Wait... waits) {
        return new Any(List.of(waits), Optional.empty());
    }

    /**
     * How long it may take.
     *
     * @return the time from the start of the workload; empty for what is left of that of the conditions around it, or of the bake
     */
    Optional<Duration> timeout();

    /**
     * With a time of its own.
     *
     * @param timeout positive, from the start of the workload
     * @return a changed copy
     * @throws IllegalArgumentException if it is not positive
     */
    Wait withTimeout(Duration timeout);

    /**
     * Listeners on TCP ports.
     *
     * @param ports ascending, each once; empty for the builder's guest port
     * @param timeout as {@link Wait#timeout()}
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    record Listener(List<Integer> ports, Optional<Duration> timeout) implements Wait {

        /**
         * Checks the values and puts the ports in order.
         *
         * @param ports ascending, each once; empty for the builder's guest port
         * @param timeout as {@link Wait#timeout()}
         * @throws IllegalArgumentException if one is out of range
         */
        public Listener {
            ports.forEach(WaitChecks::port);
            ports = ports.stream().distinct().sorted().toList();
            WaitChecks.timeout(timeout);
        }

        @Override
        public Listener withTimeout(Duration limit) {
            return new Listener(ports, Optional.of(limit));
        }

        /** In words. */
        @Override
        public String toString() {
            return (ports.isEmpty()
                            ? "a listener on the guest port"
                            : ports.size() == 1
                                    ? "a listener on port " + ports.get(0)
                                    : "listeners on the ports " + ports)
                    + WaitChecks.within(timeout);
        }
    }

    /**
     * Lines of the workload's output.
     *
     * @param regex found anywhere in a line
     * @param times how many lines
     * @param timeout as {@link Wait#timeout()}
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    record Log(String regex, int times, Optional<Duration> timeout) implements Wait {

        /**
         * Checks the values.
         *
         * @param regex found anywhere in a line
         * @param times how many lines
         * @param timeout as {@link Wait#timeout()}
         * @throws IllegalArgumentException if one is out of range, or the expression cannot be compiled
         */
        public Log {
            WaitChecks.regex(regex);
            WaitChecks.range("The number of lines to wait for", times, 1, Integer.MAX_VALUE);
            WaitChecks.timeout(timeout);
        }

        @Override
        public Log withTimeout(Duration limit) {
            return new Log(regex, times, Optional.of(limit));
        }

        /** In words. */
        @Override
        public String toString() {
            return (times == 1 ? "a line of output" : times + " lines of output") + " with '" + regex + "'"
                    + WaitChecks.within(timeout);
        }
    }

    /**
     * A command's exit status.
     *
     * @param argv the command and its arguments
     * @param exitCode the status that is awaited
     * @param timeout as {@link Wait#timeout()}
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    record Command(List<String> argv, int exitCode, Optional<Duration> timeout) implements Wait {

        /**
         * Checks the values.
         *
         * @param argv the command and its arguments
         * @param exitCode the status that is awaited
         * @param timeout as {@link Wait#timeout()}
         * @throws IllegalArgumentException if one is out of range, the command is empty, or a word has a NUL
         */
        public Command {
            argv = List.copyOf(argv);
            WaitChecks.command(argv);
            WaitChecks.range("An exit status to wait for", exitCode, 0, 255);
            WaitChecks.timeout(timeout);
        }

        /**
         * With another status.
         *
         * @param status 0 … 255
         * @return a changed copy
         * @throws IllegalArgumentException if it is out of range
         */
        public Command withExitCode(int status) {
            return new Command(argv, status, timeout);
        }

        @Override
        public Command withTimeout(Duration limit) {
            return new Command(argv, exitCode, Optional.of(limit));
        }

        /** In words. */
        @Override
        public String toString() {
            return "the command " + argv + " with exit status " + exitCode + WaitChecks.within(timeout);
        }
    }

    /**
     * An answer over HTTP.
     *
     * @param path with the query if there is one
     * @param port the guest's port; empty for the builder's
     * @param status the status that is awaited
     * @param body an expression found anywhere in the body; empty if any body will do
     * @param timeout as {@link Wait#timeout()}
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    record Http(String path, Optional<Integer> port, int status, Optional<String> body, Optional<Duration> timeout)
            implements Wait {

        /**
         * Checks the values.
         *
         * @param path with the query if there is one
         * @param port the guest's port; empty for the builder's
         * @param status the status that is awaited
         * @param body an expression found anywhere in the body; empty if any body will do
         * @param timeout as {@link Wait#timeout()}
         * @throws IllegalArgumentException if one is out of range or of another form
         */
        public Http {
            WaitChecks.path(path);
            port.ifPresent(WaitChecks::port);
            WaitChecks.range("A status of HTTP to wait for", status, 200, 599);
            body.ifPresent(WaitChecks::regex);
            WaitChecks.timeout(timeout);
        }

        /**
         * On another port than the builder's guest port.
         *
         * @param guestPort 1 … 65535
         * @return a changed copy
         * @throws IllegalArgumentException if it is out of range
         */
        public Http onPort(int guestPort) {
            return new Http(path, Optional.of(guestPort), status, body, timeout);
        }

        /**
         * With another status.
         *
         * @param code 200 … 599
         * @return a changed copy
         * @throws IllegalArgumentException if it is out of range
         */
        public Http withStatus(int code) {
            return new Http(path, port, code, body, timeout);
        }

        /**
         * With a body that matches.
         *
         * @param regex found anywhere in the first 64 KiB of the body as it comes, in UTF-8
         * @return a changed copy
         * @throws IllegalArgumentException if it cannot be compiled
         */
        public Http withBody(String regex) {
            return new Http(path, port, status, Optional.of(regex), timeout);
        }

        @Override
        public Http withTimeout(Duration limit) {
            return new Http(path, port, status, body, Optional.of(limit));
        }

        /** In words. */
        @Override
        public String toString() {
            return "the status " + status + " for GET " + path
                    + port.map(number -> " on port " + number).orElse(" on the guest port")
                    + body.map(regex -> " and a body with '" + regex + "'").orElse("")
                    + WaitChecks.within(timeout);
        }
    }

    /**
     * The image's own health check.
     *
     * @param timeout as {@link Wait#timeout()}
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    record Healthcheck(Optional<Duration> timeout) implements Wait {

        /**
         * Checks the time.
         *
         * @param timeout as {@link Wait#timeout()}
         * @throws IllegalArgumentException if it is not positive
         */
        public Healthcheck {
            WaitChecks.timeout(timeout);
        }

        @Override
        public Healthcheck withTimeout(Duration limit) {
            return new Healthcheck(Optional.of(limit));
        }

        /** In words. */
        @Override
        public String toString() {
            return "the image's health check" + WaitChecks.within(timeout);
        }
    }

    /**
     * Several conditions together.
     *
     * @param waits at least one
     * @param timeout as {@link Wait#timeout()}
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    record All(List<Wait> waits, Optional<Duration> timeout) implements Wait {

        /**
         * Checks the values.
         *
         * @param waits the conditions, at least one
         * @param timeout as {@link Wait#timeout()}
         * @throws IllegalArgumentException if there is no condition, or the time is not positive
         */
        public All {
            waits = List.copyOf(waits);
            WaitChecks.notEmpty("all", waits);
            WaitChecks.timeout(timeout);
        }

        @Override
        public All withTimeout(Duration limit) {
            return new All(waits, Optional.of(limit));
        }

        /** In words. */
        @Override
        public String toString() {
            return waits.stream().map(Wait::toString).collect(Collectors.joining("; ", "all of (", ")"))
                    + WaitChecks.within(timeout);
        }
    }

    /**
     * One of several conditions.
     *
     * @param waits at least one
     * @param timeout as {@link Wait#timeout()}
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    record Any(List<Wait> waits, Optional<Duration> timeout) implements Wait {

        /**
         * Checks the values.
         *
         * @param waits the conditions, at least one
         * @param timeout as {@link Wait#timeout()}
         * @throws IllegalArgumentException if there is no condition, or the time is not positive
         */
        public Any {
            waits = List.copyOf(waits);
            WaitChecks.notEmpty("any", waits);
            WaitChecks.timeout(timeout);
        }

        @Override
        public Any withTimeout(Duration limit) {
            return new Any(waits, Optional.of(limit));
        }

        /** In words. */
        @Override
        public String toString() {
            return waits.stream().map(Wait::toString).collect(Collectors.joining("; ", "any of (", ")"))
                    + WaitChecks.within(timeout);
        }
    }
}
