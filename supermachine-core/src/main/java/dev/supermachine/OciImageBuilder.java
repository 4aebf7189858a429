package dev.supermachine;

import java.nio.file.Path;
import org.apiguardian.api.API;

/**
 * Describes a bake. Everything set here that changes what a test sees is part of a fingerprint: the same inputs find the same snapshot, a changed input makes
 * another one. A builder is used by one thread; setters check their argument at once, return the builder, and the last call wins unless said otherwise.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface OciImageBuilder {

    /** Memory of a machine unless set: {@value} MiB. */
    int DEFAULT_MEMORY_MIB = 256;

    /** Number of virtual CPUs of a machine unless set: {@value}. */
    int DEFAULT_VCPUS = 1;

    /** The most virtual CPUs a machine can have: {@value}. */
    int MAX_VCPUS = 8;

    /** The readiness port unless set: {@value}. */
    int DEFAULT_GUEST_PORT = 80;

    /**
     * The snapshot's name, which keeps several configurations of one image side by side.
     *
     * @param name letters, digits, {@code .}, {@code _} and {@code -}, at most 128, beginning with a letter or digit; unless set, made from the reference
     *     ({@code nginx:1.27-alpine} gives {@code nginx_1_27-alpine})
     * @return this
     * @throws IllegalArgumentException if the name has another form
     */
    OciImageBuilder withName(String name);

    /**
     * When the registry is asked.
     *
     * @param policy {@link PullPolicy#IF_MISSING} unless set
     * @return this
     */
    OciImageBuilder withPullPolicy(PullPolicy policy);

    /**
     * Memory of the machine, at the bake and in every restore.
     *
     * @param memoryMib MiB, 128 … 1048576; {@value #DEFAULT_MEMORY_MIB} unless set
     * @return this
     * @throws IllegalArgumentException if it is out of range
     */
    OciImageBuilder withMemoryMib(int memoryMib);

    /**
     * Number of virtual CPUs of the machine, at the bake and in every restore. More than the host has are allowed, with a warning in the log: they take turns.
     *
     * @param vcpus 1 … {@value #MAX_VCPUS}; {@value #DEFAULT_VCPUS} unless set
     * @return this
     * @throws IllegalArgumentException if it is out of range
     */
    OciImageBuilder withVcpus(int vcpus);

    /**
     * One more argument of the guest's kernel, behind the library's own and those given before, so that of two that contradict each other it is this one that
     * counts. For experts: some arguments keep a machine from booting, or from being captured. The guest's first program is in its initial file system, so that
     * it is {@code rdinit=} that names another, not {@code init=}.
     *
     * @param argument one token of printable ASCII characters, such as {@code quiet} or {@code panic_on_warn=1}, without quotation marks
     * @return this
     * @throws IllegalArgumentException if it is empty, or has white space, a quotation mark or anything else but printable ASCII, or if all of them together
     *     are longer than 1,500 characters
     */
    OciImageBuilder withExtraKernelArg(String argument);

    /**
     * Puts a file, a directory with all that is in it, or a symbolic link of this host over the image's files. Content, permissions and the target of a link are
     * the host's; the owner is root, and the time of the last change is 0 (1970), so that what counts for the fingerprint is content, permissions and targets
     * alone. May be called many times; the last call for a path wins, and a path comes after those above it, whatever the order of the calls.
     *
     * <p>Missing directories are made, with mode 0755. Directories that the image has keep their mode, and what is in them stays unless a file takes its
     * place. A file or link takes the place of a file or link of the image; it does not follow that link. Nothing takes the place of a directory, and a directory
     * takes the place of nothing but a directory. Nothing can lie in {@code /dev}, {@code /proc} and {@code /sys}, nor be {@code /etc/hostname}, {@code /etc/hosts} or
     * {@code /etc/resolv.conf}, which each machine has of its own. All this is found before a machine is booted, and is an {@link ImageException} of {@link #build()}.
     *
     * @param host what to take, read when the image is built; a symbolic link is taken as a link
     * @param guest where it goes, an absolute path without {@code .}, {@code ..}, empty names and a slash at its end; symbolic links of the image on the way are
     *     followed unless they lead out of its root
     * @return this
     * @throws IllegalArgumentException if the guest's path has another form
     */
    OciImageBuilder withExtraFile(Path host, String guest);

    /**
     * Gives the machine a writable disk with an ext4 file system, kept in a file of this host. May be called up to eight times.
     *
     * <p>The file is sparse. If it is missing, or has zeros only, the disk begins as an empty file system, whose directory has the owner and mode of the image's directory at
     * that path (root's, 0755, if there is none); else with what is in the file, which therefore counts for the fingerprint. It is mounted before the workload, and before a
     * capture without one; what the image has at that path is hidden.
     *
     * <p>What is written until the capture is put into the file for good, and the snapshot keeps a copy of its own. After that the file is never read by a machine: each
     * one sees the disk as it was captured, and what it writes is its own and goes when it is given back or reset. A second build with the same inputs finds the
     * snapshot, as long as the file is as the bake left it, is as it was before the bake, or was deleted and the bake had made it; in the last two cases what the bake
     * left is put into it again.
     *
     * @param volume the file, the path in the machine and the size
     * @return this
     * @throws IllegalArgumentException if it has no size, its path in the machine is not absolute, lies in {@code /dev}, {@code /proc} or {@code /sys}, is {@code /} or
     *     {@code /etc}, or is that of another volume, in or above it, if its file is another volume's, or if there are eight already
     */
    OciImageBuilder withVolume(VolumeSpec volume);

    /**
     * The port on which the image's service listens: meant by conditions that name no port, and mapped on every machine.
     *
     * @param port 1 … 65535; {@value #DEFAULT_GUEST_PORT} unless set
     * @return this
     * @throws IllegalArgumentException if it is out of range
     */
    OciImageBuilder withGuestPort(int port);

    /**
     * What runs in the machine, in place of the image's entrypoint and cmd together.
     *
     * @param argv the command and its arguments; the first is looked up in the guest's {@code PATH} if it has no slash
     * @return this
     * @throws IllegalArgumentException if it is empty, or a word has a NUL
     */
    OciImageBuilder withCmd(String... argv);

    /**
     * An environment variable of the workload and of every command, over the image's own. May be called many times.
     *
     * @param key the variable's name, without {@code =}
     * @param value its value; never written in clear to manifests, messages or logs
     * @return this
     * @throws IllegalArgumentException if the name is empty or has a {@code =}, or one of them has a NUL
     */
    OciImageBuilder withEnv(String key, String value);

    /**
     * Where snapshots are kept.
     *
     * @param directory created if missing; unless set, the setting {@code supermachine.snapshots.dir}
     * @return this
     */
    OciImageBuilder withSnapshotsDir(Path directory);

    /**
     * Captures only after the workload listens on the guest port, so that restores find the service ready: as {@link #withWait(Wait)} with
     * {@link Wait#forListener(int...)} without a port.
     *
     * @return this
     */
    OciImageBuilder withListenerRequired();

    /**
     * Captures only after the workload was started and a condition is met, so that restores find the service ready. Without any condition the capture is
     * taken just before the workload is executed, and every restore starts it.
     *
     * @param wait the condition, in place of one that was set before; {@link Wait#all(Wait...)} for several
     * @return this
     */
    OciImageBuilder withWait(Wait wait);

    /**
     * Runs code once with the machine that is baked, when it is ready, and captures what comes of it: every machine then begins with the files written, the tables
     * created and the caches of the guest warm. When there is a snapshot of the same inputs, it does not run.
     *
     * <p>With a warm-up the capture waits for the condition of {@link #withWait(Wait)}; without one, for a listener on the port of {@link #withGuestPort(int)}; if that
     * is not set either, for a listener on the TCP port that the image exposes ({@value #DEFAULT_GUEST_PORT} if there are several and it is one of them). An image that exposes
     * none has no service: the warm-up runs, and the capture is taken, before the workload is executed, and every machine starts it.
     *
     * <p>Its code is part of the fingerprint, with what it calls in its own source file and the values it has captured: a changed warm-up bakes anew. What it uses
     * beyond that, such as methods of other files or files of the host, is not seen; see {@link #withWarmupTag(String)}.
     *
     * <p>It has what is left of the setting {@code supermachine.bake.timeout}. What it leaves open, commands and connections, is ended when it returns; processes
     * that it has left in the background go on. Then the machine comes to rest and is captured. If it throws, nothing is stored.
     *
     * @param warmup what to run, in place of one that was set before
     * @return this
     */
    OciImageBuilder withWarmup(Warmup warmup);

    /**
     * What the warm-up is known by, in place of its code: as long as the tag is the same, the snapshot is taken for one of the same warm-up. For warm-ups whose code
     * cannot be identified, or that use what their code does not show.
     *
     * @param tag any text that is not blank, such as a version; changed whenever the warm-up is to run again
     * @return this
     * @throws IllegalArgumentException if it is blank
     */
    OciImageBuilder withWarmupTag(String tag);

    /**
     * Takes the image's bytes from an archive; the reference stays as a logical name. If there are several images in it, the one of that
     * name is taken, or else the one that has the reference's tag as its whole name.
     *
     * @param archive a tar in OCI layout or as {@code docker save} writes it, told apart by content
     * @return this
     */
    OciImageBuilder withOciArchive(Path archive);

    /**
     * Takes the image's bytes from an unpacked OCI layout; the reference stays as a logical name. If there are several images in it, the one of that
     * name is taken, or else the one that has the reference's tag as its whole name.
     *
     * @param directory the folder with {@code oci-layout} and {@code index.json}
     * @return this
     */
    OciImageBuilder withOciLayout(Path directory);

    /**
     * Which engine bakes and restores.
     *
     * @param id {@code kvm}, {@code qemu-kvm} or {@code qemu-tcg}; unless set, the setting {@code supermachine.engine}, else the best that is usable
     * @return this
     */
    OciImageBuilder withEngine(String id);

    /**
     * Bakes, or reuses the snapshot of an earlier bake with the same inputs. Of several builds at once with the same inputs, in this or other processes,
     * one bakes and the others wait for it.
     *
     * @return the image
     * @throws ImageException if the image cannot be had or flattened, or an extra file cannot be read or have its place
     * @throws EngineException if no engine is usable
     * @throws BakeException if the file of a volume cannot be used, is in use by another bake, or cannot be written, if the machine does not come to its ready state, or cannot be captured, if the warm-up fails (its exception is the cause), or if it
     *     has no tag and its code cannot be identified
     * @throws IllegalStateException if there is a tag for a warm-up without one
     * @throws AcquireException if there is not enough memory for it within the setting {@code supermachine.acquire.timeout}
     * @throws SnapshotException if the snapshot cannot be stored
     */
    Image build();
}
