/**
 * What a study calls time, in milliseconds. By the wall, whatever else the machine does is taken from the run under way; by
 * the CPU's time of this process, runs of one thread are comparable on a busy machine, too.
 */
export const clocks = {
  wall: () => performance.now(),
  cpu: () => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000,
};
