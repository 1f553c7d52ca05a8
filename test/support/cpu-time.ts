/** CPU time of this process so far, ms: for tests of what must not take long, which other programs make wait but not work. */
export function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
