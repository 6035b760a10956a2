#!/usr/bin/env node
// Not imported: an ES module gets all names of a module of Node, which loads even the streams of node:fs.
const { readFileSync, writeFileSync } = process.getBuiltinModule('node:fs');
const { createRequire, enableCompileCache } = process.getBuiltinModule('node:module');
const { dirname } = process.getBuiltinModule('node:path');
const { fileURLToPath } = process.getBuiltinModule('node:url');

const file = fileURLToPath(new URL('../dist/src/cli/run.cjs', import.meta.url));
const require = createRequire(file);

process.exit(await (enableCompileCache === undefined ? runCached() : runPlain()));

/** From Node 22.1 on, Node itself keeps compiled code between runs. */
function runPlain() {
  enableCompileCache();
  return require(file).run();
}

/** Before, the build leaves the compiled code beside the file. V8 refuses what another version wrote and compiles anew. */
async function runCached() {
  const { Script } = process.getBuiltinModule('node:vm');
  const cache = `${file}.${process.version}.cache`;
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'utf8')}\n})`;
  const script = new Script(source, { filename: file, cachedData: readOrNothing(cache) });
  const loaded = { exports: {} };
  script.runInThisContext()(loaded.exports, require, loaded, file, dirname(file));
  const exitCode = await loaded.exports.run();
  if (process.env.MQADMIN_WRITE_CODE_CACHE) writeFileSync(cache, script.createCachedData());
  return exitCode;
}

function readOrNothing(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
