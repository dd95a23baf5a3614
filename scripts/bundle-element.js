// Bundles <run-progress>: for script tags (self-contained, minified) and for bundlers (with a bare `lit`).
import { writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { build } from 'esbuild';
import { minify } from 'terser';

/** A style sheet, with those that it imports, becomes minified text. @type {import('esbuild').Plugin} */
const sheets = {
  name: 'sheets',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { outputFiles } = await build({
        entryPoints: [path],
        bundle: true,
        write: false,
        minify: true,
        target: 'chrome123',
        charset: 'utf8',
      });
      // Within custom properties it keeps every space, as a script could read them.
      return { contents: (outputFiles[0]?.text ?? '').trim().replace(/([:,]) /g, '$1'), loader: 'text' };
    });
  },
};

// Of Lit, what this element uses. Left out is what Lit does for browsers without constructable style sheets, which
// don't know the colours of the style sheet either, and for pages that come rendered from a server.
const LIT = {
  'lit-element.js': `
    import { ReactiveElement } from '@lit/reactive-element';
    import { render } from 'lit-html';
    export * from '@lit/reactive-element';
    export * from 'lit-html';
    export class LitElement extends ReactiveElement {
      update(changed) {
        const template = this.render();
        super.update(changed);
        render(template, this.renderRoot, { host: this });
      }
    }`,
  'css-tag.js': `
    export function unsafeCSS(text) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      return sheet;
    }
    export const getCompatibleStyle = (sheet) => sheet;
    export const adoptStyles = (root, sheets) => {
      root.adoptedStyleSheets = sheets;
    };
    export { unsafeCSS as css, unsafeCSS as CSSResult, unsafeCSS as supportsAdoptingStyleSheets };`,
};

/** @type {import('esbuild').Plugin} */
const leanLit = {
  name: 'lean-lit',
  setup({ onLoad }) {
    onLoad({ filter: /lit-element\.js$|css-tag\.js$/ }, ({ path }) => {
      const name = /** @type {keyof typeof LIT} */ (basename(path));
      return { contents: LIT[name], resolveDir: dirname(path) };
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

/** Long names of properties that never leave the bundle: no page, no message and no browser knows them. */
const OWN =
  /isAway|isWaitedFor|isManual|isFull|isLogOpen|percent|brief|notes|ticks|newest|notice|valueText|took|lineCount|onToggleLog|clockOffsetMs|remainingMs|samples|finishAt|steadySince|onAlive|onMessage|onPhase|onMixed|retryAfterMs|isWrongRun|renewAt|retryMs|isIdle|delayMs|known|leftAt|cursorOf|setProvider|setTokenProvider|follow|entered|given|ladder|isPageLoaded|ending|isEnding|refuse|failures|listeners|watch|tokens/;
/** The same of Lit. Who wants to derive a class takes the npm export. */
const OF_LIT =
  /renderBefore|isUpdatePending|getPropertyOptions|getPropertyDescriptor|createRenderRoot|finalizeStyles|enableUpdating|useDefault|shadowRootOptions|performUpdate|createProperty|scheduleUpdate|fromAttribute|toAttribute|converter|getUpdateComplete|firstUpdated|shouldUpdate|willUpdate|addInitializer|hasChanged|reflect|wrapped|hostDisconnected|hostUpdate|hostUpdated|hostConnected|elementStyles|strings|hasUpdated|addController|noAccessor/;
const INTERNAL = new RegExp(`^(${OWN.source}|${OF_LIT.source})$`);

/** Writes `public/run-progress.js` and `dist/element.js`. */
export async function bundleElement() {
  const { outputFiles } = await build({
    ...common,
    entryPoints: ['src/element/script.ts'],
    // Works in a script tag with `type="module"` and without, and leaves no names behind.
    format: 'iife',
    plugins: [sheets, leanLit],
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
      booleans: false,
      if_return: false,
      keep_fargs: false,
      unsafe_math: true,
    },
    mangle: { properties: { regex: INTERNAL, keep_quoted: true } },
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
  return code
    .replace(/>\n +/g, '>')
    .replace(/\n +(?=[<>])/g, '')
    .replace(/\n +/g, ' ');
}
