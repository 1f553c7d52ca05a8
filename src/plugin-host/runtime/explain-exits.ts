/**
 * Has a process that ends itself say where it did: `process.exit` leaves no stack, and without one nobody finds the line. The end
 * itself stays as it was asked for.
 */
export function explainExits(): void {
  const exit = process.exit.bind(process);
  const explained = (code?: number | string | null): never => {
    process.exit = exit;
    const { stack = '' } = new Error(`process.exit(${code ?? ''}) was called`);
    process.stderr.write(`${stack}\n`);
    return exit(code);
  };
  process.exit = explained;
}
