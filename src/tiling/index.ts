export {
  openTiledNetwork,
  type PlaneSize,
  type TiledImage,
  TiledNetwork,
  type TiledRun,
  type TiledRunOptions,
} from './tiled-network.js';
