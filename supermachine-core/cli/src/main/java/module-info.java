import org.jspecify.annotations.NullMarked;

/** The command line. */
@NullMarked
module dev.supermachine.cli {
    requires dev.supermachine.core;
    requires info.picocli;
    requires static org.jspecify;

    opens dev.supermachine.cli to
            info.picocli;
}
