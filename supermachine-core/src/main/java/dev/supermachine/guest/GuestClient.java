package dev.supermachine.guest;

import dev.supermachine.engine.Activation;
import dev.supermachine.engine.Channel;
import dev.supermachine.engine.Deadline;
import dev.supermachine.engine.Witness;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The host's end of the agent protocol (docs/agent-protocol.md): the life cycle of the guest's workload, and processes, files and connections as streams
 * over one channel.
 *
 * <p>All methods may be called from any thread. The guest is not trusted: a frame that breaks a rule, like the end of the channel, ends this client with a
 * {@link dev.supermachine.MachineException} that carries the console's tail; everybody who waits gets it, and everybody who calls later. Nothing that the
 * guest sends is kept beyond a window per stream, so output that nobody reads stops its own process and nothing else; what methods collect for their callers is
 * bounded.
 *
 * <p>Every method that talks to the guest throws {@link dev.supermachine.MachineException} if the guest refuses, does not answer in time, or the client has
 * ended, and if the calling thread is interrupted (which stays interrupted).
 *
 * @since 0.1
 */
public final class GuestClient implements AutoCloseable {

    /** How many bytes of one subchannel are kept until they are read. */
    public static final int DEFAULT_WINDOW = 256 * 1024;

    /** The mode of a file that is written: what it has, or 0644 if it is new. */
    public static final int KEEP_MODE = -1;

    /** How long a guest may take to open a stream or to answer a question about a file. */
    static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(60);

    private final AgentLink link;
    private final LifeCycle life;
    private final StreamCalls calls;
    private final WorkloadLog log;
    private final GuestFiles files;

    /**
     * A client for a machine that boots: the first call is {@link #awaitHello(Duration)}.
     *
     * @param channel to the agent; closed with this client
     * @param machineName for messages
     * @param witness tells what became of the machine, for messages
     */
    public GuestClient(Channel channel, String machineName, Witness witness) {
        this(channel, machineName, witness, true);
    }

    private GuestClient(Channel channel, String machineName, Witness witness, boolean booted) {
        this.link = new AgentLink(channel, machineName, witness);
        ControlCalls control = new ControlCalls(link, booted);
        Streams streams = new Streams(link, DEFAULT_WINDOW);
        this.calls = new StreamCalls(link, streams);
        this.log = new WorkloadLog(link, streams);
        this.life = new LifeCycle(link, control, streams, log);
        this.files = new GuestFiles(link, streams);
        if (!booted) {
            streams.close("the machine is parked until it is resumed", Deadline.in(Duration.ZERO));
        }
        link.onDown(reason -> {
            streams.end();
            streams.failAll(() -> GuestErrors.again(reason));
            control.fail(reason);
        });
        Thread reader =
                new Thread(new FrameReceiver(channel, link, control, streams), "supermachine-guest-" + machineName);
        reader.setDaemon(true);
        reader.start();
    }

    /**
     * A client for a machine that was restored from a snapshot: its agent is parked, and the first call is {@link #resume(Activation, Duration)}.
     *
     * @param channel to the agent; closed with this client
     * @param machineName for messages
     * @param witness tells what became of the machine, for messages
     * @return the client
     */
    public static GuestClient restored(Channel channel, String machineName, Witness witness) {
        return new GuestClient(channel, machineName, witness, false);
    }

    /**
     * A client that goes on where another one, of another process, has left off.
     *
     * @param channel to the agent; closed with this client
     * @param machineName for messages
     * @param witness tells what became of the machine, for messages
     * @param position what {@link #handOver(Duration)} returned
     * @return the client
     */
    public static GuestClient adopted(Channel channel, String machineName, Witness witness, Position position) {
        GuestClient client = restored(channel, machineName, witness);
        client.life.takeOver(position);
        return client;
    }

    /**
     * Where the next client of the same machine has to go on.
     *
     * @param epoch the run that the machine is in
     * @param lastStream the last number that a stream has had
     * @since 0.1
     */
    public record Position(int epoch, int lastStream) {}

    // The life of the machine, in its order.

    /**
     * Waits until the guest's root file system is in place, and acknowledges.
     *
     * @param timeout how long to wait
     * @return what the agent says of itself
     */
    public Hello awaitHello(Duration timeout) {
        return life.awaitHello(timeout);
    }

    /**
     * Tells the guest what its workload is. Once, before {@link #start(Duration)}.
     *
     * @param workload what to run and how
     * @param timeout how long to wait for the answer
     * @throws IllegalArgumentException if the workload does not fit a request of 65536 bytes, or a text of it cannot be passed on
     */
    public void configure(WorkloadSpec workload, Duration timeout) {
        life.configure(workload, timeout);
    }

    /**
     * Starts the workload. At most once in the life of a machine, captures and restores included.
     *
     * @param timeout how long to wait until it is executed
     * @return its process id in the guest
     */
    public int start(Duration timeout) {
        return life.start(timeout);
    }

    /**
     * Freezes every process of the guest but the agent, for a capture. No stream may be open. After it only {@link #resume(Activation, Duration)} is
     * possible.
     *
     * @param timeout how long to wait
     */
    public void freeze(Duration timeout) {
        life.freeze(timeout);
    }

    /**
     * Goes the way of {@link #resume(Activation, Duration)} with a guest that stays parked, so that its code and ours have been run once when it counts:
     * what runs first is slow, above all under emulation. The guest takes nothing from it beyond the resume that follows. Only between a restore and that.
     *
     * @param activation what a resume might carry; its epoch is not entered
     * @param timeout how long to wait for the answer
     */
    public void rehearse(Activation activation, Duration timeout) {
        life.rehearse(activation, timeout);
    }

    /**
     * Lets a parked guest run, in a new epoch: with fresh entropy, the wall clock read at the moment of sending, a host name and an environment of its own.
     * Streams of the older epoch fail.
     *
     * @param activation what distinguishes this run; its epoch is greater than the one before
     * @param timeout how long to wait until the guest runs
     */
    public void resume(Activation activation, Duration timeout) {
        life.resume(activation, timeout);
    }

    /**
     * As {@link #resume(Activation, Duration)}, but no process of the guest runs yet: until {@link #thaw(Duration)}, only files can be written.
     *
     * @param activation what distinguishes this run; its epoch is greater than the one before
     * @param timeout how long to wait for the answer
     */
    public void resumeHeld(Activation activation, Duration timeout) {
        life.resumeHeld(activation, timeout);
    }

    /**
     * Lets the processes of a guest run that was resumed and held.
     *
     * @param timeout how long to wait for the answer
     */
    public void thaw(Duration timeout) {
        life.thaw(timeout);
    }

    /**
     * Prepares for another client: ends every stream, lets none be opened any more, and waits until nothing is on its way in either direction. After it, this
     * client is only to be closed.
     *
     * @param timeout how long to wait for the guest
     * @return where the other client begins
     */
    public Position handOver(Duration timeout) {
        return life.handOver(timeout);
    }

    /**
     * How the workload ends. Dependent actions do not run on the thread that reads from the guest.
     *
     * @return completes when the workload has ended; fails when this client ends first
     */
    public CompletableFuture<WorkloadExit> workloadExit() {
        return life.workloadExit();
    }

    /**
     * Sends a signal to the workload's process group; without effect if it has ended. Does not wait.
     *
     * @param signal its number
     */
    public void signalWorkload(int signal) {
        life.signalWorkload(signal);
    }

    /**
     * Asks the agent for a sign of life.
     *
     * @param timeout how long to wait for it
     */
    public void ping(Duration timeout) {
        life.ping(timeout);
    }

    // Streams.

    /**
     * Executes a command. Its output has to be read: what exceeds {@link #DEFAULT_WINDOW} unread stops it until somebody reads, or closes the stream.
     *
     * @param request what to execute
     * @return the process, running
     * @throws IllegalArgumentException if the request is too large or holds what cannot be passed on
     */
    public GuestProcess exec(ExecRequest request) {
        return calls.exec(request);
    }

    /**
     * Connects to a TCP port of the guest, over its loopback or its interface.
     *
     * @param port 1 … 65535
     * @return the connection
     */
    public GuestConnection connect(int port) {
        return connect(port, ANSWER_TIMEOUT);
    }

    /**
     * As {@link #connect(int)}, with a time of its own.
     *
     * @param port 1 … 65535
     * @param timeout how long the guest may take
     * @return the connection
     */
    public GuestConnection connect(int port, Duration timeout) {
        return calls.connect(port, timeout);
    }

    /**
     * Watches for listeners on some TCP ports. Nothing is connected to.
     *
     * @param ports 1 … 65535 each
     * @param timeout how long the guest watches
     * @return the watch; to be closed
     */
    public ListenWatch watchListeners(List<Integer> ports, Duration timeout) {
        return calls.watch(ports, timeout, Duration.ZERO);
    }

    /**
     * Waits until something listens on all of some TCP ports, and then until the workload comes to rest. Nothing is connected to.
     *
     * @param ports 1 … 65535 each
     * @param timeout how long the guest waits for the listeners
     * @param settle how long it waits for rest after that, at most; zero not to wait
     * @return what came first
     */
    public ListenState awaitListeners(List<Integer> ports, Duration timeout, Duration settle) {
        try (ListenWatch watch = calls.watch(ports, timeout, settle)) {
            return watch.await(timeout.plus(settle).plus(ANSWER_TIMEOUT));
        }
    }

    /**
     * Waits until the workload comes to rest: until it has used hardly any processor time for a while.
     *
     * @param atMost how long the guest waits for that; it is no error if it does not come
     */
    public void awaitRest(Duration atMost) {
        // Listeners on no port at all are there at once.
        awaitListeners(List.of(), Duration.ZERO, atMost);
    }

    /**
     * The workload's output from the oldest byte that the guest has kept.
     *
     * @param follow whether to go on with what it writes from now on, until it ends
     * @return the output; to be closed
     */
    public GuestLog logs(boolean follow) {
        return log.open(follow);
    }

    /**
     * The workload's output from the latest resume on, and on until it ends; all of it if the guest was not restored.
     *
     * @return the output; to be closed
     */
    public GuestLog logsOfRun() {
        return log.openRun();
    }

    /**
     * What the workload has written so far to both of its outputs, as far as the guest has kept it: the last MiB, also if a guest sends more.
     *
     * @return the text in order of writing; bytes that are no UTF-8 are replaced
     */
    public String logText() {
        return logText(ANSWER_TIMEOUT);
    }

    String logText(Duration timeout) {
        return log.text(timeout);
    }

    /**
     * Keeps the latest part of the workload's output from now on, so that messages have it when the guest is gone. Does not wait for the guest; takes one
     * stream until the workload has ended or {@link #freeze(Duration)} is called.
     */
    public void followLog() {
        log.follow();
    }

    /**
     * What is known of the guest, for messages about it: the ends of the workload's output and of the console. The guest is asked for the former; if it does
     * not answer, this is what was followed.
     *
     * @return a part of a message that begins with a line feed
     */
    public String evidence() {
        return log.evidence();
    }

    /**
     * The content of a file.
     *
     * @param path absolute
     * @param limit the most bytes it may have
     * @return all of it
     */
    public byte[] readFile(String path, int limit) {
        return files.read(path, limit);
    }

    /**
     * The content of a file, as a stream.
     *
     * @param path absolute
     * @return the content; closing it early is fine. Its failures are IOExceptions, with the machine's exception as cause
     */
    public InputStream openFile(String path) {
        return files.open(path);
    }

    /**
     * Writes a file, making missing parents; what was there is replaced.
     *
     * @param path absolute
     * @param content the new content
     * @param mode permissions, or {@link #KEEP_MODE}
     * @param owner who owns it
     */
    public void writeFile(String path, byte[] content, int mode, FileOwner owner) {
        writeFile(path, new ByteArrayInputStream(content), mode, owner);
    }

    /**
     * Writes a file, making missing parents; what was there is replaced.
     *
     * @param path absolute
     * @param content the new content, read to its end and not closed
     * @param mode permissions, or {@link #KEEP_MODE}
     * @param owner who owns it
     */
    public void writeFile(String path, InputStream content, int mode, FileOwner owner) {
        files.write(path, content, mode, owner);
    }

    /**
     * What the guest knows of a file; a symbolic link is not followed.
     *
     * @param path absolute
     * @return empty if there is none
     */
    public Optional<FileStat> stat(String path) {
        return files.stat(path);
    }

    /**
     * A tar of a file or of a directory's content.
     *
     * @param path absolute
     * @return the archive; closing it early is fine
     */
    public InputStream tarOut(String path) {
        return files.tarOut(path);
    }

    /**
     * Unpacks a tar in the guest.
     *
     * @param path the directory, made with its parents if missing
     * @param tar the archive, read to its end and not closed
     * @return how many entries were unpacked
     */
    public long tarIn(String path, InputStream tar) {
        return files.tarIn(path, tar);
    }

    /**
     * Ends every stream that is open: commands are killed, connections reset, and who waits for one of them gets an exception. New ones may be opened.
     */
    public void endStreams() {
        life.endStreams();
    }

    /**
     * Whether this client has ended because of the guest or its channel.
     *
     * @return false as long as it has not ended, and if {@link #close()} has ended it
     */
    public boolean hasFailed() {
        return link.hasFailed();
    }

    /** Ends the client and its channel; everybody who waits is told. Further calls do nothing. */
    @Override
    public void close() {
        close("the connection to its agent was closed here");
    }

    /**
     * As {@link #close()}, with a reason for those who wait or call later.
     *
     * @param because what has happened, as a sentence about the machine without its end
     */
    public void close(String because) {
        link.close(because);
    }

    AgentLink link() {
        return link;
    }

    GuestFiles files() {
        return files;
    }
}
