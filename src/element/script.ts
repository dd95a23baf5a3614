// `/run-progress.js`: self-contained, for a script tag of either type, module or classic. The directory it came from is
// the default server.
import type { RunProgressElement } from './run-progress-element.ts';
import './define.ts';

// A classic script has no `import.meta`, a module no `currentScript`; a stack names the file in both.
const [address = ''] = /https?:\/\/[^\s)?#]*\//.exec(new Error().stack ?? '') ?? [];
// Where the npm export came first the registered class is its own, not the one bundled here.
const registered = customElements.get('run-progress') as typeof RunProgressElement;
registered.defaultServer ||= address;
