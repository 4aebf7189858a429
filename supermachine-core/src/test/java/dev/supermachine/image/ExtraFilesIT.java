package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.Image;
import dev.supermachine.ImageException;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.testing.MachineProcesses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of this host in real machines. Each test has a store of its own. */
class ExtraFilesIT {

    @TempDir
    private Path directory;

    private Path host;
    private Path store;

    @BeforeEach
    void makeDirectories() throws IOException {
        host = Files.createDirectory(directory.resolve("host"));
        store = directory.resolve("snapshots");
    }

    @Test
    @Tag("smoke")
    void theyAreThereInEveryMachineBeforeTheWorkloadRuns() throws IOException {
        Path script = Files.writeString(host.resolve("serve"), "#!/bin/sh\nexec httpd -f -p 8080 -h /srv/site\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-x--x"));
        Path site = Files.createDirectory(host.resolve("site"));
        Files.writeString(Files.createDirectory(site.resolve("pages")).resolve("index.html"), "from the host");
        Files.createSymbolicLink(site.resolve("start.html"), Path.of("pages/index.html"));
        Path link = Files.createSymbolicLink(host.resolve("link"), Path.of("/usr/local/bin/serve"));

        Image image = builder()
                .withExtraFile(script, "/usr/local/bin/serve")
                .withExtraFile(site, "/srv/site")
                .withExtraFile(link, "/start")
                .withCmd("/start")
                .withGuestPort(8080)
                .withListenerRequired()
                .build();

        for (int machine = 0; machine < 2; machine++) {
            try (Vm vm = image.start(VmConfig.defaults())) {
                assertThat(vm.exec("wget", "-q", "-O", "-", "http://127.0.0.1:8080/start.html")
                                .stdoutText())
                        .isEqualTo("from the host");
                assertThat(vm.exec("stat", "-c", "%a %u:%g %Y %F", "/usr/local/bin/serve", "/srv/site/pages")
                                .stdoutText())
                        .isEqualTo("751 0:0 0 regular file\n755 0:0 0 directory\n");
                assertThat(vm.exec("readlink", "/start").stdoutText()).isEqualTo("/usr/local/bin/serve\n");
                assertThat(vm.exec("readlink", "/srv/site/start.html").stdoutText())
                        .isEqualTo("pages/index.html\n");
                // The next machine has it again.
                assertThat(vm.exec("rm", "-r", "/srv/site").success()).isTrue();
            }
        }
    }

    @Test
    void aChangedByteBakesAnewAndAChangedTimeDoesNot() throws IOException {
        Path file = Files.writeString(host.resolve("file"), "one");
        Image first = withFile(file);
        assertThat(first.origin().baked()).isTrue();

        Files.setLastModifiedTime(file, FileTime.fromMillis(1));
        Image same = withFile(file);
        assertThat(same.origin().baked()).isFalse();
        assertThat(same.origin().snapshot()).isEqualTo(first.origin().snapshot());

        Files.writeString(file, "two");
        Image second = withFile(file);
        assertThat(second.origin().baked()).isTrue();

        assertThat(content(first)).isEqualTo("one");
        assertThat(content(second)).isEqualTo("two");
    }

    @Test
    void whatCannotHaveItsPlaceIsToldBeforeAnythingBoots() throws IOException, InterruptedException {
        Path file = Files.writeString(host.resolve("file"), "x");
        refused(file, "/etc", "there is a directory in the image");
        refused(file, "/bin/busybox/x", "\"/bin/busybox\" is not a directory in the image");
        refused(host.resolve("missing"), "/file", "there is no such file");
        Path pipe = host.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        refused(host, "/all", "it is a pipe, and only files, directories and symbolic links can be");
    }

    private void refused(Path file, String guest, String why) throws IOException {
        assertThatThrownBy(() -> builder().withExtraFile(file, guest).build())
                .isInstanceOf(ImageException.class)
                .hasMessageStartingWith("The extra file " + host)
                .hasMessageContaining(why);
        assertThat(MachineProcesses.naming(store)).isEmpty();
        if (Files.exists(store)) {
            try (Stream<Path> files = Files.walk(store)) {
                List<Path> left = files.filter(path -> path.endsWith("machine") || path.endsWith("root.erofs"))
                        .toList();
                assertThat(left).isEmpty();
            }
        }
    }

    private Image withFile(Path file) {
        return builder()
                .withExtraFile(file, "/data/file")
                .withCmd("sleep", "1000000")
                .build();
    }

    private static String content(Image image) {
        try (Vm vm = image.start(VmConfig.defaults())) {
            return vm.exec("cat", "/data/file").stdoutText();
        }
    }

    private OciImageBuilder builder() {
        return Image.builder(TestImages.reference("debian-busybox"))
                .withSnapshotsDir(store)
                .withName("extra");
    }
}
