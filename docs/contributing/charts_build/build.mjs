// Makes wagtail_drip/static/wagtail_drip/vendor/echarts.min.js with its licence beside it.
// Run `npm ci && npm run build` in this folder; the README says when.
import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const source = path.join(here, 'node_modules', 'echarts');
const vendor = path.join(here, '../../../wagtail_drip/static/wagtail_drip/vendor');
const { version } = JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8'));

await mkdir(vendor, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: ['entry.mjs'],
  outfile: path.join(vendor, 'echarts.min.js'),
  bundle: true,
  minify: true,
  format: 'iife',
  globalName: 'dripECharts',
  target: 'es2018',
  charset: 'utf8',
  legalComments: 'none',
  define: { 'process.env.NODE_ENV': '"production"' },
  banner: {
    js: `/* Apache ECharts ${version}, a trimmed build; see docs/contributing/charts_build. Licensed under the Apache License 2.0: echarts.LICENSE, echarts.NOTICE. */`,
  },
});

// The bundle holds zrender and tslib too: one file carries all their licences.
const licences = [
  ['Apache ECharts', path.join(source, 'LICENSE')],
  ['D3 (parts of Apache ECharts)', path.join(source, 'licenses', 'LICENSE-d3')],
  ['zrender', path.join(here, 'node_modules', 'zrender', 'LICENSE')],
  ['tslib', path.join(here, 'node_modules', 'tslib', 'LICENSE.txt')],
];
const texts = await Promise.all(
  licences.map(async ([name, file]) => `${name}\n${'='.repeat(name.length)}\n\n${(await readFile(file, 'utf8')).trim()}\n`),
);
await writeFile(path.join(vendor, 'echarts.LICENSE'), texts.join('\n\n'));
await copyFile(path.join(source, 'NOTICE'), path.join(vendor, 'echarts.NOTICE'));

const { size } = await stat(path.join(vendor, 'echarts.min.js'));
console.log(`Apache ECharts ${version}: ${Math.round(size / 1024)} kB`);
