// A log line as a terminal would show it in the end: jobs hand on what ffmpeg, pip or tqdm wrote for one.

// CSI sequences (colours, cursor), OSC sequences (titles, links), and the short ones.
const ESCAPES =
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])|\x9b[0-?]*[ -/]*[@-~]/g;

/** Without escape codes; of a line that was written over, what was written last. */
export function plainText(text: string): string {
  return text
    .replace(ESCAPES, '')
    .replace(/\r+(?=\n|$)/g, '')
    .replace(/[^\n]*\r/g, '');
}
