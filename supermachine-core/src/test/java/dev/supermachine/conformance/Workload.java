package dev.supermachine.conformance;

import dev.supermachine.Image;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.Wait;
import dev.supermachine.image.TestImages;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * An entry of the list.
 *
 * @param name what it is
 * @param recipe the image, made by {@code bin/images}
 * @param memoryMib the memory of its machine
 * @param settings what else its bake needs, above all when it is ready
 * @param service how it is used
 * @param data where it keeps on its disk what was written; empty if only its memory has it
 */
record Workload(
        String name,
        String recipe,
        int memoryMib,
        UnaryOperator<OciImageBuilder> settings,
        Service service,
        Optional<String> data) {

    /** A JVM or a node of Erlang takes minutes to start in an emulated machine when others use the processors too. */
    private static final Duration PATIENCE = Duration.ofMinutes(8);

    /** Those first that are always tested, because their images are small or needed anyway. */
    private static final List<Workload> LIST = List.of(
            of("PostgreSQL", "debian-postgres", 256, listening(5432), new PostgresService())
                    .withData("/var/lib/postgresql"),
            of("Redis", "debian-redis", 128, listening(6379), LineService.redis())
                    .withData("/data"),
            of("nginx", "debian-nginx", 128, listening(80), new HttpService(80, "/index.html"))
                    .withData("/srv/data"),
            of("Mosquitto", "debian-mosquitto", 128, listening(1883), new MqttService()),
            of("memcached", "debian-memcached", 128, listening(11211), LineService.memcached()),
            of("MariaDB", "debian-mariadb", 256, listening(3306), new MariadbService())
                    .withData("/var/lib/mysql"),
            of("RabbitMQ", "debian-rabbitmq", 512, listening(5672, 61613), new StompService())
                    .withData("/var/lib/rabbitmq"),
            of("Tomcat", "debian-tomcat", 512, answering("/random.jsp"), new HttpService(8080, "/random.jsp"))
                    .withData("/srv/tomcat/webapps"),
            of("Node.js", "debian-node", 256, answering("/"), new HttpService(8080, "/")),
            of("Python", "debian-python", 256, answering("/"), new HttpService(8080, "/"))
                    .withData("/srv/data"),
            of("gcc", "debian-gcc", 512, UnaryOperator.identity(), new CompilerService())
                    .withData("/src"));

    /** The first ones of the list. */
    static List<Workload> chosen() {
        return LIST.subList(0, TestImages.count("workloads", 4));
    }

    /** The one made from that recipe, and nothing if it is not among the chosen. */
    static Stream<Workload> chosen(String recipe) {
        return chosen().stream().filter(workload -> workload.recipe.equals(recipe));
    }

    /** Bakes it, or finds it there. */
    Image image(Path store) {
        return builder(store).build();
    }

    /** The description of its bake, to be added to. */
    OciImageBuilder builder(Path store) {
        return settings.apply(Image.builder(TestImages.reference(recipe))
                .withName(recipe)
                .withSnapshotsDir(store)
                .withMemoryMib(memoryMib));
    }

    @Override
    public String toString() {
        return name;
    }

    private static Workload of(
            String name, String recipe, int memoryMib, UnaryOperator<OciImageBuilder> settings, Service service) {
        return new Workload(name, recipe, memoryMib, settings, service, Optional.empty());
    }

    private Workload withData(String directory) {
        return new Workload(name, recipe, memoryMib, settings, service, Optional.of(directory));
    }

    private static UnaryOperator<OciImageBuilder> listening(int... ports) {
        return builder -> builder.withGuestPort(ports[ports.length - 1])
                .withWait(Wait.forListener(ports).withTimeout(PATIENCE));
    }

    private static UnaryOperator<OciImageBuilder> answering(String path) {
        return builder ->
                builder.withGuestPort(8080).withWait(Wait.forHttp(path).withTimeout(PATIENCE));
    }
}
