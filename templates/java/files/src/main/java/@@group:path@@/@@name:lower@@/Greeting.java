package @@group@@.@@name:lower@@;

import java.util.Objects;

/** Greets. */
public final class Greeting {
    private Greeting() {
    }

    /** A greeting for someone. */
    public static String forName(String who) {
        return "Hello, " + Objects.requireNonNull(who) + "!";
    }
}
