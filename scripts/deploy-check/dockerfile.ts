// Does the steps of the Dockerfile without Docker. What its base images bring, Node above all, is taken from this machine.
// It knows the instructions that our Dockerfile has, and refuses others.
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from './command.ts';
import type { Built } from './platforms.ts';
import type { Step } from './steps.ts';

/** An instruction, with the lines on which it goes on. */
interface Instruction {
  name: string;
  rest: string;
}

export function instructionsOf(dockerfile: string): Instruction[] {
  const lines = dockerfile.replace(/\\\n\s*/g, '').split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ name: line.split(' ', 1)[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }));
}

/** What reaches the build. All is left out but what a line with ! names. */
export function contextOf(dockerignore: string): string[] {
  const lines = dockerignore.split('\n');
  if (!lines.includes('*')) throw new Error('.dockerignore must leave out all but what it names');
  return lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
}

export async function buildImage(folder: string, step: Step): Promise<Built | undefined> {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const context = contextOf(read('.dockerignore'));
  const stages = new Map<string, Built>();
  let stage: Built = { folder, command: [], env: {} };

  function begin(rest: string) {
    const name = / AS (\w+)$/.exec(rest)?.[1] ?? 'last';
    stage = { folder: join(folder, `stage-${name}`), command: [], env: {} };
    mkdirSync(stage.folder);
    stages.set(name, stage);
  }

  function copy(rest: string) {
    const [flag = '', from] = /^--from=(\w+) /.exec(rest) ?? [];
    const source = from === undefined ? folder : (stages.get(from)?.folder ?? '');
    const given = rest.slice(flag.length).split(' ');
    const target = given.pop() ?? '';
    for (const path of given[0] === '.' ? context : given) {
      if (from === undefined && !context.includes(path)) throw new Error(`.dockerignore leaves out ${path}`);
      const isFile = /\.\w+$/.test(path);
      const to = target === './' || target === '.' ? basename(path) : target;
      cpSync(join(source, path.replace('/app/', '')), join(stage.folder, to), { recursive: !isFile });
    }
  }

  async function follow({ name, rest }: Instruction): Promise<boolean> {
    if (name === 'FROM') begin(rest);
    else if (name === 'COPY') copy(rest);
    else if (name === 'CMD') stage = { ...stage, command: JSON.parse(rest) };
    else if (name === 'ENV') stage = { ...stage, env: Object.fromEntries(rest.split(' ').map(pairOf)) };
    else if (name === 'RUN' && !rest.startsWith('apk add '))
      return step(rest, () => run(rest, stage.folder, stage.env));
    else if (!IS_FOR_DOCKER.has(name)) throw new Error(`The Dockerfile's ${name} is not known here`);
    return true;
  }

  for (const instruction of instructionsOf(read('Dockerfile')))
    if (!(await follow(instruction))) return undefined;
  return stage;
}

/** What they ask for is what the trial does anyway, or can't be had without Docker. */
const IS_FOR_DOCKER = new Set(['RUN', 'WORKDIR', 'USER', 'EXPOSE', 'HEALTHCHECK']);

function pairOf(pair: string): [string, string] {
  const [name = '', value = ''] = pair.split('=', 2);
  return [name, value];
}
