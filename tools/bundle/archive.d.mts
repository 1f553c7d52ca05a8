export function archive(
  folder: string,
  file: string,
  level: number,
): { readonly bytes: number; readonly sha256: string };
