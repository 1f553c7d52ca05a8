/**
 * A network of its own for a process on this machine, that can be cut as a switch cuts it: a namespace with one address, a bridge in
 * another namespace, and a way from there to this machine. While the bridge is down, frames vanish in both directions; addresses, routes
 * and connections stay as they are, and neither end is told. Needs Linux, root, and iproute2's `ip`.
 */
import { execFileSync } from 'node:child_process';

const ip = (...words) => execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });

/** Why there can be none on this machine; undefined where there can. */
export function networkFault() {
  if (process.platform !== 'linux') return 'network namespaces are Linux’s';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  try {
    const network = openNetwork();
    network.dispose();
    return undefined;
  } catch (error) {
    return `network namespaces cannot be made: ${String(error.stderr ?? error.message).trim()}`;
  }
}

/** Several may be open at once, also by several processes: names and addresses follow from the process and a counter. */
export function openNetwork() {
  const number = opened++;
  const name = `cb${process.pid}n${number}`;
  const [inside, between] = [`${name}in`, `${name}sw`];
  const [hostEnd, toSwitch, toInside] = [`${name}h`, 'host', 'inside'];
  const net = `10.213.${process.pid % 256}`;
  const first = (number * 4) % 252;
  const [host, address] = [`${net}.${first + 1}`, `${net}.${first + 2}`];
  const dispose = () => {
    for (const namespace of [inside, between])
      try {
        ip('netns', 'del', namespace);
      } catch {
        // It was never made.
      }
  };
  try {
    for (const namespace of [inside, between]) ip('netns', 'add', namespace);
    ip('link', 'add', hostEnd, 'type', 'veth', 'peer', 'name', toSwitch, 'netns', between);
    ip('-n', inside, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', toInside, 'netns', between);
    ip('-n', between, 'link', 'add', 'switch', 'type', 'bridge');
    for (const port of [toSwitch, toInside]) {
      ip('-n', between, 'link', 'set', port, 'master', 'switch');
      ip('-n', between, 'link', 'set', port, 'up');
    }
    ip('-n', between, 'link', 'set', 'switch', 'up');
    ip('addr', 'add', `${host}/30`, 'dev', hostEnd);
    ip('link', 'set', hostEnd, 'up');
    ip('-n', inside, 'addr', 'add', `${address}/30`, 'dev', 'eth0');
    for (const device of ['lo', 'eth0']) ip('-n', inside, 'link', 'set', device, 'up');
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    host,
    address,
    /** A command line that runs another in the network; it becomes that other, with its pid and its channels. */
    within: (command, ...args) => ['ip', ['netns', 'exec', inside, command, ...args]],
    cut: () => ip('-n', between, 'link', 'set', 'switch', 'down'),
    mend: () => ip('-n', between, 'link', 'set', 'switch', 'up'),
    dispose,
  };
}

let opened = 0;
