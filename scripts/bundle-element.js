// Bundles <run-progress>: for script tags (self-contained, minified) and for bundlers (with a bare `lit`).
import { readFile, writeFile } from 'node:fs/promises';
import { build, transform } from 'esbuild';
import { minify } from 'terser';

/** Style sheets become minified text. @type {import('esbuild').Plugin} */
const sheets = {
  name: 'sheets',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), {
        loader: 'css',
        minify: true,
        target: 'chrome123',
      });
      return { contents: code.trim(), loader: 'text' };
    });
  },
};

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  plugins: [sheets],
  logLevel: 'warning',
};

/** Writes `public/run-progress.js` and `dist/element.js`. */
export async function bundleElement() {
  const { outputFiles } = await build({
    ...common,
    entryPoints: ['src/element/script.ts'],
    write: false,
    minify: true,
    conditions: ['production'],
    legalComments: 'none',
  });
  // A second minifier saves three in a hundred, which is the difference to the limit of scripts/check-size.js. What it
  // calls unsafe is so for functions that are called by `new`, and here none is.
  const { code = '' } = await minify(outputFiles[0]?.text ?? '', {
    module: true,
    ecma: 2020,
    compress: { passes: 3, unsafe_arrows: true, unsafe_methods: true },
  });
  // In minified code only templates hold line breaks, and in those indentation is for the source's reader.
  await writeFile('public/run-progress.js', code.replace(/\n {2,}/g, ' '));
  await build({
    ...common,
    entryPoints: ['src/element/define.ts'],
    outfile: 'dist/element.js',
    external: ['lit'],
  });
}
