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
      // Within custom properties it keeps every space, as a script could read them.
      return { contents: code.trim().replace(/([:,]) /g, '$1'), loader: 'text' };
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
    // Works in a script tag with `type="module"` and without, and leaves no names behind.
    format: 'iife',
    write: false,
    minify: true,
    conditions: ['production'],
    legalComments: 'none',
  });
  // A second minifier saves three in a hundred, which is the difference to the limit of scripts/check-size.js. What it
  // calls unsafe is so for functions that are called by `new`, and here none is. No getter here does anything but get. What
  // is off makes the text shorter, and what gzip makes of it longer.
  const { code = '' } = await minify(outputFiles[0]?.text ?? '', {
    toplevel: true,
    ecma: 2020,
    compress: {
      passes: 2,
      unsafe_arrows: true,
      unsafe_methods: true,
      pure_getters: true,
      sequences: false,
      lhs_constants: false,
      conditionals: false,
    },
  });
  await writeFile('public/run-progress.js', withoutIndentation(code));
  await build({
    ...common,
    entryPoints: ['src/element/define.ts'],
    outfile: 'dist/element.js',
    external: ['lit'],
  });
}

/**
 * In minified code only templates hold line breaks. In those a break beside a tag is for the source's reader, as it is in
 * JSX; between attributes it is a space.
 * @param {string} code
 */
function withoutIndentation(code) {
  return code.replace(/>\n +/g, '>').replace(/\n +</g, '<').replace(/\n +/g, ' ');
}
