package dev.supermachine.json;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A JSON object that is read with types checked: every accessor either returns the member in the type asked for, or throws with the member's path, what was
 * expected and what was found. A member that is {@code null} counts as missing. Immutable and thread-safe.
 */
public final class JsonDocument {

    private final String path;
    private final JsonObject object;

    private JsonDocument(String path, JsonObject object) {
        this.path = path;
        this.object = object;
    }

    /**
     * Parses a text whose root is an object.
     *
     * @param text the JSON text
     * @return the root object
     * @throws JsonFormatException if the text is not JSON, is nested too deeply, or its root is not an object
     */
    public static JsonDocument parse(String text) throws JsonFormatException {
        JsonElement element;
        // What is not JSON would mean one thing here and another, or nothing, to whoever checked it before.
        try (JsonReader reader = new JsonReader(new StringReader(text))) {
            reader.setStrictness(Strictness.STRICT);
            element = JsonParser.parseReader(reader);
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw new JsonFormatException("not JSON: more follows behind its end");
            }
        } catch (JsonFormatException e) {
            throw e;
        } catch (JsonParseException | IOException | NumberFormatException e) {
            throw new JsonFormatException("not JSON: " + e.getMessage(), e);
        } catch (StackOverflowError e) {
            throw new JsonFormatException("not JSON: nested too deeply", e);
        }
        if (!element.isJsonObject()) {
            throw new JsonFormatException("expected a JSON object, but found " + describe(element));
        }
        return new JsonDocument("", element.getAsJsonObject());
    }

    /**
     * Parses UTF-8 bytes whose root is an object.
     *
     * @param bytes the JSON text in UTF-8
     * @return the root object
     * @throws JsonFormatException as {@link #parse(String)}
     */
    public static JsonDocument parse(byte[] bytes) throws JsonFormatException {
        return parse(new String(bytes, StandardCharsets.UTF_8));
    }

    /**
     * The names of all members, in the order of the text.
     *
     * @return the names
     */
    public Set<String> names() {
        return object.keySet();
    }

    /**
     * Whether a member is there and not null.
     *
     * @param name the member
     * @return true if it has a value
     */
    public boolean has(String name) {
        return member(name).isPresent();
    }

    /**
     * A string member.
     *
     * @param name the member
     * @return its value
     * @throws JsonFormatException if it is missing or not a string
     */
    public String string(String name) throws JsonFormatException {
        return optionalString(name).orElseThrow(() -> missing(name, "a string"));
    }

    /**
     * A string member that may be missing.
     *
     * @param name the member
     * @return its value, or empty
     * @throws JsonFormatException if it is there but not a string
     */
    public Optional<String> optionalString(String name) throws JsonFormatException {
        Optional<JsonElement> member = member(name);
        return member.isPresent() ? Optional.of(asString(child(name), member.get())) : Optional.empty();
    }

    /**
     * An integral member.
     *
     * @param name the member
     * @return its value
     * @throws JsonFormatException if it is missing, not a number, or not a whole number in the range of long
     */
    public long integer(String name) throws JsonFormatException {
        JsonElement member = member(name).orElseThrow(() -> missing(name, "a number"));
        if (member.isJsonPrimitive() && member.getAsJsonPrimitive().isNumber()) {
            try {
                BigDecimal number = member.getAsBigDecimal();
                if (Math.abs((long) number.scale()) <= 1000) {
                    return number.longValueExact();
                }
            } catch (ArithmeticException | NumberFormatException e) {
                throw new JsonFormatException(
                        child(name) + ": expected a whole number, but found " + describe(member), e);
            }
        }
        throw new JsonFormatException(child(name) + ": expected a whole number, but found " + describe(member));
    }

    /**
     * A boolean member that may be missing.
     *
     * @param name the member
     * @param fallback what a missing member means
     * @return its value, or the fallback
     * @throws JsonFormatException if it is there but not a boolean
     */
    public boolean bool(String name, boolean fallback) throws JsonFormatException {
        Optional<JsonElement> member = member(name);
        if (member.isEmpty()) {
            return fallback;
        }
        if (member.get() instanceof JsonPrimitive primitive && primitive.isBoolean()) {
            return primitive.getAsBoolean();
        }
        throw new JsonFormatException(child(name) + ": expected true or false, but found " + describe(member.get()));
    }

    /**
     * An object member.
     *
     * @param name the member
     * @return its value
     * @throws JsonFormatException if it is missing or not an object
     */
    public JsonDocument object(String name) throws JsonFormatException {
        return optionalObject(name).orElseThrow(() -> missing(name, "an object"));
    }

    /**
     * An object member that may be missing.
     *
     * @param name the member
     * @return its value, or empty
     * @throws JsonFormatException if it is there but not an object
     */
    public Optional<JsonDocument> optionalObject(String name) throws JsonFormatException {
        Optional<JsonElement> member = member(name);
        return member.isPresent() ? Optional.of(asObject(child(name), member.get())) : Optional.empty();
    }

    /**
     * An array of objects; a missing member is an empty array.
     *
     * @param name the member
     * @return its elements
     * @throws JsonFormatException if it is not an array, or an element is not an object
     */
    public List<JsonDocument> objects(String name) throws JsonFormatException {
        List<JsonDocument> result = new ArrayList<>();
        for (JsonElement element : array(name)) {
            result.add(asObject(child(name) + "[" + result.size() + "]", element));
        }
        return List.copyOf(result);
    }

    /**
     * An array of strings; a missing member is an empty array.
     *
     * @param name the member
     * @return its elements
     * @throws JsonFormatException if it is not an array, or an element is not a string
     */
    public List<String> strings(String name) throws JsonFormatException {
        List<String> result = new ArrayList<>();
        for (JsonElement element : array(name)) {
            result.add(asString(child(name) + "[" + result.size() + "]", element));
        }
        return List.copyOf(result);
    }

    /**
     * An object whose members are all strings; a missing member is an empty map.
     *
     * @param name the member
     * @return its members in the order of the text
     * @throws JsonFormatException if it is not an object, or a member is not a string
     */
    public Map<String, String> stringMap(String name) throws JsonFormatException {
        Map<String, String> result = new LinkedHashMap<>();
        Optional<JsonDocument> member = optionalObject(name);
        if (member.isPresent()) {
            for (String key : member.get().names()) {
                result.put(key, member.get().optionalString(key).orElse(""));
            }
        }
        return result;
    }

    /**
     * The object as JSON text.
     *
     * @return compact JSON
     */
    @Override
    public String toString() {
        return object.toString();
    }

    private Optional<JsonElement> member(String name) {
        JsonElement element = object.get(name);
        return element == null || element.isJsonNull() ? Optional.empty() : Optional.of(element);
    }

    private JsonArray array(String name) throws JsonFormatException {
        Optional<JsonElement> member = member(name);
        if (member.isEmpty()) {
            return new JsonArray();
        }
        if (member.get() instanceof JsonArray array) {
            return array;
        }
        throw new JsonFormatException(child(name) + ": expected an array, but found " + describe(member.get()));
    }

    private static String asString(String path, JsonElement element) throws JsonFormatException {
        if (element instanceof JsonPrimitive primitive && primitive.isString()) {
            return primitive.getAsString();
        }
        throw new JsonFormatException(path + ": expected a string, but found " + describe(element));
    }

    private static JsonDocument asObject(String path, JsonElement element) throws JsonFormatException {
        if (element instanceof JsonObject object) {
            return new JsonDocument(path, object);
        }
        throw new JsonFormatException(path + ": expected an object, but found " + describe(element));
    }

    /**
     * What to throw when a member has the right type, but a value that makes no sense.
     *
     * @param name the member
     * @param expected what would have been right
     * @return to be thrown; names the member by its path
     */
    public JsonFormatException malformed(String name, String expected) {
        return new JsonFormatException(child(name) + ": expected " + expected + ", but found "
                + member(name).map(JsonDocument::describe).orElse("nothing"));
    }

    private JsonFormatException missing(String name, String expected) {
        return new JsonFormatException(child(name) + ": expected " + expected + ", but it is missing");
    }

    private String child(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    private static String describe(JsonElement element) {
        String text = element.toString();
        return text.length() <= 60 ? text : text.substring(0, 57) + "...";
    }
}
