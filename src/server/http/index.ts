export { Access, keptToken, readKeptToken } from './access.js';
export { type Asked, addRoute, type Handler } from './add-route.js';
export { entranceOf, noteAddress, notedAddress } from './address-note.js';
export { allowedHosts } from './allowed-hosts.js';
export { Guard } from './guard.js';
export { HttpProblem } from './http-problem.js';
export { type NewServerOptions, newServer } from './new-server.js';
export { serveStaticFiles } from './static-files.js';
export { TokenBucket } from './token-bucket.js';
