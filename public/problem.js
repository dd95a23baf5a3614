// An answer that refuses: application/problem+json (RFC 9457), or whatever a proxy on the way sent instead.

/**
 * @typedef {object} Problem
 * @property {number} status 0 when nothing answered.
 * @property {string} code The service's own, stable; '' from a proxy, 'no-answer' when nothing answered.
 * @property {string} detail For people, in English; '' when there is none.
 * @property {number} retryAfterMs What the answer asks to wait; 0 when it says nothing.
 */

/** @type {Problem} */
export const NO_ANSWER = { status: 0, code: 'no-answer', detail: '', retryAfterMs: 0 };

/** @param {Response} response @returns {Promise<Problem>} */
export async function readProblem(response) {
  const retryAfterMs = Number(response.headers.get('Retry-After') ?? 0) * 1000 || 0;
  /** @type {{ code?: unknown, detail?: unknown }} */
  let body = {};
  try {
    body = (await response.json()) ?? {};
  } catch {
    // A SyntaxError (a proxy's page in HTML), or a body that broke off: the status says enough.
  }
  return {
    status: response.status,
    code: String(body.code ?? ''),
    detail: String(body.detail ?? ''),
    retryAfterMs,
  };
}
