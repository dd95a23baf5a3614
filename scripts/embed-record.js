// Puts src/stores/record.lua into the Python publisher, which is one file to copy. A test holds the two to each other.
import { readFileSync, writeFileSync } from 'node:fs';

const PUBLISHER = 'src/publish/publish_progress.py';
const BEFORE = 'RECORD_SCRIPT = r"""';
const AFTER = '"""\nRECORD_SHA';

const script = readFileSync('src/stores/record.lua', 'utf8');
if (script.includes('"""')) throw new Error('record.lua must not hold """: it would end the Python string');
const publisher = readFileSync(PUBLISHER, 'utf8');
const start = publisher.indexOf(BEFORE) + BEFORE.length;
const end = publisher.indexOf(AFTER, start);
if (start < BEFORE.length || end === -1) throw new Error(`${PUBLISHER} has no place for record.lua`);
writeFileSync(PUBLISHER, publisher.slice(0, start) + script + publisher.slice(end));
