package @@group@@.@@name:lower@@;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class GreetingTest {
    @Test
    void namesWhoIsGreeted() {
        assertEquals("Hello, World!", Greeting.forName("World"));
    }

    @Test
    void refusesNull() {
        assertThrows(NullPointerException.class, () -> Greeting.forName(null));
    }
}
