/** The pages begin: the token of the address becomes a cookie, the stream is opened, and everything is drawn of what it tells. */
import { render } from 'preact';
import { enter, openStream } from './live/index.js';
import { catchDrops, followUploads, startNotifications } from './overview/index.js';
import { followLinks } from './router/index.js';
import { applyTheme, Shell } from './shell/index.js';
import { startClock } from './words/index.js';

applyTheme();
followLinks();
startClock();
await enter();
openStream();
followUploads();
catchDrops();
startNotifications();
const root = document.getElementById('app');
// What index.html shows until here.
root?.replaceChildren();
if (root) render(<Shell />, root);
