// The recipes of docs/recipes.md for pages, as they stand there, in a real browser behind a real nginx.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { startNginx } from '../cli/nginx.ts';
import { chromiumTest } from '../element/browser-test.ts';
import { waitFor } from '../element/element-in-page.ts';
import { guideBlock } from '../support/guide.ts';
import { startProgram } from '../support/program.ts';
import { publish } from '../support/publish.ts';
import { freePort, startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';
import { KOREAN_RUN } from '../support/stages.ts';
import { recipeFolder } from './folder.ts';

const HEAD = '<!doctype html><meta charset="utf-8">';

/** A site of one's own: files, and the service below /progress/. */
async function startSite(t: TestContext, files: Record<string, string>, more = '') {
  const service = await startService();
  t.after(() => service.stop('SIGKILL'));
  const folder = recipeFolder(t, files);
  const below = guideBlock('recipes', 'html-nginx').replace('8000', String(service.port));
  const own = `location ~ "[.](html|js)$" { root ${folder}; }`;
  const nginx = await startNginx(
    service.port,
    '',
    `${own}\n${below.replace('location ', 'location ^~ ')}\n${more}`,
  );
  t.after(nginx.stop);
  return { service, url: nginx.url };
}

async function open(t: TestContext, browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage();
  t.after(() => page.close());
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  t.after(() => assert.deepEqual(errors, []));
  await page.goto(url);
  return page;
}

async function follow(page: Page, service: Service, runId: string) {
  await waitFor(page, { phase: 'live' });
  await publish(service, runId, { state: 'RENDERING', progress: 0.5, log: '렌더링' });
  await waitFor(page, { last: '렌더링' });
}

chromiumTest('plain HTML: the element below a path of the site', async (t, browser) => {
  const { service, url } = await startSite(t, { 'page.html': HEAD + guideBlock('recipes', 'html') });
  await follow(await open(t, browser, `${url}/page.html`), service, KOREAN_RUN);
});

chromiumTest('React: a component that is told of the end', async (t, browser) => {
  const folder = recipeFolder(t, { 'progress.jsx': guideBlock('recipes', 'react') }, [
    ...['run-progress', 'react', 'react-dom'],
  ]);
  const app = `import { createRoot } from 'react-dom/client';
    import { Progress } from './progress.jsx';
    const onDone = (data) => { document.title = data.url; };
    createRoot(document.querySelector('main')).render(<Progress runId="film-1" onDone={onDone} />);`;
  const { outputFiles } = await build({
    stdin: { contents: app, loader: 'jsx', resolveDir: folder },
    ...{ bundle: true, write: false, format: 'esm', jsx: 'automatic' },
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const { service, url } = await startSite(t, {
    'app.js': outputFiles[0]?.text ?? '',
    'page.html': `${HEAD}<main></main><script type="module" src="app.js"></script>`,
  });
  const page = await open(t, browser, `${url}/page.html`);
  await follow(page, service, 'film-1');
  await publish(service, 'film-1', { state: 'END', data: { url: '/film-1.mp4' } });
  await page.waitForFunction(() => document.title === '/film-1.mp4');
});

chromiumTest('htmx: what it swaps in follows the run, and is swapped at its end', async (t, browser) => {
  const answers = `
    location = /videos { default_type text/html; return 200 '${guideBlock('recipes', 'htmx-answer').trim()}'; }
    location = /videos/film-1 { default_type text/html; return 200 '<p>Here it is</p>'; }`;
  const scripts =
    '<script src="htmx.js"></script><script type="module" src="/progress/run-progress.js"></script>';
  const { service, url } = await startSite(
    t,
    {
      'htmx.js': readFileSync('node_modules/htmx.org/dist/htmx.min.js', 'utf8'),
      'page.html': HEAD + scripts + guideBlock('recipes', 'htmx'),
    },
    answers,
  );
  const page = await open(t, browser, `${url}/page.html`);
  await page.getByRole('button').click();
  await follow(page, service, 'film-1');
  await publish(service, 'film-1', { state: 'END' });
  await page.getByText('Here it is').waitFor();
  assert.equal(await page.locator('run-progress').count(), 0);
});

const MANAGE = `
import os, sys
from django.conf import settings
from django.core.management import execute_from_command_line
templates = {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": ["."]}
settings.configure(ROOT_URLCONF="urls", ALLOWED_HOSTS=["*"], SECRET_KEY="test", TEMPLATES=[templates],
                   REDIS_URL=os.environ["REDIS_URL"])
execute_from_command_line(sys.argv)
`;
const URLS = `
from django.urls import path
from views import start
urlpatterns = [path("start", start)]
`;

chromiumTest('Django: a view starts a job, and its page follows it', async (t, browser) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const service = await startService({ REDIS_URL: redis.url, ALLOWED_ORIGINS: url });
  t.after(() => service.stop('SIGKILL'));
  const template = guideBlock('recipes', 'django-template').replace(
    'https://progress.example.com',
    service.url,
  );
  const folder = recipeFolder(t, {
    'manage.py': MANAGE,
    'urls.py': URLS,
    'views.py': guideBlock('recipes', 'django-views'),
    'tasks.py': guideBlock('recipes', 'rq'),
    'resizing.html': HEAD + template,
    'publish_progress.py': readFileSync('src/publish/publish_progress.py', 'utf8'),
  });
  const options = {
    cwd: folder,
    env: { PATH: process.env.PATH, REDIS_URL: redis.url, PYTHONUNBUFFERED: '1' },
  };
  const django = startProgram(
    '/usr/bin/python3',
    ['manage.py', 'runserver', '--noreload', String(port)],
    options,
  );
  t.after(() => django.stop('SIGKILL'));
  await django.waitForLine('"Quit the server"', (line) => line.includes('Quit the server'));
  const page = await open(t, browser, `${url}/start`);
  await waitFor(page, { phase: 'live' });
  const worker = startProgram('/usr/bin/rq', ['worker', '--burst', '--url', redis.url], options);
  t.after(() => worker.stop('SIGKILL'));
  await waitFor(page, { phase: 'closed', last: 'b.png' });
});
