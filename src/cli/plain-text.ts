// Text from data sets is shown as text: what would control the terminal never reaches it.

/**
 * Text without control characters but line breaks, and without the characters that change the direction of writing,
 * which can make a line read as something else.
 */
export function plainText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "·")
}
