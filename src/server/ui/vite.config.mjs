/** The dashboard's pages, as `npm run build` makes them: one script and one style sheet beside `index.html`, nothing from elsewhere. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: fileURLToPath(new URL('../../../dist/server/ui', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the pages allows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: false,
    license: { fileName: 'licences.md' },
    reportCompressedSize: false,
  },
});
