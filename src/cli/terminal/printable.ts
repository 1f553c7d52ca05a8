/** Text for a terminal, from names that may hold anything. */

/** Line ends in a name are shown and not sent, and so is what a terminal would take for commands (as `guardOutput` would). */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, character => {
    return character === '\n' ? '\\n' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
