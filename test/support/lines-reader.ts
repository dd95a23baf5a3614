// An event stream as a client reads it that cuts lines like Python's str.splitlines: at more places than the standard.
const PYTHON_LINE_ENDS = /\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]/;

/** The data of the events without a name. */
export function readLikePython(text: string): string[] {
  const events: string[] = [];
  let data: string[] = [];
  let name = '';
  for (const line of text.split(PYTHON_LINE_ENDS)) {
    if (line === '') {
      if (data.length > 0 && name === '') events.push(data.join('\n'));
      data = [];
      name = '';
    } else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
    else if (line.startsWith('event:')) name = line.slice(6).trim();
  }
  return events;
}
