/** What plugin authors test with, as `cyclebox/plugin/testing`. */
export {
  flatPicture,
  openPlugin,
  type PluginTestHost,
  type PluginTestOptions,
  type TestImage,
} from './plugin-test-host.js';
