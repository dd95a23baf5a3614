// custom-elements.json, which editors read, says what the element has: no more, no less.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import manifest from '../../custom-elements.json' with { type: 'json' };
import { launchChromium } from '../../scripts/browsers.ts';
import { hang, openGallery } from '../../scripts/gallery.ts';

const declaration = manifest.modules[0]?.declarations[0];
const names = (list: readonly { name: string }[] | undefined) => (list ?? []).map(({ name }) => name).sort();

test('the manifest names every attribute, part, property and event', async (t) => {
  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await openGallery(browser, {});
  await hang(page, { variant: 'full', width: 560, language: 'ko', isLogOpen: true });
  const { attributes, parts } = await page.evaluate(() => ({
    attributes: (customElements.get('run-progress') as unknown as { observedAttributes: string[] })
      .observedAttributes,
    parts: [...document.querySelectorAll('run-progress')].flatMap((element) =>
      [...(element.shadowRoot?.querySelectorAll('[part]') ?? [])].flatMap((each) => [...each.part]),
    ),
  }));
  assert.deepEqual(names(declaration?.attributes), [...attributes].sort());
  assert.deepEqual(names(declaration?.cssParts), [...new Set(parts)].sort());

  const sheets = (await readdir('src/element/styles')).map((name) =>
    readFile(`src/element/styles/${name}`, 'utf8'),
  );
  const sheet = (await Promise.all(sheets)).join('');
  const used = new Set(sheet.match(/--run-progress-[a-z]+/g));
  assert.deepEqual(names(declaration?.cssProperties), [...used].sort());

  const source = await readFile('src/element/run-progress-element.ts', 'utf8');
  for (const [tag, list] of [
    ['attr', declaration?.attributes],
    ['fires', declaration?.events],
    ['slot', declaration?.slots],
    ['csspart', declaration?.cssParts],
    ['cssprop', declaration?.cssProperties],
  ] as const) {
    const said = [...source.matchAll(new RegExp(`@${tag} (?:\\{.*\\} )?([\\w-]+) -`, 'g'))].map(
      ([, name]) => name,
    );
    assert.deepEqual(said.sort(), names(list), `@${tag} in the class's own comment`);
  }
});
