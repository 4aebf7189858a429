package dev.supermachine.image;

import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Checks values that go to a guest, as soon as they are given. */
final class GuestValues {

    /** The kernel keeps 2,047 characters and drops the rest without a word; some of them are the library's own. */
    private static final int MOST_ARGUMENTS = 1500;

    private static final int MOST_PATH_BYTES = 4095;
    private static final int MOST_NAME_BYTES = 255;

    private GuestValues() {}

    /**
     * One kernel argument.
     *
     * @param before those that were given before it
     * @return the argument
     */
    static String kernelArgument(String argument, List<String> before) {
        boolean token =
                !argument.isEmpty() && argument.chars().allMatch(c -> c > ' ' && c <= '~' && c != '"' && c != '\'');
        if (!token) {
            throw new IllegalArgumentException(
                    "A kernel argument is one token of printable ASCII characters, without white space and quotation marks, but was: '"
                            + visible(argument) + "'. Give each token in a call of its own.");
        }
        int length = before.stream().mapToInt(String::length).sum() + before.size() + argument.length();
        if (length > MOST_ARGUMENTS) {
            throw new IllegalArgumentException("All kernel arguments together may have " + MOST_ARGUMENTS
                    + " characters, since the kernel drops what is too long, but with '" + visible(argument)
                    + "' they would have " + length + ".");
        }
        return argument;
    }

    /**
     * A path in the guest.
     *
     * @param what comes there, for the message, such as {@code An extra file cannot be put}
     * @return the path
     */
    static String path(String what, String guest) {
        if (guest.equals("/")) {
            throw wrongPath(
                    what, guest, "the root itself cannot be replaced. Give the path of a file or directory in it.");
        }
        if (!guest.startsWith("/")) {
            throw wrongPath(what, guest, "it is not absolute. Begin it with a slash.");
        }
        for (String name : guest.substring(1).split("/", -1)) {
            if (name.isEmpty() || name.equals(".") || name.equals("..")) {
                throw wrongPath(
                        what,
                        guest,
                        "it has " + (name.isEmpty() ? "an empty name" : "'" + name + "'")
                                + " in it. Write it without empty names, '.' and '..'.");
            }
            if (bytes(what, guest, name) > MOST_NAME_BYTES) {
                throw wrongPath(what, guest, "one of its names is longer than " + MOST_NAME_BYTES + " bytes.");
            }
        }
        if (guest.indexOf('\0') >= 0) {
            throw wrongPath(what, guest, "it has a NUL.");
        }
        if (bytes(what, guest, guest) > MOST_PATH_BYTES) {
            throw wrongPath(what, guest, "it is longer than " + MOST_PATH_BYTES + " bytes.");
        }
        return guest;
    }

    private static int bytes(String what, String guest, String text) {
        try {
            return StandardCharsets.UTF_8
                    .newEncoder()
                    .encode(CharBuffer.wrap(text))
                    .remaining();
        } catch (CharacterCodingException e) {
            throw wrongPath(what, guest, "it has half a character, an unpaired surrogate.");
        }
    }

    private static IllegalArgumentException wrongPath(String what, String guest, String why) {
        return new IllegalArgumentException(what + " at '" + visible(guest) + "' in the machine: " + why);
    }

    /** Control characters as the symbols that stand for them, so that a message stays one line. */
    static String visible(String text) {
        String shown = text.length() > 200 ? text.substring(0, 200) + "..." : text;
        return shown.codePoints()
                .map(c -> c < ' ' ? 0x2400 + c : c == 0x7f ? 0x2421 : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
