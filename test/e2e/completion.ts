import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import { assertBuilt, programEnv } from '../helper/cli.js';

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

test.before(assertBuilt);

/** What bash would offer at the end of each line. */
const SCRIPT = `
mqadmin() { '${process.execPath}' '${BIN}' "$@"; }
source /dev/stdin <<< "$(mqadmin completion bash)"
for line in "$@"; do
  COMP_LINE=$line COMP_POINT=\${#line} COMP_WORDS=(mqadmin "\${line##*[ :=]}") COMP_CWORD=1
  _mqadmin
  printf '%s\\n' "\${COMPREPLY[*]}"
done
`;

test('bash completes our command lines, also behind its word breaks', async (t) => {
  const lines = ['mqadmin topic st', 'mqadmin topic list --output=j', 'mqadmin completion '];
  const { stdout } = await execa('bash', ['--norc', '-c', SCRIPT, 'bash', ...lines], {
    extendEnv: false,
    env: programEnv(),
  });
  t.deepEqual(
    stdout.split('\n').map((line) => line.trim().split(/\s+/)),
    [['status'], ['json'], ['bash', 'zsh', 'fish']],
  );
});
