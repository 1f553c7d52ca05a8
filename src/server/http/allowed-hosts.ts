/**
 * By which names the dashboard may be asked for. A page of another site that has its name point at this machine (DNS rebinding) asks
 * under its own name, with no Origin: so this stands before everything, static files and the stream too.
 */
import { hostname, networkInterfaces } from 'node:os';

/** Of the machine itself, on whichever port: a tunnel may have another one. */
const ownNames = ['localhost', '127.0.0.1', '[::1]'];

const everyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * @param listening the address that is listened at
 * @param further names that the configuration allows besides
 */
export function allowedHosts(listening: string, further: readonly string[]): ReadonlySet<string> {
  const here = everyAddress.has(listening) ? machineNames() : [listening];
  return new Set([...ownNames, ...[...here, ...further].map(inUrl)].map(name => name.toLowerCase()));
}

/** @param header the request's `Host`; with or without a port */
export function isAllowedHost(header: string | undefined, allowed: ReadonlySet<string>): boolean {
  return header !== undefined && allowed.has(withoutPort(header).toLowerCase());
}

export function withoutPort(host: string): string {
  return host.replace(/:\d{1,5}$/, '').replace(/\.$/, '');
}

function machineNames(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap(list => list?.map(({ address }) => address) ?? []);
  const name = hostname();
  return [name, `${name}.local`, ...addresses];
}

/** An address of IPv6 stands in brackets. */
function inUrl(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
