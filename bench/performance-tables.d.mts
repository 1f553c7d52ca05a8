export type Row = Readonly<Record<string, string | number | undefined>> & { readonly what: string };

export interface Section {
  readonly machine: Readonly<Record<string, string | number | undefined>>;
  readonly measured: string;
  readonly rows: readonly Row[];
}

export function tableOf(name: string, section: Section): string;
export function withTables(markdown: string, results: Readonly<Record<string, Section>>): string;
