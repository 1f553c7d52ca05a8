/** The entry of a process that tries one device: see probe-service.ts. Whatever happens to it is a finding. */
import { serveParent } from '../../process/index.js';
import { type ProbeApi, probeProtocol } from './probe-protocol.js';
import { ProbeService } from './probe-service.js';

const service = new ProbeService();
await serveParent<ProbeApi>({
  protocol: probeProtocol,
  handlers: () => service.handlers(),
  onClose: () => service.dispose(),
});
