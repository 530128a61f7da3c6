package greeting

import "testing"

func TestFor(t *testing.T) {
	for who, want := range map[string]string{"World": "Hello, World!", "": "Hello, !"} {
		if got := For(who); got != want {
			t.Errorf("For(%q) = %q, want %q", who, got, want)
		}
	}
}
