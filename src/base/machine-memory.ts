/** How much memory this process may use at most: not how much of it is free. Loads nothing but Node. */
import { totalmem } from 'node:os';

/** In bytes: the machine's, or its container's where that is less. */
export function machineMemoryBytes(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  const total = totalmem();
  return constrained > 0 && constrained < total ? constrained : total;
}
