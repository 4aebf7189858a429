package dev.supermachine.oci;

import dev.supermachine.ImageException;
import java.util.List;
import java.util.function.Function;

/** Finds the image that a user means among several in one file. */
final class NameMatch {

    private NameMatch() {}

    /**
     * Those of the whole name; if there are none, those that carry nothing but the tag as their name; if there are none either, all.
     *
     * @param all what to choose from
     * @param names the names of one of them
     */
    static <T> List<T> choose(List<T> all, Function<T, List<String>> names, ImageReference wanted) {
        List<T> named = all.stream()
                .filter(one -> names.apply(one).stream().anyMatch(name -> isName(name, wanted)))
                .toList();
        if (named.isEmpty()) {
            named = all.stream()
                    .filter(one ->
                            wanted.tag().filter(names.apply(one)::contains).isPresent())
                    .toList();
        }
        return named.isEmpty() ? all : named;
    }

    private static boolean isName(String text, ImageReference wanted) {
        try {
            return !text.isEmpty() && ImageReference.parse(text).equals(wanted);
        } catch (ImageException e) {
            return false;
        }
    }
}
