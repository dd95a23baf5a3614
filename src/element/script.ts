// `/run-progress.js`: the self-contained module for a script tag. Its own origin is the default server, which elements
// ask for only after this has run.
import { RunProgressElement } from './define.ts';

RunProgressElement.defaultServer = new URL(import.meta.url).origin;
