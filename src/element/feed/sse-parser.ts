// text/event-stream as far as this reader needs it (WHATWG HTML, 9.2.6): events and `retry`. Ids travel in the messages.
// By hand, as the parser that the tests compare it with weighs a twelfth of what a page may pay for the whole element.

export interface SseEvent {
  /** "" for an unnamed one. */
  event: string;
  data: string;
}

/** Takes text in whatever pieces it comes; a line that isn't ended waits for its rest. */
export function createSseParser(
  onEvent: (event: SseEvent) => void,
  onRetry: (ms: number) => void,
): (chunk: string) => void {
  let rest = '';
  let event = '';
  let data: string[] = [];

  function take(line: string): void {
    if (line === '') {
      if (data.length > 0) onEvent({ event, data: data.join('\n') });
      event = '';
      data = [];
      return;
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'retry' && /^\d+$/.test(value)) onRetry(Number(value));
  }

  return (chunk) => {
    // A carriage return at the very end may be the first half of a line end.
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    lines.forEach(take);
  };
}
