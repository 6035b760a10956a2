#!/usr/bin/env -S node --import=tsx
// Runs from the sources, without a build.
const [{ main }, { processIo }] = await Promise.all([import('../src/cli/main.ts'), import('../src/cli/process-io.ts')]);
process.exit(await main(process.argv.slice(2), processIo()));
