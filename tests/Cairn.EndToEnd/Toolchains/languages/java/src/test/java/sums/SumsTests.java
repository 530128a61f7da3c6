package sums;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SumsTests {
    @Test
    void totals() {
        assertEquals(3, Sums.total("1", "2"));
    }
}
