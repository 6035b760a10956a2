/**
 * Manual pages, rendered from the tables that parser and help use: one for each command, and an overview.
 *
 * Source: mdoc(7)
 */
import type { ApacheCommand } from './apache/command.js';
import { COMMAND_OF_APACHE_NAME } from './apache/modern-names.js';
import { apacheNames, findApacheCommand } from './apache/names.js';
import type { CommandClass } from './command.js';
import { commandIds, findCommand } from './command-files.js';
import { EXIT_CODE_TEXT } from './exit-code.js';
import type { Flag, FlagTable } from './flags.js';
import { COMMON_FLAGS, GLOBAL_FLAGS, WATCH_FLAGS } from './global-flags.js';
import { literal, prose, word } from './mdoc.js';
import { formatDuration } from './render/units.js';
import { SETTINGS, type SettingName } from './setting-table.js';
import { POSITION_HELP } from './time-syntax.js';

/** Every page needs a date; this one is changed by hand, so that the same tables always make the same pages. */
const DATE = 'November 22, 2026';

/** Wider command lines in examples are continued on a second line: a page of 78 columns indents them by 11. */
const EXAMPLE_WIDTH = 66;

/** Apache subcommands that do the work of a further command too. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  'consumer create': ['updateSubGroup'],
  'topic create': ['updateTopic'],
  'topic create-static': ['updateStaticTopic'],
  'topic delete-order-conf': ['updateOrderConf'],
  'topic get-order-conf': ['updateOrderConf'],
};

type WithoutFlag = { [K in SettingName]: (typeof SETTINGS)[K]['flag'] extends null ? K : never }[SettingName];

/** What settings mean that no flag describes. */
const SETTING_TEXT: Readonly<Record<WithoutFlag, string>> = {
  secretKey: 'secret key that requests are signed with; a file is safer',
  addressMap: 'advertised=reachable pairs separated by commas, for brokers behind a tunnel or NAT',
  readOnly: 'true refuses all commands that write',
  protected: 'true asks before every write, also the harmless ones',
};

const SETTINGS_PAGE = 'mqadmin.yaml';

/** What the value of a key looks like, where the flag of the same name does not say it. */
const SETTING_DETAIL: Readonly<Partial<Record<SettingName, string>>> = {
  namesrv: 'name servers: host:port;host:port or a list; a missing port is 9876, without any it is 127.0.0.1:9876',
  output: 'form of the result: table, wide, json, ndjson, yaml, csv or name',
  secretKey: 'secret key that requests are signed with; it counts before secretKeyFile, which is safer',
  addressMap:
    'leads from the address that a broker advertises to one that is reached from here; a host with its port counts ' +
    'before a bare host, which keeps the port unless its target names one; in the environment advertised=reachable ' +
    'pairs separated by commas',
  readOnly: 'true refuses every command that writes, with exit code 4, before anything is sent',
  protected: 'true asks before every write, also the harmless ones; off a terminal these need --yes then',
};

const OVERVIEW_EXAMPLES = [
  { description: 'See it at work, without a cluster', command: 'mqadmin demo' },
  { description: 'A name server and a broker on this machine', command: 'mqadmin up' },
  { description: 'Topics of a cluster', command: 'mqadmin topic list -n 10.0.0.1:9876' },
  { description: 'Groups that lag most', command: 'mqadmin consumer progress --sort -lag' },
  { description: 'Messages as they come', command: 'mqadmin tail orders --output ndjson' },
  { description: 'Tests against a cluster of their own', command: 'mqadmin sandbox --topic orders -- npm test' },
] as const;

/** A command with the Apache subcommands it stands in for. */
interface Subject {
  /** `topic create` */
  readonly id: string;
  readonly command: CommandClass;
  readonly apache: readonly ApacheCommand[];
}

/**
 * Renders all pages.
 *
 * @param nouns what each noun is about: `oclif.topics` of package.json
 * @returns file name to mdoc source, sorted
 * @throws Error when an Apache name has no command to be shown with
 */
export async function manPages(
  nouns: Readonly<Record<string, { readonly description: string }>>,
): Promise<Map<string, string>> {
  const stray = apacheNames().find((name) => COMMAND_OF_APACHE_NAME[name] === undefined);
  if (stray !== undefined) throw new Error(`${stray} needs a row in src/cli/apache/modern-names.ts`);
  const subjects = await Promise.all(commandIds().map(subjectOf));
  const pages = subjects.map((subject) => [`${pageName(subject.id)}.1`, commandPage(subject, subjects)] as const);
  return new Map([['mqadmin.1', overviewPage(subjects, nouns)], ...pages, [`${SETTINGS_PAGE}.5`, settingsPage()]]);
}

async function subjectOf(id: string): Promise<Subject> {
  const names = apacheNames().filter((name) => COMMAND_OF_APACHE_NAME[name] === id || ALSO[id]?.includes(name));
  const [command, ...apache] = await Promise.all([
    findCommand(id.split(' '))?.load(),
    ...names.map((name) => findApacheCommand(name)?.load()),
  ]);
  return { id, command: command as CommandClass, apache: apache as ApacheCommand[] };
}

const pageName = (id: string): string => `mqadmin-${id.replaceAll(' ', '-')}`;
const nounOf = (id: string): string => (id.includes(' ') ? (id.split(' ', 1)[0] as string) : '');
const summaryOf = ({ summary }: CommandClass): string =>
  summary.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());

function commandPage({ id, command, apache }: Subject, all: readonly Subject[]): string {
  const { spec, allFlags } = command;
  const [ownFlags, globalFlags] = splitFlags(allFlags);
  const siblings = all.filter((other) => nounOf(other.id) === nounOf(id) && other.id !== id).map(({ id }) => id);
  return page(pageName(id), summaryOf(command), [
    ['SYNOPSIS', [`.Nm mqadmin Cm ${id}`, ...synopsisOf(command)]],
    [
      'DESCRIPTION',
      [
        ...prose(spec.description ?? `${capital(spec.summary)}.`),
        ...(spec.writes === true ? ['.Pp', ...prose('It is refused in a context that is read-only.')] : []),
      ],
    ],
    ['ARGUMENTS', argumentList(command)],
    [
      'FLAGS',
      [
        ...flagList(ownFlags),
        ...(Object.keys(ownFlags).length === 0 ? [] : ['.Pp']),
        'The following flags are explained in',
        '.Xr mqadmin 1 :',
        ...commaLines(Object.keys(globalFlags), (name) => `.Fl \\-${word(name)}`, ' .'),
      ],
    ],
    ['EXIT STATUS', exitList(exitCodes(command))],
    ['EXAMPLES', exampleList(spec.examples)],
    ['APACHE NAMES', apache.length === 0 ? [] : apacheSynopsis(apache)],
    ['SEE ALSO', seeAlso(['mqadmin', ...siblings.map(pageName)])],
  ]);
}

function overviewPage(subjects: readonly Subject[], nouns: Readonly<Record<string, { description: string }>>): string {
  const verbs = subjects.filter(({ id }) => nounOf(id) === '');
  const groups = [...new Set(subjects.map(({ id }) => nounOf(id)))].filter((noun) => noun !== '');
  return page('mqadmin', 'administer Apache RocketMQ, and run it', [
    [
      'SYNOPSIS',
      [
        '.Nm',
        '.Ar noun verb',
        '.Op Ar name ...',
        '.Op Ar flags',
        '.Nm',
        '.Ar verb',
        '.Op Ar name ...',
        '.Op Ar flags',
        '.Nm',
        '.Ar apacheName',
        '.Op Ar flags',
        '.Nm',
        '.Cm help',
        '.Op Ar command',
      ],
    ],
    [
      'DESCRIPTION',
      [
        '.Nm',
        ...prose(
          'administers RocketMQ clusters of 4.9 and 5.x over their own protocol, and brings a name server and a broker ' +
            'of its own. Results go to standard output, everything else to standard error.\n\n' +
            'Commands that take something away show what will change and ask on a terminal; elsewhere they need --yes. ' +
            'Unknown is never 0: it is null with a reason in JSON, and a result that lacks the part of a broker ends ' +
            'with exit code 7.',
        ),
      ],
    ],
    [
      'COMMANDS',
      [
        'Each has a page of its own, such as',
        `.Xr ${pageName(subjects[0]?.id ?? '')} 1 .`,
        '.Pp',
        ...commandList(verbs),
        ...groups.flatMap((noun) => nounSection(noun, subjects, nouns)),
      ],
    ],
    [
      'GLOBAL FLAGS',
      [
        ...prose(
          'All commands that talk to a cluster take these flags after their names; --namesrv, --context, --timeout, ' +
            '--output, --json, --tls, --color, --yes, --no-input and --debug may stand before the names as well. ' +
            `Commands that run something here take ${sentenceList(Object.keys(COMMON_FLAGS).map((name) => `--${name}`))} only.`,
        ),
        ...flagList(GLOBAL_FLAGS),
        '.Pp',
        ...prose('Commands that show a state that changes also take:'),
        ...flagList(WATCH_FLAGS),
      ],
    ],
    [
      'TIMES AND POSITIONS',
      [
        ...prose(
          'Durations are numbers with units: 500ms, 10s, 1h30m, 2d. Times are now, -1h, +10m, milliseconds since the ' +
            'epoch, 2026-01-01T10:00Z (local time without a zone), and 2026-01-01#10:00:00:000.\n\n' +
            `Positions in a queue are written ${POSITION_HELP}. -10 is 10 messages before the end, +10 is 10 after the ` +
            'start, a number without sign is a queue offset, and @ names the first message stored at a time or later.',
        ),
      ],
    ],
    ['CONFIGURATION', configuration()],
    ['ENVIRONMENT', environment()],
    ['FILES', files()],
    ['EXIT STATUS', [...exitList(Object.keys(EXIT_CODE_TEXT).map(Number)), '.Pp', ...prose(APACHE_EXIT_TEXT)]],
    ['EXAMPLES', exampleList(OVERVIEW_EXAMPLES)],
    ['APACHE NAMES', apacheTable(subjects)],
    [
      'SEE ALSO',
      seeAlso(
        subjects.map(({ id }) => pageName(id)),
        [SETTINGS_PAGE],
      ),
    ],
  ]);
}

const APACHE_EXIT_TEXT =
  'The codes hold under the names of Apache as well. This is a deliberate difference: the tool of Apache ends with 0 ' +
  'after most failures.';

/** A whole page; sections without lines are left out. */
function page(
  name: string,
  summary: string,
  sections: ReadonlyArray<readonly [title: string, lines: readonly string[]]>,
  manualSection = 1,
): string {
  const lines = [
    '.\\" Generated by "npm run man" from the tables of the commands: edit those.',
    `.Dd ${DATE}`,
    `.Dt ${name.toUpperCase()} ${manualSection}`,
    '.Os',
    '.Sh NAME',
    `.Nm ${name}`,
    `.Nd ${literal(summary)}`,
    ...sections.flatMap(([title, body]) => (body.length === 0 ? [] : [`.Sh ${title}`, ...body])),
  ];
  return `${lines.join('\n')}\n`;
}

/** Arguments, flags that must be there, and `[flags]`. */
function synopsisOf({ spec, allFlags }: CommandClass): string[] {
  const args = Object.entries(spec.args ?? {}).map(([name, { required, many }]) => {
    const shown = `Ar ${word(name)}${many === true ? ' ...' : ''}`;
    return required ? `.${shown}` : `.Op ${shown}`;
  });
  const all = Object.entries(allFlags);
  const required = all.filter(([, flag]) => flag.required === true).map((each) => `.${flagWithValue(...each)}`);
  const groups = [...new Set(all.flatMap(([, { group, groupRequired }]) => (groupRequired === true ? [group] : [])))];
  const choices = groups.flatMap((group) => {
    const members = all.filter(([, flag]) => flag.group === group).map((each) => flagWithValue(...each));
    const line = `.Brq ${members.join(' | ')}`;
    if (line.length <= 80) return [line];
    return ['.Bro', ...members.map((member, i) => `.${member}${i === members.length - 1 ? '' : ' |'}`), '.Brc'];
  });
  const rest = spec.takesRest === true ? ['.Fl \\-', '.Ar command ...'] : [];
  return [...args, ...required, ...choices, '.Op Ar flags', ...rest];
}

function argumentList({ spec }: CommandClass): string[] {
  const items = Object.entries(spec.args ?? {}).map(([name, { description, flag, options, required }]) => {
    const facts = [
      description,
      options === undefined ? '' : `one of ${options.join(', ')}`,
      required ? '' : 'may be left out',
      flag === undefined ? '' : `also ${flag.char === undefined ? '' : `-${flag.char}, `}--${flag.name}`,
    ];
    return [`.It Ar ${word(name)}`, ...prose(facts.filter((fact) => fact !== '').join('; '))];
  });
  return items.length === 0 ? [] : tagList(items);
}

/** Own flags and global ones; a flag of a command's own may have the name of a global one. */
function splitFlags(flags: FlagTable): [own: FlagTable, global: FlagTable] {
  const isGlobal = ([, { helpGroup }]: [string, Flag]): boolean => helpGroup === 'GLOBAL';
  const all = Object.entries(flags);
  return [Object.fromEntries(all.filter((each) => !isGlobal(each))), Object.fromEntries(all.filter(isGlobal))];
}

function flagList(flags: FlagTable): string[] {
  const items = Object.entries(flags).map(([name, flag]) => {
    const long = [name, ...(flag.aliases ?? []), ...(flag.allowNo === true ? [`no-${name}`] : [])];
    const spellings = [...(flag.char === undefined ? [] : [flag.char]), ...long.map((each) => `-${each}`)];
    const value = flag.type === 'option' ? ` Ar ${placeholderOf(flag)}` : '';
    return [`.It Fl ${spellings.map(word).join(' , ')}${value}`, ...prose(flagText(name, flag, flags))];
  });
  return items.length === 0 ? [] : tagList(items);
}

function flagText(name: string, flag: Flag, flags: FlagTable): string {
  const others = Object.keys(flags).filter(
    (other) => other !== name && flag.group !== undefined && flags[other]?.group === flag.group,
  );
  const excluded = [...new Set([...others, ...(flag.exclusive ?? [])])].map((other) => `--${other}`);
  const facts = [
    flag.description,
    flag.options === undefined ? '' : `one of ${flag.options.join(', ')}`,
    flag.required === true ? 'required' : '',
    flag.groupRequired === true ? `required unless ${others.map((other) => `--${other}`).join(' or ')} is given` : '',
    flag.groupRequired !== true && excluded.length > 0 ? `not together with ${excluded.join(' or ')}` : '',
    flag.multiple === true ? 'may be given several times' : '',
    flag.type === 'option' && !/\bdefault\b/.test(flag.description) ? defaultText(flag) : '',
  ];
  return facts.filter((fact) => fact !== '').join('; ');
}

function defaultText({ default: value, helpValue }: Flag): string {
  if (typeof value === 'number') return `${helpValue === '<time>' ? formatDuration(value) : value} by default`;
  return typeof value === 'string' ? `${value} by default` : '';
}

const placeholderOf = (flag: Flag): string => word(flag.helpValue?.replace(/^<(.*)>$/, '$1') ?? 'value');

const flagWithValue = (name: string, flag: Flag): string =>
  `Fl \\-${word(name)}${flag.type === 'option' ? ` Ar ${placeholderOf(flag)}` : ''}`;

/** The codes that help names; its text is the one place that has them all. */
function exitCodes({ description }: CommandClass): number[] {
  const [, list = ''] = description.split('Exit codes: ');
  return list.split(' · ').map((entry) => Number.parseInt(entry, 10));
}

function exitList(codes: readonly number[]): string[] {
  const texts: Readonly<Record<number, string>> = EXIT_CODE_TEXT;
  return tagList(
    codes.map((code) => [`.It ${code}`, ...prose(texts[code] as string)]),
    '-width 999 -compact',
  );
}

function exampleList(examples: ReadonlyArray<{ readonly description: string; readonly command: string }>): string[] {
  return examples.flatMap(({ description, command }, i) => [
    ...(i === 0 ? [] : ['.Pp']),
    ...prose(`${capital(description)}:`),
    '.Bd -literal -offset indent',
    ...continued(command).map(literal),
    '.Ed',
  ]);
}

/** A long command line on two lines, as a shell allows: parted before a flag if possible. */
function continued(command: string): string[] {
  if (command.length <= EXAMPLE_WIDTH) return [command];
  const beforeFlag = command.lastIndexOf(' -', EXAMPLE_WIDTH - 2);
  const at = beforeFlag < 0 ? command.lastIndexOf(' ', EXAMPLE_WIDTH - 2) : beforeFlag;
  return [`${command.slice(0, at)} \\`, `    ${command.slice(at + 1)}`];
}

function apacheSynopsis(commands: readonly ApacheCommand[]): string[] {
  return [
    ...prose('For scripts, with the flags and the output of Apache, and without questions; -n and -h are taken too:'),
    ...commands.flatMap(({ name, options }) => {
      const named = options.map(({ short, long, arg, ...more }) => {
        const flag = `Fl ${word(short ?? `-${long}`)}${arg ? ` Ar ${word(long)}` : ''}`;
        return { ...more, flag };
      });
      const groups = [...new Set(named.flatMap(({ group }) => group ?? []))].map((group) => {
        const members = named.filter((option) => option.group === group);
        const isRequired = members.some(({ groupRequired }) => groupRequired === true);
        return `.${isRequired ? 'Brq' : 'Op'} ${members.map(({ flag }) => flag).join(' | ')}`;
      });
      const single = named.filter(({ group }) => group === undefined);
      return [
        '.Pp',
        `.Nm mqadmin Cm ${name}`,
        ...(named.length === 0 ? [] : ['.Bk -words']),
        ...groups,
        ...single.filter(({ required }) => required === true).map(({ flag }) => `.${flag}`),
        ...single.filter(({ required }) => required !== true).map(({ flag }) => `.Op ${flag}`),
        ...(named.length === 0 ? [] : ['.Ek']),
      ];
    }),
  ];
}

function apacheTable(subjects: readonly Subject[]): string[] {
  const rows = apacheNames().map((name) => {
    const ids = subjects.filter(({ apache }) => apache.some((each) => each.name === name)).map(({ id }) => id);
    return [`.It Cm ${name}`, ...ids.flatMap((id, i) => [...(i === 0 ? [] : ['and']), `.Cm ${id}`])];
  });
  return [
    ...prose(
      'The names of the subcommands of Apache are taken too, in any case, with its flags in all the spellings that its ' +
        'parser knows, and then print its columns and lines: old scripts go on. These names never ask. Help for one is ' +
        'shown by mqadmin help updateTopic. Those understood, with the commands that do the same:',
    ),
    '.Pp',
    ...tagList(rows, '-width queryMsgByUniqueKey -compact'),
  ];
}

function commandList(subjects: readonly Subject[]): string[] {
  return tagList(
    subjects.map(({ id, command }) => [`.It Cm ${id}`, ...prose(summaryOf(command))]),
    '-width "message query-by-offset" -compact',
  );
}

function nounSection(
  noun: string,
  subjects: readonly Subject[],
  nouns: Readonly<Record<string, { description: string }>>,
): string[] {
  const about = nouns[noun]?.description;
  return [
    `.Ss ${noun}${about === undefined ? '' : ` \\(em ${literal(about)}`}`,
    ...commandList(subjects.filter(({ id }) => nounOf(id) === noun)),
  ];
}

/** mqadmin.yaml(5): the project file and the file of contexts. */
function settingsPage(): string {
  return page(
    SETTINGS_PAGE,
    'settings of mqadmin',
    [
      [
        'DESCRIPTION',
        [
          '.Xr mqadmin 1',
          ...prose(
            'takes a setting from the first of these places that has it: a flag, the environment, the project file, the ' +
              'context in use, the default. Where each value came from is shown by mqadmin config explain.\n\n' +
              'The project file is .mqadmin.yaml in the working folder, or in the nearest folder above that has one. It ' +
              'holds keys with their values, and may choose a context with the key context.\n\n' +
              'The file of contexts is config.yaml in the folder mqadmin of $XDG_CONFIG_HOME, by default ~/.config. Under ' +
              'the key contexts it has the same keys for each context by its name; currentContext names the one in use ' +
              'when neither --context, nor MQADMIN_CONTEXT, nor the project file names another. The commands mqadmin ' +
              'context create, update, use and delete write it.\n\n' +
              'Paths are relative to the file that names them, and ~ is the home folder. A file that begins with { is read ' +
              'as JSON, which takes less time than YAML.',
          ),
        ],
      ],
      ['KEYS', settingsList()],
      [
        'FILES',
        tagList([
          ['.It Pa .mqadmin.yaml', 'the project file'],
          ['.It Pa \\(ti/.config/mqadmin/config.yaml', 'the file of contexts'],
        ]),
      ],
      [
        'EXAMPLES',
        [
          'Three clusters, one of them reached through a tunnel:',
          ...literalBlock([
            'currentContext: dev',
            'contexts:',
            '  dev:',
            '    namesrv: 127.0.0.1:9876',
            '  prod:',
            '    namesrv: [10.1.0.11:9876, 10.1.0.12:9876]',
            '    timeout: 5s',
            '    accessKey: operator',
            '    secretKeyFile: ~/.secrets/prod',
            '    protected: true',
            '  prod-by-tunnel:',
            '    namesrv: localhost:19876',
            '    addressMap:',
            '      10.1.0.21:10911: localhost:11911',
            '      10.1.0.22: tunnel.example',
            '    readOnly: true',
          ]),
          '.Pp',
          'A project file that chooses one of them:',
          ...literalBlock(['context: dev', 'timeout: 30s']),
        ],
      ],
      ['SEE ALSO', seeAlso(['mqadmin', 'mqadmin-config-explain', 'mqadmin-context-create'])],
    ],
    5,
  );
}

/** Every key with what it means, its variables and its flag. */
function settingsList(): string[] {
  return tagList(
    Object.entries(SETTINGS).map(([name, { key, env, flag }]) => {
      const text = SETTING_DETAIL[name as SettingName] ?? (flag === null ? null : GLOBAL_FLAGS[flag].description);
      const facts = [text ?? '', flag === null ? '' : `flag --${flag}`, `environment ${env.join(' or ')}`];
      return [`.It Cm ${word(key)}`, ...prose(facts.filter((fact) => fact !== '').join('; '))];
    }),
  );
}

const literalBlock = (lines: readonly string[]): string[] => [
  '.Bd -literal -offset indent',
  ...lines.map(literal),
  '.Ed',
];

function configuration(): string[] {
  const keys = Object.values(SETTINGS).map(({ key }) => key);
  return [
    ...prose(
      'A value comes from the first of these places that has it: a flag, the environment, the project file, the ' +
        'context, the default. Without any, the name server is 127.0.0.1:9876.\n\n' +
        'The project file holds keys and values in YAML; its key context chooses a context. The context file has ' +
        'several sets of values by name:',
    ),
    ...literalBlock([
      'currentContext: staging',
      'contexts:',
      '  staging:',
      '    namesrv: 10.0.0.1:9876;10.0.0.2:9876',
      '    addressMap:',
      '      10.0.0.7:10911: 127.0.0.1:10911',
      '  production:',
      '    namesrv: 10.1.0.1:9876',
      '    protected: true',
    ]),
    '.Pp',
    ...prose(`The keys are ${keys.join(', ')}; they are explained in`),
    `.Xr ${SETTINGS_PAGE} 5 .`,
  ];
}

function environment(): string[] {
  const settings = Object.entries(SETTINGS).map(([name, { env, flag }]) => [
    `.It Ev ${env.map(word).join(' , ')}`,
    ...prose(flag === null ? SETTING_TEXT[name as WithoutFlag] : likeFlag(flag)),
  ]);
  const more: ReadonlyArray<readonly [names: string, text: string]> = [
    ['MQADMIN_CONTEXT', 'as --context'],
    ['NO_COLOR , FORCE_COLOR , TERM', 'no colour with NO_COLOR or on a dumb terminal; FORCE_COLOR wins'],
    ['ROCKETMQ_HOME', 'where the installation of Apache is, whose conf/tools.yml may hold keys'],
    ['XDG_CONFIG_HOME , XDG_DATA_HOME', 'where the folders of configuration and data are'],
  ];
  return tagList([...settings, ...more.map(([names, text]) => [`.It Ev ${names}`, ...prose(text)])]);
}

function likeFlag(name: keyof typeof GLOBAL_FLAGS): string {
  return GLOBAL_FLAGS[name].type === 'boolean' ? `true is as --${name}` : `as --${name}`;
}

function files(): string[] {
  const rows: ReadonlyArray<readonly [path: string, text: string]> = [
    ['.mqadmin.yaml', 'the project file, in the current folder or one above'],
    ['~/.config/mqadmin/config.yaml', 'the context file'],
    ['$ROCKETMQ_HOME/conf/tools.yml', 'accessKey and secretKey, where no other place names them'],
    ['~/.local/share/mqadmin', 'what the servers store that are not told where'],
  ];
  return tagList(rows.map(([path, text]) => [`.It Pa ${word(path)}`, ...prose(text)]));
}

function seeAlso(commands: readonly string[], files: readonly string[] = []): string[] {
  return commaLines(
    [...commands.map((name) => `${name} 1`), ...files.map((name) => `${name} 5`)],
    (page) => `.Xr ${page}`,
    '',
  );
}

/** Macro lines with commas between them. */
function commaLines(names: readonly string[], macro: (name: string) => string, end: string): string[] {
  return names.map((name, i) => `${macro(name)}${i === names.length - 1 ? end : ' ,'}`);
}

function tagList(items: ReadonlyArray<readonly string[]>, options = '-width Ds'): string[] {
  return [`.Bl -tag ${options}`, ...items.flat(), '.El'];
}

/** `a, b and c` */
function sentenceList(parts: readonly string[]): string {
  return [parts.slice(0, -1).join(', '), ...parts.slice(-1)].filter((part) => part !== '').join(' and ');
}

function capital(text: string): string {
  return text.replace(/^[a-z]/, (letter) => letter.toUpperCase());
}
