package dev.supermachine.vmm;

import dev.supermachine.vmm.ElfFile.Segment;
import dev.supermachine.vmm.MachineLayout.Range;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Loads a kernel that is entered by Xen's PVH protocol (Xen, docs/misc/pvh.pandoc, and include/public/arch-x86/hvm/start_info.h): an ELF file with a note that
 * gives an entry point for a processor in 32-bit protected mode with flat segments and without paging, EBX holding the address of the start information.
 *
 * @param entry the physical address to start at
 * @param startInfo what EBX is to hold
 */
record PvhKernel(int entry, int startInfo) {

    private static final long MAGIC = 0x336EC578;
    private static final int START_INFO = 56;
    private static final int MODULE = 32;
    private static final int MAP_ENTRY = 24;

    /** XEN_ELFNOTE_PHYS32_ENTRY of the vendor "Xen". */
    private static final int ENTRY_NOTE = 18;

    private static final int XEN = 'X' | ('e' << 8) | ('n' << 16);
    private static final int NOTES_MOST = 1 << 20;

    /**
     * Puts a kernel, its initial root file system and what it is told into memory, which must be that of {@link MachineLayout#memory} and all zero.
     *
     * @param memory the guest's
     * @param mib how much that is
     * @param kernel an uncompressed ELF file
     * @param initrd an archive, which is taken as it is
     * @param commandLine the kernel's
     * @return where it starts
     * @throws KernelFormatException if the kernel is none that could be booted here
     * @throws IllegalArgumentException if the memory is too small, or the command line too long
     * @throws IOException if a file cannot be read
     */
    static PvhKernel load(GuestMemory memory, int mib, Path kernel, Path initrd, String commandLine)
            throws IOException {
        byte[] arguments = commandLine.getBytes(StandardCharsets.UTF_8);
        if (arguments.length > MachineLayout.COMMAND_LINE_MOST) {
            throw new IllegalArgumentException("Expected kernel arguments of at most " + MachineLayout.COMMAND_LINE_MOST
                    + " bytes, but got " + arguments.length + ": " + commandLine);
        }
        Range low = MachineLayout.memory(mib).get(0);
        long kernelEnd;
        int entry;
        try (FileChannel channel = FileChannel.open(kernel, StandardOpenOption.READ)) {
            ElfFile elf = ElfFile.read(kernel, channel);
            kernelEnd = load(memory, low, elf, channel);
            entry = entry(elf, channel);
        }
        long initrdAddress;
        long initrdLength;
        try (FileChannel channel = FileChannel.open(initrd, StandardOpenOption.READ)) {
            initrdLength = channel.size();
            initrdAddress = (low.end() - initrdLength) & -MachineLayout.PAGE;
            if (initrdAddress < kernelEnd) {
                throw new IllegalArgumentException("The kernel and the initial root file system " + initrd + " of "
                        + initrdLength + " bytes do not fit into a memory of " + mib + " MiB");
            }
            copy(memory, channel, 0, initrdAddress, initrdLength);
        }
        memory.write(MachineLayout.COMMAND_LINE, ByteBuffer.wrap(arguments));
        memory.putByte(MachineLayout.COMMAND_LINE + arguments.length, 0);
        writeStartInfo(memory, MachineLayout.map(mib), initrdAddress, initrdLength);
        return new PvhKernel(entry, (int) MachineLayout.START_INFO);
    }

    /** Copies the segments, and gives the address after the last. */
    private static long load(GuestMemory memory, Range low, ElfFile elf, FileChannel channel) throws IOException {
        long end = MachineLayout.EXTENDED;
        for (Segment segment : elf.loads()) {
            if (segment.address() < MachineLayout.EXTENDED) {
                throw new KernelFormatException(elf.path() + " wants to be loaded at 0x"
                        + Long.toHexString(segment.address()) + ", where no kernel can be");
            }
            if (segment.end() > low.end()) {
                throw new IllegalArgumentException("The kernel " + elf.path() + " reaches up to 0x"
                        + Long.toHexString(segment.end()) + ", beyond the memory of " + (low.length() >> 20) + " MiB");
            }
            copy(memory, channel, segment.offset(), segment.address(), segment.fileLength());
            end = Math.max(end, segment.end());
        }
        return end;
    }

    private static void copy(GuestMemory memory, FileChannel channel, long offset, long address, long length)
            throws IOException {
        long done = 0;
        while (done < length) {
            ByteBuffer piece = memory.slice(address + done, (int) Math.min(length - done, 1 << 30));
            int size = piece.remaining();
            ElfFile.readFully(channel, offset + done, piece);
            done += size;
        }
    }

    private static int entry(ElfFile elf, FileChannel channel) throws IOException {
        for (Segment segment : elf.notes()) {
            ByteBuffer notes =
                    ElfFile.readFully(channel, segment.offset(), (int) Math.min(segment.fileLength(), NOTES_MOST));
            while (notes.remaining() >= 12) {
                int nameLength = notes.getInt();
                int valueLength = notes.getInt();
                int type = notes.getInt();
                int name = notes.position();
                long value = name + padded(nameLength);
                long next = value + padded(valueLength);
                if (next > notes.limit()) {
                    break;
                }
                if (type == ENTRY_NOTE && nameLength == 4 && notes.getInt(name) == XEN && valueLength >= 4) {
                    return checkEntry(elf, valueLength >= 8 ? notes.getLong((int) value) : notes.getInt((int) value));
                }
                notes.position((int) next);
            }
        }
        throw new KernelFormatException(
                elf.path() + " cannot be booted: it has no entry point for PVH (a kernel with CONFIG_PVH has one)");
    }

    private static long padded(int length) {
        return (Integer.toUnsignedLong(length) + 3) & ~3;
    }

    private static int checkEntry(ElfFile elf, long entry) {
        for (Segment segment : elf.loads()) {
            if (entry >= segment.address() && entry < segment.address() + segment.fileLength()) {
                return (int) entry; // below the end of low memory
            }
        }
        throw new KernelFormatException(elf.path() + " is cut or damaged: its entry point 0x" + Long.toHexString(entry)
                + " is not in what is loaded");
    }

    private static void writeStartInfo(GuestMemory memory, List<Range> map, long initrd, long initrdLength) {
        long info = MachineLayout.START_INFO;
        long module = info + START_INFO;
        long entries = module + MODULE;
        memory.putInt(info, (int) MAGIC);
        memory.putInt(info + 4, 1); // the version, which has a memory map
        memory.putInt(info + 8, 0);
        memory.putInt(info + 12, 1); // modules
        memory.putLong(info + 16, module);
        memory.putLong(info + 24, MachineLayout.COMMAND_LINE);
        memory.putLong(info + 32, MachineLayout.ACPI_TABLES);
        memory.putLong(info + 40, entries);
        memory.putInt(info + 48, map.size());
        memory.putInt(info + 52, 0);
        memory.putLong(module, initrd);
        memory.putLong(module + 8, initrdLength);
        memory.putLong(module + 16, 0); // its command line
        memory.putLong(module + 24, 0);
        for (int i = 0; i < map.size(); i++) {
            long at = entries + (long) i * MAP_ENTRY;
            memory.putLong(at, map.get(i).address());
            memory.putLong(at + 8, map.get(i).length());
            memory.putInt(at + 16, map.get(i).kind().number());
            memory.putInt(at + 20, 0);
        }
    }
}
