/** A greeting for someone. */
export function greet(who) {
  return `Hello, ${who}!`;
}
