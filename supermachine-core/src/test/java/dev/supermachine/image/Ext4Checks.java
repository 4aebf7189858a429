package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** What the tools of e2fsprogs say of a file with a file system. */
public final class Ext4Checks {

    private Ext4Checks() {}

    /** The file system is without faults, and its journal is empty. */
    public static void assertClean(Path file) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("/sbin/e2fsck", "-f", "-n", file.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).doesNotContain("recover");
    }

    /** What the superblock and the journal say of themselves. */
    public static String superblock(Path file) throws IOException, InterruptedException {
        return output("/sbin/dumpe2fs", "-h", file.toString());
    }

    /** What is in a file of it. */
    public static String content(Path file, String path) throws IOException, InterruptedException {
        return output("/sbin/debugfs", "-R", "cat " + path, file.toString());
    }

    private static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        return output;
    }
}
