/**
 * Pieces of HTML in which every value is escaped, unless it is a piece of HTML itself. Names of pairs, paths and messages
 * come from users and may hold anything: nothing else in this room puts text into a page.
 */

/** Text that is HTML already. Only `html` and `embeddedJson` make it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type HtmlValue = Html | string | number | undefined | readonly HtmlValue[];

/** A template: values go in as text, or as they are when they are `Html`; lists one after the other, undefined as nothing. */
export function html(pieces: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(pieces.map((piece, at) => piece + textOf(values[at])).join(''));
}

/** Data for a `<script type="application/json">`: no `<` is left in it, so nothing in it can end the element. */
export function embeddedJson(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll('<', '\\u003c'));
}

function textOf(value: HtmlValue): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value));
  return value.map(textOf).join('');
}

/** For text and for attributes in double quotes. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}
