import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, type Plugin } from 'vite'

const SOURCES = ['index.html', 'package.json', 'package-lock.json', 'tsconfig.json', 'vite.config.ts', 'public', 'src']

function filesOf(path: string): string[] {
  return statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => filesOf(join(path, name))) : [path]
}

function line(path: string): string {
  return `${createHash('sha256').update(readFileSync(path)).digest('hex')}  ${path.replaceAll('\\', '/')}\n`
}

/** Writes dist/SOURCES.sha256 (`sha256sum -c` reads it): a test fails when the pages are older than their sources. */
function sourcesDigest(): Plugin {
  return {
    name: 'sources-digest',
    apply: 'build',
    closeBundle() {
      const built = filesOf('dist').filter((path) => !path.endsWith('SOURCES.sha256'))
      const paths = [...SOURCES.flatMap(filesOf), ...built].sort()
      writeFileSync('dist/SOURCES.sha256', paths.map(line).join(''))
    },
  }
}

export default defineConfig({
  plugins: [svelte(), sourcesDigest()],
  build: {
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0,
    emptyOutDir: true,
    // Who wrote what is bundled, and under which licence: MIT asks that the notice travels along.
    // Plain names: nothing is cached (`no-store`), and a build changes files in git instead of adding some.
    // The map is a part of its own, loaded by the page that shows it; its worker is a file beside it.
    rolldownOptions: {
      output: {
        entryFileNames: 'assets/console.js',
        chunkFileNames: 'assets/[name].js',
        assetFileNames: ({ names }) => (names.some((name) => name.endsWith('worker.mjs')) ? 'assets/map_worker.js' : 'assets/console[extname]'),
      },
    },
    license: { fileName: 'third-party.json' },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8600', '/ws': { target: 'ws://127.0.0.1:8600', ws: true } } },
})
