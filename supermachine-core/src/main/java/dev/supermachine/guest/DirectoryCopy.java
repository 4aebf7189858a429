package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.tar.TarWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributes;

/**
 * Whole directories between this host and a guest, as a tar that streams: files, directories and symbolic links, with permissions and times.
 *
 * @since 0.1
 */
public final class DirectoryCopy {

    private DirectoryCopy() {}

    /**
     * Copies a directory's content into the guest. Symbolic links are copied as links, sockets and devices are left out; of hard links each name becomes a
     * file of its own.
     *
     * @param from a directory of this host
     * @param guest to where
     * @param to a directory in the guest, made with its parents if missing; what is there and has no counterpart stays
     * @param owner to whom everything belongs in the guest; {@link FileOwner#UNCHANGED} means root
     * @return how many entries were copied
     * @throws IOException if the directory cannot be read
     * @throws MachineException if the guest fails or refuses
     */
    public static long intoGuest(Path from, GuestClient guest, String to, FileOwner owner) throws IOException {
        FileOwner given = new FileOwner(orRoot(owner.uid()), orRoot(owner.gid()));
        try (GuestFiles.Upload upload = guest.files().tarIn(to)) {
            try {
                TarWriter tar = new TarWriter(upload.out());
                Files.walkFileTree(from, new Archiver(from, tar, given));
                tar.end();
                return upload.finish();
            } catch (IOException e) {
                if (e.getCause() instanceof MachineException machine) {
                    throw GuestErrors.again(machine);
                }
                throw e;
            }
        }
    }

    /**
     * Copies a directory's content, or one file, out of the guest. Nothing is written outside the target, whatever the guest says: names that lead out of
     * it are refused, and links on the way are not followed. Symbolic links are copied as they are and may point anywhere; devices, pipes and sockets are
     * left out; everything belongs to the user of this process.
     *
     * @param guest from where
     * @param from an absolute path in the guest
     * @param to a directory of this host, made if missing
     * @param maxBytes how much the guest may send at most
     * @return how many entries were copied
     * @throws IOException if this host cannot write
     * @throws MachineException if the guest fails, refuses, or sends what cannot be unpacked
     */
    public static long outOfGuest(GuestClient guest, String from, Path to, long maxBytes) throws IOException {
        String subject = "The tar of " + from + " out of the guest";
        ConfinedExtractor extractor = new ConfinedExtractor(to, subject);
        return extractor.extract(guest.tarOut(from), maxBytes);
    }

    private static long orRoot(long id) {
        return id == FileOwner.UNCHANGED ? 0 : id;
    }

    /** Writes what it visits. Links are visited as links. */
    private static final class Archiver extends SimpleFileVisitor<Path> {

        private final Path top;
        private final TarWriter tar;
        private final FileOwner owner;

        private Archiver(Path top, TarWriter tar, FileOwner owner) {
            this.top = top;
            this.tar = tar;
            this.owner = owner;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) throws IOException {
            if (!directory.equals(top)) {
                tar.directory(meta(directory));
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            if (attributes.isSymbolicLink()) {
                tar.symbolicLink(meta(file), Files.readSymbolicLink(file).toString());
            } else if (attributes.isRegularFile()) {
                try (InputStream content = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
                    tar.file(meta(file), attributes.size(), content);
                }
            }
            return FileVisitResult.CONTINUE;
        }

        private TarWriter.Meta meta(Path path) throws IOException {
            PosixFileAttributes attributes =
                    Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return new TarWriter.Meta(
                    top.relativize(path).toString(),
                    PosixMode.bits(attributes.permissions()),
                    owner.uid(),
                    owner.gid(),
                    attributes.lastModifiedTime().toInstant());
        }
    }
}
