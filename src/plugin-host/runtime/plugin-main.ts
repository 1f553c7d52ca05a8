/**
 * The entry of a plugin's process: serves the host and nothing else. Everything that the plugin is not to have is taken away
 * before its first line runs; that is a seat belt, and the parent does not rely on it.
 */
import { serveParent } from '../../process/index.js';
import { explainExits } from './explain-exits.js';
import { type HostCalls, type PluginCalls, pluginProtocol } from './plugin-protocol.js';
import { PluginService } from './plugin-service.js';

explainExits();

await serveParent<PluginCalls, HostCalls>({
  protocol: pluginProtocol,
  wire: 'frames',
  handlers: parent => new PluginService(parent).handlers(),
});
