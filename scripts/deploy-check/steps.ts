// What was tried, how long it took, and whether it went well.

interface Row {
  platform: string;
  what: string;
  isFine: boolean;
  seconds: number;
}

/** Does one thing, and notes it. False when it failed: what builds on it is then left out. */
export type Step = (what: string, act: () => unknown) => Promise<boolean>;

export interface Steps {
  of(platform: string): Step;
  readonly failed: number;
}

/** Prints a table, a row as each step is done. */
export function createSteps(print: (line: string) => void): Steps {
  let failed = 0;
  print('platform result     time  what was tried');
  return {
    get failed() {
      return failed;
    },
    of: (platform) => async (what, act) => {
      const since = performance.now();
      const note = (isFine: boolean) => {
        if (!isFine) failed++;
        print(line({ platform, what, isFine, seconds: (performance.now() - since) / 1000 }));
      };
      try {
        await act();
        note(true);
        return true;
      } catch (error) {
        note(false);
        print(indented(error));
        return false;
      }
    },
  };
}

function line({ platform, what, isFine, seconds }: Row): string {
  return `${platform.padEnd(8)} ${isFine ? 'ok    ' : 'FAILED'} ${seconds.toFixed(1).padStart(6)} s  ${what}`;
}

function indented(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^/gm, '         ');
}
