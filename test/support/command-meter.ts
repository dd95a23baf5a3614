// Measures Redis commands as they pass by, in bytes.

export interface CommandMeter {
  /** The largest command so far, one that is not complete included. */
  measure(bytes: Buffer): number;
}

/** Of one connection. A command is an array of strings: "*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n". */
export function createCommandMeter(): CommandMeter {
  let largest = 0;
  let size = 0;
  let stringsLeft = 0;
  let bytesLeft = 0;
  let line = '';

  function onLine() {
    const count = Number(line.slice(1));
    if (line.startsWith('*')) stringsLeft = count;
    else bytesLeft = count + 2;
    line = '';
  }

  return {
    measure: (bytes) => {
      for (let at = 0; at < bytes.length; ) {
        const start = at;
        if (bytesLeft > 0) {
          at += Math.min(bytesLeft, bytes.length - at);
          bytesLeft -= at - start;
          if (bytesLeft === 0) stringsLeft--;
        } else {
          const end = bytes.indexOf('\n', at);
          at = end === -1 ? bytes.length : end + 1;
          line += bytes.toString('latin1', start, at).trim();
          if (end !== -1) onLine();
        }
        size += at - start;
        largest = Math.max(largest, size);
        if (stringsLeft === 0 && bytesLeft === 0 && line === '') size = 0;
      }
      return largest;
    },
  };
}
