/** News that come often, told now and then: the first, and the latest when some time has passed since the last. */

const everyMs = 250;

export function paced(tell: (fraction: number) => void): (fraction: number) => void {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return fraction => {
    const nowMs = performance.now();
    if (nowMs - toldAtMs < everyMs) return;
    toldAtMs = nowMs;
    tell(fraction);
  };
}
