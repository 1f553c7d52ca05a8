/**
 * What a fetched file must begin with. Servers answer with web pages (a login, a captcha, "not found" with status 200)
 * where a file was asked for: such an answer is told as what it is, before it is kept under the file's name.
 */

export interface ContentKind {
  /** With its article, to follow "is not": `a zip archive`. */
  readonly name: string;
  /** The first bytes, one of these. */
  readonly beginnings: readonly Uint8Array[];
}

export const zipArchive: ContentKind = {
  name: 'a zip archive',
  beginnings: [Uint8Array.of(0x50, 0x4b, 0x03, 0x04), Uint8Array.of(0x50, 0x4b, 0x05, 0x06)],
};

/** Both containers of `torch.save`: the zip of 1.6 and later, and the row of pickles before it. */
export const pytorchFile: ContentKind = {
  name: 'a PyTorch file',
  beginnings: [Uint8Array.of(0x50, 0x4b, 0x03, 0x04), Uint8Array.of(0x80, 0x02, 0x8a, 0x0a)],
};

export function isOfKind(kind: ContentKind, bytes: Uint8Array): boolean {
  return kind.beginnings.some(beginning => beginning.every((byte, at) => bytes[at] === byte));
}

/** What bytes are that are not what was asked for: `a web page titled "Sign in"`, `text`, `something else`. */
export function nameOfBytes(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 4096));
  if (/^\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)\b/is.test(text)) {
    const title = /<title[^>]*>\s*([^<]{1,80})/i.exec(text)?.[1]?.trim().replace(/\s+/g, ' ');
    return title ? `a web page titled "${title}"` : 'a web page';
  }
  if (bytes.length === 0) return 'empty';
  return /^[\t\n\r\x20-\x7e]*$/.test(text) ? 'text' : 'something else';
}
