package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.platform.launcher.LauncherSession;

class SessionStoreTest {

    private static final List<String> HAPPENED = new CopyOnWriteArrayList<>();

    @BeforeEach
    void forget() {
        HAPPENED.clear();
    }

    @Test
    void holdsOneValueForAllClassesOfARunAndClosesItAfterThem() {
        Runs.run(OneTestCase.class, OtherTestCase.class);

        assertThat(HAPPENED).containsExactly("opened", "test", "test", "closed");
    }

    @Test
    void livesAsLongAsTheLauncherSessionWhereJUnitHasSuchAStore() {
        try (LauncherSession session = Runs.openSession()) {
            session.getLauncher().execute(Runs.request(Map.of(), OneTestCase.class));
            session.getLauncher().execute(Runs.request(Map.of(), OtherTestCase.class));
            HAPPENED.add("end of session");
        }

        if (hasScopes()) {
            assertThat(HAPPENED).containsExactly("opened", "test", "test", "end of session", "closed");
        } else {
            assertThat(HAPPENED)
                    .containsExactly("opened", "test", "closed", "opened", "test", "closed", "end of session");
        }
    }

    private static boolean hasScopes() {
        return Arrays.stream(ExtensionContext.class.getDeclaredClasses())
                .anyMatch(type -> type.getSimpleName().equals("StoreScope"));
    }

    @ExtendWith(Keeper.class)
    static class OneTestCase {

        @Test
        void happens() {
            HAPPENED.add("test");
        }
    }

    @ExtendWith(Keeper.class)
    static class OtherTestCase {

        @Test
        void happens() {
            HAPPENED.add("test");
        }
    }

    static final class Keeper implements BeforeEachCallback {

        @Override
        @SuppressWarnings("deprecation") // what replaces it came with JUnit 6.0
        public void beforeEach(ExtensionContext context) {
            SessionStore.of(context, Namespace.create(Keeper.class))
                    .getOrComputeIfAbsent("kept", key -> new Kept(), Kept.class);
        }
    }

    @SuppressWarnings("deprecation") // the only closeable that JUnit before 5.13 knows
    static final class Kept implements ExtensionContext.Store.CloseableResource, AutoCloseable {

        Kept() {
            HAPPENED.add("opened");
        }

        @Override
        public void close() {
            HAPPENED.add("closed");
        }
    }
}
