package dev.supermachine.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.apiguardian.api.API;

/**
 * What must be seen before the machine of a {@link MicroVm} is captured: {@link dev.supermachine.Wait} as an annotation. Exactly one of {@link #listener()},
 * {@link #log()}, {@link #command()}, {@link #http()} and {@link #healthcheck()} is set; the other elements belong to one of them.
 *
 * <pre>{@code
 * @MicroVm(image = "postgres:16", port = 5432, waitFor = {
 *     @WaitFor(log = "ready to accept connections"),
 *     @WaitFor(command = {"pg_isready", "-q"}, timeout = "30 s")
 * })
 * }</pre>
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
@Documented
@Target({})
@Retention(RetentionPolicy.RUNTIME)
public @interface WaitFor {

    /**
     * Something listens on TCP ports.
     *
     * @return the guest's ports, all of which are awaited
     */
    int[] listener() default {};

    /**
     * A line of the workload's output matches.
     *
     * @return an expression as for {@link java.util.regex.Pattern}, found anywhere in a line
     */
    String log() default "";

    /**
     * How many lines match; with {@link #log()}.
     *
     * @return the number, at least 1
     */
    int times() default 1;

    /**
     * A command in the machine ends with an exit status.
     *
     * @return the command and its arguments
     */
    String[] command() default {};

    /**
     * The status that is awaited; with {@link #command()}.
     *
     * @return 0 … 255
     */
    int exitCode() default 0;

    /**
     * A GET request over plain HTTP is answered.
     *
     * @return the path, with the query if there is one
     */
    String http() default "";

    /**
     * The guest's port; with {@link #http()}.
     *
     * @return 1 … 65535; 0 for the first of {@link MicroVm#port()}, or 80 if it has none
     */
    int port() default 0;

    /**
     * The status of HTTP that is awaited; with {@link #http()}.
     *
     * @return 200 … 599
     */
    int status() default 200;

    /**
     * What the body is like; with {@link #http()}.
     *
     * @return an expression as for {@link java.util.regex.Pattern}, found anywhere in the body; empty if any will do
     */
    String body() default "";

    /**
     * The image's own {@code HEALTHCHECK} succeeds.
     *
     * @return true to wait for it
     */
    boolean healthcheck() default false;

    /**
     * How long it may take from the start of the workload.
     *
     * @return a duration in the form of settings, such as {@code 30 s}; empty for what is left of the setting {@code supermachine.bake.timeout}
     */
    String timeout() default "";
}
