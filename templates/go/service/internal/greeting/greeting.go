// Package greeting greets.
package greeting

// For returns a greeting for someone.
func For(who string) string {
	return "Hello, " + who + "!"
}
