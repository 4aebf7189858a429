package dev.supermachine.junit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;

/**
 * The store with the longest life: that of the launcher session where JUnit has one (5.13 and later), else that of the engine's run. Looked up by reflection,
 * because the older versions lack the types.
 */
final class SessionStore {

    private static final Optional<SessionScope> SCOPE = find();

    private SessionStore() {}

    static Store of(ExtensionContext context, Namespace namespace) {
        if (SCOPE.isEmpty()) {
            return context.getRoot().getStore(namespace);
        }
        try {
            return (Store) SCOPE.get().getStore().invoke(context, SCOPE.get().launcherSession(), namespace);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("JUnit's store of the launcher session cannot be reached", e);
        }
    }

    private static Optional<SessionScope> find() {
        for (Class<?> type : ExtensionContext.class.getDeclaredClasses()) {
            if (type.getSimpleName().equals("StoreScope") && type.isEnum()) {
                return Arrays.stream(type.getEnumConstants())
                        .filter(scope -> scope.toString().equals("LAUNCHER_SESSION"))
                        .findFirst()
                        .map(scope -> new SessionScope(getStore(type), scope));
            }
        }
        return Optional.empty();
    }

    private static Method getStore(Class<?> scopeType) {
        try {
            return ExtensionContext.class.getMethod("getStore", scopeType, Namespace.class);
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException("JUnit has store scopes but no store for them", e);
        }
    }

    private record SessionScope(Method getStore, Object launcherSession) {}
}
