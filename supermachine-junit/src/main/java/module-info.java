import org.jspecify.annotations.NullMarked;

/** A machine for every test method, as a JUnit 5 extension. */
@NullMarked
module dev.supermachine.junit {
    requires transitive dev.supermachine.core;
    requires transitive org.junit.jupiter.api;
    requires org.junit.platform.commons;
    requires static transitive org.apiguardian.api;
    requires static transitive org.jspecify;

    exports dev.supermachine.junit;
}
