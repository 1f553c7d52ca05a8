export { signatureOf } from './post-signed.js';
export { type HookBody, Webhooks, type WebhooksOptions } from './webhooks.js';
