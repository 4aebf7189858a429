import org.jspecify.annotations.NullMarked;

/** The JUnit extension. */
@NullMarked
module dev.supermachine.junit {
    requires transitive dev.supermachine.core;
    requires transitive org.junit.jupiter.api;
    requires org.slf4j;
    requires static transitive org.apiguardian.api;
    requires static transitive org.jspecify;
}
