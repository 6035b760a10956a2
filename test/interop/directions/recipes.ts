/** The recipes of docs/sandbox.md, as they stand there, run by the built program. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agentClassPath } from '../kit/artifacts.js';
import type { Playground } from '../kit/children.js';
import type { Report } from '../kit/report.js';
import { must } from '../kit/wait.js';

const BIN = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));
const DOCS = fileURLToPath(new URL('../../../docs/sandbox.md', import.meta.url));
const GO_MODULE = fileURLToPath(new URL('../go', import.meta.url));

export async function sandboxRecipes(playground: Playground, report: Report): Promise<void> {
  report.heading('recipes of docs/sandbox.md');
  const docs = await readFile(DOCS, 'utf8');
  const mqadmin = `'${process.execPath}' '${BIN}'`;

  /** Runs a script inside a sandbox. @returns what it said */
  const inSandbox = async (flags: string, script: string, cwd: string): Promise<string> => {
    const lines: string[] = [];
    const args = [BIN, 'sandbox', ...flags.split(' '), '--', 'sh', '-c', script];
    const env = { MQADMIN: `${process.execPath} ${BIN}` };
    const child = playground.spawn('sandbox', process.execPath, args, { cwd, env, onLine: (line) => lines.push(line) });
    const how = await child.ended;
    if (how !== 0) throw new Error(`ended with ${how}: ${child.tail()}`);
    return lines.join('\n');
  };

  await report.test('Java: sixteen redeliveries into the dead letter queue in seconds', async () => {
    const folder = await playground.newFolder('recipe-java');
    await writeFile(join(folder, 'DeadLetterCheck.java'), codeBlock(docs, 'java'));
    const classPath = await agentClassPath(playground, 'java5');
    const check = `${mqadmin} topic status %DLQ%settlement --json`;
    const said = await inSandbox(
      '--topics orders --groups settlement --time-scale 10000',
      `java -cp '${classPath}' DeadLetterCheck.java >&2 && ${check}`,
      folder,
    );
    const { queues } = JSON.parse(said) as { queues: Array<{ maxOffset: number }> };
    const dead = queues.reduce((sum, { maxOffset }) => sum + maxOffset, 0);
    must(dead === 1, `${dead} messages are in the dead letter queue`);
  });

  await report.test('Go: a message sent', async () => {
    const folder = await playground.newFolder('recipe-go');
    await writeFile(join(folder, 'main.go'), codeBlock(docs, 'go'));
    for (const file of ['go.mod', 'go.sum']) await copyFile(join(GO_MODULE, file), join(folder, file));
    const check = `${mqadmin} topic status orders --json`;
    const said = await inSandbox('--topics orders', `go run -mod=mod . >&2 && ${check}`, folder);
    const { queues } = JSON.parse(said) as { queues: Array<{ maxOffset: number }> };
    must(queues.reduce((sum, { maxOffset }) => sum + maxOffset, 0) === 1, 'the message is not there');
  });

  const python = await playground.spawn('python3', 'python3', ['--version']).ended;
  if (python !== 0) {
    report.note('python3 not found: its recipe is not run');
    return;
  }
  await report.test('Python: unit tests by way of the commands', async () => {
    const folder = await playground.newFolder('recipe-python');
    await writeFile(join(folder, 'test_orders.py'), codeBlock(docs, 'python'));
    await inSandbox('--topics orders', 'python3 -m unittest', folder);
  });
}

/** The only block of code in that language. */
function codeBlock(text: string, language: string): string {
  const blocks = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))];
  const [block] = blocks;
  if (block?.[1] === undefined || blocks.length > 1) throw new Error(`${blocks.length} blocks of ${language}`);
  return block[1];
}
