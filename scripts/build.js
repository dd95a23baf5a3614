// Bundles the service and its command line into dist/.
import { build } from 'esbuild';
import { bundleOptions, copyLuaScripts } from './bundle.js';

await build(bundleOptions);
copyLuaScripts();
