/** A greeting for someone. */
export function greet(who: string): string {
  return `Hello, ${who}!`;
}
