package dev.supermachine.junit;

import dev.supermachine.OciImageBuilder;
import dev.supermachine.Warmup;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.apiguardian.api.API;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives every test method of a class its own machine of an image, as a parameter of type {@link dev.supermachine.Vm}.
 *
 * <pre>{@code
 * @MicroVm(image = "postgres:16", port = 5432, memoryMib = 512)
 * class OrdersTest {
 *     @Test
 *     void startsEmpty(Vm vm) {
 *         String url = "jdbc:postgresql://" + vm.host() + ":" + vm.mappedPort(5432) + "/postgres";
 *     }
 * }
 * }</pre>
 *
 * <h2>Creation</h2>
 *
 * The image is baked when the first test asks for a machine, and only if there is no snapshot with the same inputs yet. Machines come from a pool that all
 * tests with equal annotations share.
 *
 * <h2>Scope</h2>
 *
 * The parameter may stand on test methods, {@code @BeforeEach} and {@code @AfterEach} methods; all of them see the same machine for one test method, or one
 * invocation of a repeated or parameterized one. There is none in {@code @BeforeAll} and {@code @AfterAll}. Tests may run in parallel. The annotation is
 * inherited from superclasses, and applies to {@code @Nested} classes that have none of their own.
 *
 * <h2>Clean up</h2>
 *
 * The machine ends after the last {@code @AfterEach} method, and with it everything the test did to it. The pool ends with the launcher session.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(MicroVmExtension.class)
public @interface MicroVm {

    /**
     * The image.
     *
     * @return a reference in Docker's grammar, {@code oci-layout:PATH} or {@code oci-archive:PATH}
     */
    String image();

    /**
     * The guest's TCP ports. The first stands for the service: unless {@link #waitFor()} says otherwise, the snapshot is taken when something listens on it.
     *
     * @return ports; without any, and without {@link #waitFor()}, the snapshot is taken just before the workload is executed, and every machine starts it
     */
    int[] port() default {};

    /**
     * What must be seen before the snapshot is taken, in place of a listener on the first port.
     *
     * @return conditions, all of which are awaited
     */
    WaitFor[] waitFor() default {};

    /**
     * Memory of the machine.
     *
     * @return MiB
     */
    int memoryMib() default OciImageBuilder.DEFAULT_MEMORY_MIB;

    /**
     * Number of virtual CPUs of the machine.
     *
     * @return 1 … {@value OciImageBuilder#MAX_VCPUS}
     */
    int vcpus() default OciImageBuilder.DEFAULT_VCPUS;

    /**
     * Environment variables over the image's own.
     *
     * @return each as {@code NAME=value}
     */
    String[] env() default {};

    /**
     * What runs in the machine, in place of the image's entrypoint and cmd together.
     *
     * @return the command and its arguments; empty to keep the image's
     */
    String[] cmd() default {};

    /**
     * Files, directories and symbolic links of this host over the image's files.
     *
     * @return each as {@code HOST:GUEST}, as for {@link OciImageBuilder#withExtraFile}: a path of this host, which begins at the JVM's working directory if it is
     *     relative, and an absolute path in the machine
     */
    String[] extraFiles() default {};

    /**
     * Writable disks of the machine, kept in files of this host.
     *
     * @return each as {@code HOST:GUEST:SIZE}, as for {@link OciImageBuilder#withVolume}: a path of this host, which begins at the JVM's working directory if it is relative,
     *     an absolute path in the machine, and the size in bytes or with a unit of 1,024, such as {@code 64M} or {@code 2G}
     */
    String[] volumes() default {};

    /**
     * Further arguments of the guest's kernel.
     *
     * @return one token each, as for {@link OciImageBuilder#withExtraKernelArg}
     */
    String[] kernelArgs() default {};

    /**
     * What is done once with the machine before the snapshot is taken; see {@link OciImageBuilder#withWarmup(Warmup)}.
     *
     * @return a class with a constructor without parameters, of whatever visibility; {@link Warmup} itself for nothing
     */
    Class<? extends Warmup> warmup() default Warmup.class;

    /**
     * What the warm-up is known by, in place of its code; see {@link OciImageBuilder#withWarmupTag(String)}.
     *
     * @return a tag; empty for the code
     */
    String warmupTag() default "";

    /**
     * The snapshot's name.
     *
     * @return a name as for {@link OciImageBuilder#withName(String)}; empty for one made from the image
     */
    String name() default "";

    /**
     * Which engine runs the machines.
     *
     * @return an engine's id; empty for the setting {@code supermachine.engine}, else the best that is usable
     */
    String engine() default "";

    /**
     * What happens where no engine is usable.
     *
     * @return true to skip the tests with the reason; false to fail them with it
     */
    boolean disabledWithoutEngine() default false;
}
