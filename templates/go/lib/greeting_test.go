package @@name:lower@@

import "testing"

func TestGreet(t *testing.T) {
	for who, want := range map[string]string{"World": "Hello, World!", "": "Hello, !"} {
		if got := Greet(who); got != want {
			t.Errorf("Greet(%q) = %q, want %q", who, got, want)
		}
	}
}
