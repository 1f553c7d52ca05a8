export interface CuttableNetwork {
  /** This machine's address in it. */
  readonly host: string;
  /** The other end's. */
  readonly address: string;
  /** A command and its arguments that run another in the network; it becomes that other, with its pid and its channels. */
  within(command: string, ...args: readonly string[]): [string, string[]];
  /** From now on frames vanish in both directions, and nobody is told. */
  cut(): void;
  mend(): void;
  dispose(): void;
}

/** Why there can be none on this machine; undefined where there can. */
export function networkFault(): string | undefined;

export function openNetwork(): CuttableNetwork;
