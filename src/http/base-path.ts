// BASE_PATH: the whole service below a path, for a proxy that passes paths on as they are.
import type { AnswerContext, Route } from './route.ts';

/** `basePath` is '' for the root, else like '/progress'. Health checks go past the proxy, so they stay at the root, too. */
export function belowBasePath(basePath: string, routes: readonly Route[]): Route[] {
  if (basePath === '') return [...routes];
  return [
    ...routes.map((route) => ({ ...route, path: `${basePath}${route.path}` })),
    ...routes.filter((route) => route.isForHealthChecks),
    { method: 'GET', path: basePath, scope: 'none', answer: addSlash },
  ];
}

/**
 * The page's addresses are relative, so it needs the slash at its end. This one is relative as well: a second proxy
 * may have taken a path of its own away.
 */
function addSlash({ request, response }: AnswerContext) {
  const [path = '', query] = (request.url ?? '').split(/\?(.*)/s);
  const location = `${path.split('/').at(-1)}/${query === undefined ? '' : `?${query}`}`;
  response.writeHead(302, { Location: location, 'Cache-Control': 'no-store' }).end();
}
