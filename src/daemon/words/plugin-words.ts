/** What is said of plugins with code, one sentence an event; `event-words.ts` has all others. */
import type { PluginEvent } from '../../plugin-host/index.js';
import type { Said, SaidLevel } from './said.js';

/** States that users want to hear of; the others are the usual way of things. */
const notable: Readonly<Partial<Record<string, SaidLevel>>> = {
  unresponsive: 'warn',
  restarting: 'warn',
  disabledByCrashes: 'error',
  failed: 'error',
};

export function codedPluginWords(event: PluginEvent): readonly Said[] {
  const { plugin } = event;
  switch (event.type) {
    case 'state': {
      const level = notable[event.state.kind] ?? 'debug';
      return [{ level, text: `${plugin} is ${event.text}`, record: { plugin, state: event.text } }];
    }
    case 'fault': {
      const { code } = event.error;
      return [{ level: 'error', text: event.error.toString(), record: { plugin, code } }];
    }
    case 'stray':
      return [{ level: 'warn', text: `${plugin}: ${event.what}`, record: { plugin } }];
    case 'said':
      return [{ level: event.level, text: `${plugin}: ${event.message}`, record: { plugin } }];
    case 'inspector': {
      const text = `a debugger can be attached to ${plugin} at ${event.address}; it runs without its permissions and time limits`;
      return [{ level: 'warn', text, record: { plugin, address: event.address } }];
    }
    default:
      return event satisfies never;
  }
}
