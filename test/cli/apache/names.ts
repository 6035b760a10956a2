import test from 'ava';
import { apacheNames, findApacheCommand } from '../../../src/cli/apache/names.js';
import { COMMON_OPTIONS, optionKey } from '../../../src/cli/apache/option.js';
import { usageText } from '../../../src/cli/apache/usage.js';

for (const name of apacheNames()) {
  test(`${name} has its row, found in any case`, async (t) => {
    for (const word of [name, name.toLowerCase(), name.toUpperCase()]) {
      const found = findApacheCommand(word);
      t.is(found?.name, name);
      const command = await found?.load();
      t.is(command?.name, name);
    }
  });

  test(`${name} declares flags that the parser can tell apart`, async (t) => {
    const command = await findApacheCommand(name)?.load();
    const options = [...(command?.options ?? []), ...COMMON_OPTIONS];
    const longs = options.map(({ long }) => long);
    t.deepEqual(longs, [...new Set(longs)], 'long names');
    const shorts = options.flatMap(({ short }) => (short === null ? [] : [short]));
    const doubled = shorts.filter((short, i) => shorts.indexOf(short) !== i);
    t.deepEqual(doubled, name === 'resetOffsetByTime' ? ['c'] : [], 'letters');
    t.true(options.every(({ description }) => description.length > 0));
    t.true(usageText(name, options).startsWith(`usage: mqadmin ${name} `));
    t.true(options.every((option) => usageText(name, options).includes(optionKey(option))));
  });
}

test('resetOffset stands for resetOffsetByTime', (t) => {
  t.is(findApacheCommand('resetOffset')?.name, 'resetOffsetByTime');
});

test('other words are no Apache name', (t) => {
  for (const word of ['topic', 'updateTopics', '', 'constructor', '__proto__']) t.is(findApacheCommand(word), null);
});

test('usage text is laid out as commons-cli does', (t) => {
  const options = [
    { short: 'b', long: 'brokerAddr', arg: true, group: 'g', groupRequired: true, description: 'broker' },
    { short: 'c', long: 'clusterName', arg: true, group: 'g', groupRequired: true, description: 'cluster' },
    { short: null, long: 'attributes', arg: true, description: 'edits' },
    { short: 'l', long: 'list', arg: false, description: 'w '.repeat(60).trim() },
    { short: 't', long: 'topic', arg: true, required: true, description: 'topic' },
  ];
  t.is(
    usageText('x', options),
    [
      'usage: mqadmin x [--attributes <arg>] -b <arg> | -c <arg>  [-l] -t <arg>',
      '    --attributes <arg>    edits',
      ' -b,--brokerAddr <arg>    broker',
      ' -c,--clusterName <arg>   cluster',
      ` -l,--list                ${'w '.repeat(42).trim()}`,
      `                          ${'w '.repeat(18).trim()}`,
      ' -t,--topic <arg>         topic',
      '',
    ].join('\n'),
  );
});
