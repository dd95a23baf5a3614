// Elements that a page feeds by hand: how quiet they are, what they say and in which language, what stands in their slots.
import assert from 'node:assert/strict';
import { hang, openGallery, type Wall } from '../../scripts/gallery.ts';
import { browserTest } from './browser-test.ts';
import { openPage } from './gallery-page.ts';

const MANUAL = 'transport="manual" run-id="a"';

browserTest('two hundred idle elements render nothing, and one that counts renders', async (t, browser) => {
  const page = await openGallery(browser, {});
  t.after(() => page.close());
  const renders = async (variant: Wall['variant'], names: string[]) => {
    await hang(page, { variant, width: 320, language: 'en' });
    await page.evaluate((names) => {
      const counts: Record<string, number> = {};
      Object.assign(globalThis, { counts });
      for (const section of document.querySelectorAll('section')) {
        const name = section.querySelector('h1')?.textContent ?? '';
        if (!names.includes(name)) continue;
        counts[name] = 0;
        const element = section.querySelector('run-progress');
        if (!element?.shadowRoot) continue;
        const { requestUpdate } = element;
        element.requestUpdate = (...change) => {
          counts[name] = (counts[name] ?? 0) + 1;
          requestUpdate.apply(element, change);
        };
      }
    }, names);
    await page.clock.runFor(5_000);
    return page.evaluate(() => (globalThis as unknown as { counts: Record<string, number> }).counts);
  };
  const idle = ['waiting', 'running', 'unknown state', 'done', 'failed', 'expired', 'refused'];
  assert.deepEqual(await renders('compact', idle), Object.fromEntries(idle.map((name) => [name, 0])));
  const full = await renders('full', ['running', 'done', 'expired']);
  assert.deepEqual([full.done, full.expired], [0, 0]);
  assert.ok((full.running ?? 0) >= 4, 'its elapsed time counts');
});

browserTest('rows that a page learns of at load say nothing; later each names itself', async (t, browser) => {
  const rows = Array.from(
    { length: 20 },
    (_, row) => `<run-progress ${MANUAL} label="Video ${row}" variant="compact"></run-progress>`,
  );
  const page = await openPage(t, browser, rows.join(''));
  const spoken = () =>
    page.evaluate(async () => {
      const elements = [...document.querySelectorAll('run-progress')];
      await Promise.all(elements.map((element) => element.updateComplete));
      return elements
        .map(({ shadowRoot }) => shadowRoot?.querySelector('[role=status]')?.textContent)
        .filter(Boolean);
    });
  const send = (message: object, only?: number) =>
    page.evaluate(
      ([message, only]) => {
        for (const [row, element] of document.querySelectorAll('run-progress').entries()) {
          if (only === undefined || only === row)
            element.receive({ run_id: 'a', ts: Date.now(), ...(message as object) });
        }
      },
      [message, only] as const,
    );
  assert.deepEqual(await spoken(), []);
  await send({
    type: 'initial_state',
    id: 1,
    state: 'PLOT_GENERATION',
    progress: 0.1,
    logs: [],
    log_times: [],
  });
  assert.deepEqual(await spoken(), []);
  await send({ type: 'progress', id: 2, state: 'QA', progress: 0.9 }, 7);
  assert.deepEqual(await spoken(), ['Video 7, Checking quality, 90%']);
});

browserTest('it speaks the language of what its shadow tree stands in', async (t, browser) => {
  const page = await openPage(t, browser, '<div lang="ko"><section></section></div>');
  const title = await page.evaluate(async (html) => {
    const root = document.querySelector('section')?.attachShadow({ mode: 'open' });
    if (!root) throw new Error('no section');
    root.innerHTML = html;
    const element = root.querySelector('run-progress');
    await element?.updateComplete;
    return element?.shadowRoot?.querySelector('.title')?.textContent;
  }, `<p><run-progress ${MANUAL}></run-progress></p>`);
  assert.equal(title, '대기 중');
});

browserTest('stages that are none are reported once, and the run is shown without', async (t, browser) => {
  const page = await openPage(t, browser, '');
  const errors: string[] = [];
  page.on('console', (message) => errors.push(message.text()));
  const reported = page.waitForEvent('console');
  await page.evaluate(async (html) => {
    document.body.innerHTML = html;
    const element = document.querySelector('run-progress');
    element?.receive({
      type: 'progress',
      run_id: 'a',
      id: 1,
      ts: Date.now(),
      state: 'BAKING',
      progress: 0.5,
    });
    await element?.updateComplete;
    element?.requestUpdate();
    await element?.updateComplete;
  }, `<run-progress ${MANUAL} stages="[null]"></run-progress>`);
  await reported;
  assert.equal(await page.locator('.title').textContent(), 'BAKING');
  assert.equal(errors.length, 1);
});

browserTest('a slotted link without an address stays hidden, whatever its class says', async (t, browser) => {
  const links = '<a class="button" data-href="video_url">1</a>';
  const page = await openPage(
    t,
    browser,
    `<style>.button { display: inline-flex }</style>
     <run-progress ${MANUAL}>${links.replace('<a', '<a slot="done"')}<span slot="done">${links}</span></run-progress>`,
  );
  const end = (data?: object) =>
    page.evaluate(async (data) => {
      const element = document.querySelector('run-progress');
      element?.receive({
        type: 'initial_state',
        run_id: 'a',
        id: data ? 2 : 1,
        ts: Date.now(),
        state: 'END',
        done: true,
        data,
      });
      await element?.updateComplete;
      return [...document.querySelectorAll('a')].map((link) => link.checkVisibility());
    }, data);
  assert.deepEqual(await end(), [false, false]);
  assert.deepEqual(await end({ video_url: '/1.mp4' }), [true, true]);
});
