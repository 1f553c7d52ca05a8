/**
 * The one gate before the terminal: whatever a command writes, and whoever wrote the name or title in it, no control
 * character of others gets through. They are shown as JSON writes them, so that documents stay what they are. Only the
 * commands' own way to clear a line passes, at the beginning of what is written at once.
 */

/** C0 but tab and line feed, DEL and C1, and what turns the direction of text or breaks lines by other means. */
const unsafe =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ownControls = /^(?:\r\u001b\[2?K)+/;

export function withoutControls(text: string): string {
  const own = ownControls.exec(text)?.[0] ?? '';
  const shown = text
    .slice(own.length)
    .replace(unsafe, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return own + shown;
}

/** From now on every text that is written to the stream goes through `withoutControls`. */
export function guardOutput(stream: Pick<NodeJS.WriteStream, 'write'>): void {
  const write = stream.write.bind(stream) as (chunk: string | Uint8Array, ...rest: unknown[]) => boolean;
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) =>
    write(typeof chunk === 'string' ? withoutControls(chunk) : chunk, ...rest);
}
