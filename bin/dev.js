#!/usr/bin/env node
// Runs from the sources, without a build.
import { register } from 'tsx/esm/api';

register();
const { run } = await import('../src/cli/run.ts');
process.exit(await run());
