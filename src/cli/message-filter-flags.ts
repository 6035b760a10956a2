import type { MessageFilter } from '../admin/message-filter.js';
import { flag } from './flags.js';
import { regexOf, WHERE_HELP, whereTest } from './message-where.js';

/** Flags that choose messages, the same in every command that reads them. */
export const FILTER_FLAGS = {
  tag: flag.string({ description: 'only these tags: a || b', helpValue: '<expression>', exclusive: ['sql'] }),
  sql: flag.text({
    description: 'only messages that this SQL92 expression fits, evaluated by the broker',
    helpValue: '<expression>',
  }),
  key: flag.string({ char: 'k', description: 'only messages with this key', helpValue: '<key>' }),
  property: flag.strings({ char: 'P', description: 'only messages with this property', helpValue: '<name=value>' }),
  'body-match': flag.text({ description: 'only bodies that this regular expression matches', helpValue: '<regex>' }),
  where: flag.strings({ description: `only messages that fit: ${WHERE_HELP}; may be repeated`, helpValue: '<test>' }),
};

interface FilterValues {
  readonly tag: string | undefined;
  readonly sql: string | undefined;
  readonly key: string | undefined;
  readonly property: readonly string[];
  readonly 'body-match': string | undefined;
  readonly where: readonly string[];
}

/** The filter that the flags describe. @throws UsageError */
export function filterOf(flags: FilterValues): MessageFilter {
  const pattern = flags['body-match'];
  return {
    tags: flags.tag ?? null,
    sql: flags.sql ?? null,
    key: flags.key ?? null,
    bodyMatch: pattern === undefined ? null : regexOf(pattern, '--body-match'),
    tests: [
      ...flags.property.map((text) => whereTest(`property.${text}`, '--property')),
      ...flags.where.map((text) => whereTest(text)),
    ],
  };
}
