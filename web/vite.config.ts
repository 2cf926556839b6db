import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vitest/config';

// The server sends `name.gz` to clients that take gzip, so that nothing is compressed twice.
function gzipFiles(): Plugin {
  let outDir = '';
  return {
    name: 'gzip-files',
    apply: 'build',
    configResolved: (config) => void (outDir = config.build.outDir),
    closeBundle() {
      for (const entry of readdirSync(outDir, { withFileTypes: true, recursive: true })) {
        if (!entry.isFile() || !/\.(html|js|css|svg)$/.test(entry.name)) continue;
        const path = join(entry.parentPath ?? entry.path, entry.name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [svelte(), gzipFiles()],
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 800, // the chart chunk, loaded only when there is something to draw
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { '/api': { target: process.env['METERHOUSE_SERVER'] ?? 'http://127.0.0.1:8050', changeOrigin: true } },
  },
  test: {
    include: ['src/**/*.spec.ts'],
    env: { TZ: 'America/New_York' }, // neither the site's zone nor UTC: what is shown must not depend on it
  },
});
