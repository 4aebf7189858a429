package dev.supermachine.json;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Maps, lists, strings, numbers and booleans as JSON text. */
public final class JsonWriter {

    private static final Gson COMPACT =
            new GsonBuilder().disableHtmlEscaping().serializeNulls().create();
    private static final Gson INDENTED = new GsonBuilder()
            .disableHtmlEscaping()
            .serializeNulls()
            .setPrettyPrinting()
            .create();

    private JsonWriter() {}

    /**
     * One line of JSON.
     *
     * @param value a map with string keys, an iterable, string, number, boolean or null; nested as needed
     * @return the text, members in the map's order
     * @throws IllegalArgumentException for any other type
     */
    public static String compact(@Nullable Object value) {
        return COMPACT.toJson(element(value));
    }

    /**
     * JSON for people to read, indented.
     *
     * @param value as for {@link #compact(Object)}
     * @return the text, ending with a line feed
     * @throws IllegalArgumentException as {@link #compact(Object)}
     */
    public static String indented(@Nullable Object value) {
        return INDENTED.toJson(element(value)) + "\n";
    }

    private static JsonElement element(@Nullable Object value) {
        if (value == null) {
            return JsonNull.INSTANCE;
        }
        if (value instanceof Map<?, ?> map) {
            JsonObject object = new JsonObject();
            map.forEach((key, member) -> object.add((String) key, element(member)));
            return object;
        }
        if (value instanceof Iterable<?> elements) {
            JsonArray array = new JsonArray();
            elements.forEach(member -> array.add(element(member)));
            return array;
        }
        if (value instanceof String string) {
            return new JsonPrimitive(string);
        }
        if (value instanceof Number number) {
            return new JsonPrimitive(number);
        }
        if (value instanceof Boolean bool) {
            return new JsonPrimitive(bool);
        }
        throw new IllegalArgumentException(
                "Not a JSON value: " + value.getClass().getName());
    }
}
