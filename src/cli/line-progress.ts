// Progress in what programs print: [3/20], 15%, tqdm, ffmpeg, apt, pytest and their like. Pure.

/** As the program counts, or as a fraction: the fields of an update. */
export type LineProgress = { current: number; total: number } | { progress: number };

/** The progress in a line, or null. It remembers what an earlier line said of the whole: ffmpeg's duration. */
export type ProgressOf = (line: string) => LineProgress | null;

const COUNTERS = [
  // tqdm: " 45%|████▌     | 9/20 [00:04<00:05,  2.00it/s]"
  /\d%\|.*\|\s*(\d+)\/(\d+)\s/,
  // ninja, Docker's BuildKit, pacman: "[ 3/20] compiling", "(3/20) installing"
  /[[(]\s*(\d+)\s*\/\s*(\d+)\s*[\])]/,
  // "Step 3/20 : RUN make", "Epoch 3/20", "3/20 files"
  /^(?:\s*[A-Za-z]+\s+)?(\d+)\s*\/\s*(\d+)(?:\s|:|$)/,
];

const PERCENTS = [
  // tqdm with units: " 45%|████▌     | 9.00M/20.0M [00:04<00:05, 2.00MB/s]"
  /^(?:.*[\s:])?(\d{1,3}(?:\.\d+)?)%\|/,
  // pytest, apt, CMake: "[ 45%]"
  /\[\s*(\d{1,3}(?:\.\d+)?)\s*%\]/,
  // apt, pip, git: "45% [Working]", "Receiving objects:  45% (9/20)"
  /^(?:[\w .]+:)?\s*(\d{1,3}(?:\.\d+)?)\s*%(?:\s|$)/,
  // wget: "file.iso  45%[====>      ]"
  /\s(\d{1,3})%\s*\[/,
  // rsync: "  1,234,567  45%   12.34MB/s    0:00:12"
  /\s(\d{1,3})%\s+[\d.]+\s*[kMGT]?i?B\/s/,
  // curl -#: "#####          45.3%", and "progress: 45 %"
  /(?:^|[#\s.:=])(\d{1,3}(?:\.\d+)?)\s?%$/,
];

/** What dpkg and apt read before they do anything, and what ffmpeg and its codecs say at the end of how they did it. */
const NO_PROGRESS = /^\(?Reading |^Building dependency tree|^\[\w+ @ 0x|^video:/;

const DURATION = /Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)/;
const TIME = /\btime=(\d+):(\d\d):(\d\d(?:\.\d+)?)/;

export function createLineProgress(): ProgressOf {
  let durationSeconds = 0;
  return (line) => {
    if (/^Input #0,/.test(line)) durationSeconds = 0;
    const duration = secondsOf(DURATION.exec(line));
    // Of several inputs the longest.
    if (duration !== null) durationSeconds = Math.max(durationSeconds, duration);
    const time = secondsOf(TIME.exec(line));
    if (time !== null && durationSeconds > 0) return { progress: Math.min(1, time / durationSeconds) };
    return NO_PROGRESS.test(line) ? null : (countersOf(line) ?? percentOf(line));
  };
}

function countersOf(line: string): LineProgress | null {
  for (const pattern of COUNTERS) {
    const [, current, total] = pattern.exec(line) ?? [];
    // "[1/0]" is no progress, and neither is a date like 11/5.
    if (total !== undefined && Number(total) > 0 && Number(current) <= Number(total))
      return { current: Number(current), total: Number(total) };
  }
  return null;
}

function percentOf(line: string): LineProgress | null {
  for (const pattern of PERCENTS) {
    const percent = pattern.exec(line)?.[1];
    if (percent !== undefined && Number(percent) <= 100) return { progress: Number(percent) / 100 };
  }
  return null;
}

function secondsOf(match: RegExpExecArray | null): number | null {
  if (match === null) return null;
  const [, hours, minutes, seconds] = match;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}
