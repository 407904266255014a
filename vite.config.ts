import { defineConfig } from 'vite';

/** The page is served by `whytick` itself under `script-src 'self'`: no inline script, hashed files, everything its own. */
export default defineConfig({
  root: 'web',
  base: '/',
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
