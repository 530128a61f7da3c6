// Package @@name:lower@@ greets.
package @@name:lower@@

// Greet returns a greeting for someone.
func Greet(who string) string {
	return "Hello, " + who + "!"
}
