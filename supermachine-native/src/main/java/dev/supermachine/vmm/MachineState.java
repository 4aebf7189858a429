package dev.supermachine.vmm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * All of a captured machine but its memory. Immutable: a machine that is brought back again and again reads the same bytes each time.
 *
 * @param shape the machine's; only the numbers are part of the file
 * @param core vCPUs and clock
 * @param devices what {@link Devices#save} made
 */
@SuppressWarnings("ArrayRecordComponent") // written once, never handed out but to be read
record MachineState(MachineShape shape, CoreState core, byte[] devices) {

    /** "SMVM" in ASCII, little-endian. */
    private static final int MAGIC = 0x4D56_4D53;

    /** Grows with each change of what follows; {@code docs/snapshot-format.md} has it. */
    static final int VERSION = 2;

    /** Some ten thousand bytes for each vCPU are usual. */
    private static final long BYTES_MOST = 16L << 20;

    /** Writes it into a new file that only its owner can read. */
    void write(Path file) throws IOException {
        StateWriter out = new StateWriter();
        out.putInt(MAGIC).putInt(VERSION);
        out.putInt(shape.memoryMib())
                .putInt(shape.vcpus())
                .putInt(shape.volumes().size());
        core.write(out);
        out.putBytes(devices);
        try (FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer bytes = ByteBuffer.wrap(out.toBytes());
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
    }

    /**
     * Reads it.
     *
     * @throws StateFormatException if it is not that of a machine of this shape
     */
    static MachineState read(Path file, MachineShape shape) throws IOException {
        if (Files.size(file) > BYTES_MOST) {
            throw new StateFormatException(
                    "Expected at most " + BYTES_MOST + " bytes in " + file + ", but found " + Files.size(file));
        }
        StateReader in = new StateReader(Files.readAllBytes(file));
        in.getInt("the first four bytes of a machine's state, as a number", MAGIC, MAGIC);
        in.getInt("a version", VERSION, VERSION);
        in.getInt("a memory in MiB", shape.memoryMib(), shape.memoryMib());
        in.getInt("a number of vCPUs", shape.vcpus(), shape.vcpus());
        in.getInt(
                "a number of disks to write to",
                shape.volumes().size(),
                shape.volumes().size());
        MachineState state = new MachineState(shape, CoreState.read(in), in.getBytes());
        in.expectEnd();
        return state;
    }
}
