/** Message selectors and properties to try them on: written by hand, and made of a seed. */
import fc from 'fast-check';

export interface SelectorCase {
  readonly selector: string;
  readonly properties: readonly Readonly<Record<string, string>>[];
}

const VALUES = [
  ...[
    '0',
    '1',
    '5',
    '-5',
    '+5',
    '05',
    '10',
    '3000000000',
    '2147483647',
    '2147483648',
    '-2147483648',
    '9223372036854775807',
  ],
  ...[
    '9223372036854775808',
    '5.0',
    '5.5',
    '.5',
    '5.',
    '1e3',
    '1E-2',
    '5d',
    '5f',
    ' 5 ',
    '5 ',
    '-0.0',
    '0.0',
    'NaN',
    '-NaN',
  ],
  ...['Infinity', '-Infinity', '0x10', '0x1p3', '0x1.8p1', '0X.8P-1f', '1e400', '4.9E-324', '2e-324', '१२', '５', '5l'],
  ...['abc', 'ABC', 'abcd', "it's", 'true', 'TRUE', 'false', 'null', 'x y', '日本', 'tag a'],
];

const PROPERTIES: readonly Readonly<Record<string, string>>[] = [
  {},
  ...VALUES.map((value) => ({ a: value })),
  { a: '5', b: '5' },
  { a: '5', b: '5.0' },
  { a: 'abc', b: 'abc' },
  { a: 'abc', b: '5' },
  { b: 'abc', TAGS: 'abc' },
  { a: '5', A: 'abc' },
  { $a_1: '5', _b: 'abc' },
];

const SELECTORS = [
  ...['a', 'NOT a', 'a = 5', '5 = a', 'a <> 5', 'a > 5', 'a >= 5', 'a < 5', 'a <= 5', '5 < a', 'a = 5.0', 'a > 4.5'],
  ...[
    'a = 3000000000',
    'a = 5l',
    'a > 5L',
    'a = 2147483648',
    'a < -5',
    'a > - 5',
    'a > +5',
    'a = - - 5',
    '-a > 5',
    '-a = 5',
  ],
  ...[
    'a = b',
    'a <> b',
    'a > b',
    'a <= b',
    "a = 'abc'",
    "a <> 'abc'",
    "'abc' = a",
    "a = 'it''s'",
    "a = ''''",
    "a > 'abc'",
  ],
  ...[
    'a = TRUE',
    'a = true',
    'a <> FALSE',
    'TRUE = a',
    'a IS NULL',
    'a IS NOT NULL',
    'NOT a IS NULL',
    'a is null',
    'a = NULL',
  ],
  ...[
    'NULL = a',
    'NULL IS NULL',
    '5 IS NULL',
    "'x' IS NOT NULL",
    '(a > 5) IS NULL',
    '(a > 5) IS NOT NULL',
    '(a > 5) = TRUE',
  ],
  ...[
    '(a > 5) = (b > 5)',
    '(a > 5) = b',
    'TRUE',
    'FALSE',
    'NULL',
    'NOT NULL',
    'NOT TRUE',
    '5',
    "'x'",
    '-5',
    '-a',
    '+a',
    '+TRUE',
  ],
  ...[
    'TRUE = TRUE',
    'TRUE = FALSE',
    'TRUE = 5',
    '5 = TRUE',
    "5 = '5'",
    "'5' = 5",
    "'x' = TRUE",
    '5 = 5.0',
    '5 = 5l',
    '5 > 4',
  ],
  ...[
    'TRUE > 5',
    'a > TRUE',
    'NULL > 5',
    '(a > 5) > 5',
    'a > b > 5',
    'a = 5 = TRUE',
    'a = 5 = 5',
    "'x' <> 'y'",
    '5.5 > 5',
  ],
  ...['a BETWEEN 1 AND 5', 'a NOT BETWEEN 1 AND 5', 'a BETWEEN 5 AND 1', 'a NOT BETWEEN 5 AND 1', 'a BETWEEN b AND 10'],
  ...[
    'a BETWEEN -5 AND -10',
    "a BETWEEN 'a' AND 'b'",
    "a NOT BETWEEN 'a' AND 'b'",
    'a BETWEEN NULL AND 5',
    'a BETWEEN 1 AND NULL',
  ],
  ...[
    'a BETWEEN 1.5 AND 5',
    'a BETWEEN 1 AND 5l AND b = 5',
    '5 BETWEEN a AND b',
    'TRUE BETWEEN 1 AND 2',
    'a BETWEEN TRUE AND TRUE',
  ],
  ...[
    "a IN ('5')",
    "a IN ('abc', 'it''s')",
    "a NOT IN ('5', 'abc')",
    "a IN ('1','5','abc','x','y','z')",
    'a IN (5)',
    'a IN ()',
  ],
  ...[
    "5 IN ('5')",
    "(a) IN ('5')",
    "-a IN ('5')",
    "a IN ('5') IN ('5')",
    "a IN ('5') = TRUE",
    "NOT a IN ('5')",
    "a IN ('')",
  ],
  ...[
    "a CONTAINS 'b'",
    "a NOT CONTAINS 'b'",
    "a CONTAINS ''",
    "a NOT CONTAINS ''",
    "a STARTSWITH 'ab'",
    "a NOT STARTSWITH 'ab'",
  ],
  ...["a ENDSWITH 'c'", "a NOT ENDSWITH 'c'", "a STARTSWITH ''", "a NOT ENDSWITH ''", 'a CONTAINS 5', "5 CONTAINS '5'"],
  ...["a CONTAINS 'a' CONTAINS 'b'", "NOT a CONTAINS 'b'", "(a > 5) CONTAINS 'x'", "a contains 'b' AND a endswith 'c'"],
  ...['a AND b', 'a OR b', 'a OR TRUE', 'a AND FALSE', 'a = 5 OR a = abc', "a > 5 OR b = 'abc'", "b = 'abc' OR a > 5"],
  ...[
    "a > 5 AND b = 'abc'",
    "b = 'x' AND a > 5",
    'a IS NULL OR a > 5',
    'a IS NOT NULL AND a > 5',
    '5 AND a',
    "a OR 'x'",
  ],
  ...[
    'NOT 5',
    "NOT 'x'",
    'NOT -a',
    'NOT NOT a IS NULL',
    'NOT (a = 5 OR b = 5)',
    'a = 5 AND b = 5 OR a = 1',
    '(a = 5',
    'a = 5)',
  ],
  ...[
    'a = 5 b',
    'a = 5 5',
    "a = 5 'x'",
    "a = 5 'x",
    'a = 5 #',
    'a = 5 b #',
    'a = 5 NOT',
    'a = 5 NOT NULL',
    'a = 5 IS',
    'a IS 5',
  ],
  ...[
    'a >',
    'a = ',
    'a AND',
    'a OR',
    '',
    ' ',
    'AND',
    '()',
    '(a)',
    '((a = 5))',
    'a == 5',
    'a != 5',
    'a * 5 = 5',
    'a + 5 = 5',
  ],
  ...[
    'a - 5 = 5',
    'a LIKE 5',
    "a LIKE 'x%'",
    'a = 0x10',
    'a = 010',
    'a = 0',
    'a = 00',
    'a = 0l',
    'a = 1l',
    'a = 00.5',
    'a = 0.0',
  ],
  ...[
    'a = 5.',
    'a = .5',
    'a = 5.e',
    'a = 5.E1',
    'a = 5E1',
    'a = 5e+1',
    'a = 5e+',
    'a = 1e309',
    'a = 1e-400',
    'a = 4.9e-324',
  ],
  ...[
    'a = 9223372036854775807',
    'a = 9223372036854775808',
    'a = -9223372036854775808',
    'a = -2147483648',
    'a = 5.5.5',
    'a = 5lx',
  ],
  ...[
    'a=5AND b=5',
    'a=5and b=5',
    'a>1or b>1',
    'a=5 ANDb=5',
    'NOTa = 5',
    'ANDa = 5',
    'INx = 5',
    'is_ = 5',
    '$a_1 = 5',
    "_b = 'abc'",
  ],
  ...[
    'A = 5',
    'a.b = 5',
    'a-b = 5',
    '"a" = 5',
    'a = "5"',
    '`a` = 5',
    "TAGS = 'abc'",
    "ä = 'x'",
    "a = '日本'",
    "a = 'a\u0001b'",
  ],
  ...[
    'a = 5 -- five',
    'a = 5 -- five\n',
    'a -- five\n = 5',
    'a -- five\r\n= 5',
    'a = 5 --',
    'a --5 = 5',
    'a /* x */ = 5',
    'a = 5 /*',
  ],
  ...[
    'a /* * / ** */ = 5',
    'a /**/ = 5',
    'a /***/ = 5',
    'a /*/ = 5',
    'a = 5 /',
    '/* x',
    '\ta\r\n=\f5',
    'a\u000b= 5',
    'a\u00a0= 5',
  ],
  ...[
    'a > = 5',
    'a < > 5',
    'a >< 5',
    'a <> > 5',
    'a => 5',
    'a =< 5',
    'a,b',
    'a = 5,',
    '(a = 5,)',
    "a IN ('5',)",
    "a IN '5'",
  ],
  ...[
    'a NOT = 5',
    'NOT',
    'a NOT',
    'a NOT b',
    'a IS NOT',
    'a IS NOT b',
    'a IS NULL IS NULL',
    'a = b IS NULL',
    'a = 5 = b = TRUE',
  ],
];

/** Every hand-written selector on every set of properties. */
export function writtenCases(): SelectorCase[] {
  return SELECTORS.map((selector) => ({ selector, properties: PROPERTIES }));
}

const name = fc.constantFrom('a', 'b', 'c');
const number = fc.constantFrom('0', '1', '5', '5.5', '3000000000', '7l', '1e3', '-5', '+1');
const string = fc.constantFrom("'abc'", "'5'", "'it''s'", "''", "'b'", "'true'");
const gap = fc.constantFrom(' ', ' ', ' ', '\n', ' /* x */ ', '');

const comparable = fc.oneof({ weight: 2, arbitrary: name }, { weight: 1, arbitrary: number });

const { selector: anySelector } = fc.letrec<{ selector: string; term: string; operand: string }>((tie) => ({
  operand: fc.oneof(
    { weight: 6, arbitrary: name },
    { weight: 4, arbitrary: number },
    { weight: 3, arbitrary: string },
    { weight: 1, arbitrary: fc.constantFrom('TRUE', 'FALSE', 'NULL') },
    { weight: 1, arbitrary: tie('operand').map((operand) => `-${operand}`) },
    { weight: 1, arbitrary: tie('selector').map((inner) => `(${inner})`) },
  ),
  term: fc.oneof(
    { withCrossShrink: true },
    name,
    fc
      .tuple(comparable, fc.constantFrom('=', '<>', '>', '>=', '<', '<='), comparable, gap)
      .map(([left, operator, right, space]) => `${left}${space}${operator}${space}${right}`),
    fc
      .tuple(name, fc.constantFrom('=', '<>'), fc.oneof(string, fc.constantFrom('TRUE', 'FALSE')))
      .map((parts) => parts.join(' ')),
    fc
      .tuple(tie('operand'), fc.constantFrom('=', '<>', '>', '>=', '<', '<='), tie('operand'))
      .map((parts) => parts.join('')),
    fc.tuple(tie('operand'), fc.constantFrom('IS NULL', 'IS NOT NULL')).map((parts) => parts.join(' ')),
    fc
      .tuple(comparable, fc.constantFrom('', 'NOT '), comparable, comparable)
      .map(([value, not, low, high]) => `${value} ${not}BETWEEN ${low} AND ${high}`),
    fc
      .tuple(name, fc.constantFrom('', 'NOT '), fc.array(string, { minLength: 1, maxLength: 6 }))
      .map(([value, not, items]) => `${value} ${not}IN (${items.join(',')})`),
    fc
      .tuple(tie('operand'), fc.constantFrom('', 'NOT '), fc.constantFrom('CONTAINS', 'STARTSWITH', 'ENDSWITH'), string)
      .map(([value, not, operator, search]) => `${value} ${not}${operator} ${search}`),
    tie('term').map((term) => `NOT ${term}`),
    tie('selector').map((inner) => `(${inner})`),
  ),
  selector: fc
    .tuple(tie('term'), fc.array(fc.tuple(fc.constantFrom('AND', 'OR', 'or'), tie('term')), { maxLength: 3 }))
    .map(([first, others]) => others.reduce((text, [operator, term]) => `${text} ${operator} ${term}`, first)),
}));

const anyValue = fc.oneof(fc.constantFrom(...VALUES), fc.double().map(String), fc.integer().map(String), fc.string());
const anyProperties = fc.dictionary(name, anyValue, { maxKeys: 3, noNullPrototype: true });

/** Text that is nearly a selector: parts of one in any order. */
const anyText = fc
  .array(
    fc.oneof(
      name,
      number,
      string,
      gap,
      fc.constantFrom('NOT', 'AND', 'OR', 'IS', 'NULL', 'IN', '(', ')', '=', '<', '>', ',', '--'),
    ),
    { maxLength: 10 },
  )
  .map((parts) => parts.join(' '));

/** `count` selectors, some of them wrong, each with a few sets of properties. The same for the same seed. */
export function generatedCases(count: number, seed: number): SelectorCase[] {
  const selector = fc.oneof({ weight: 6, arbitrary: anySelector }, { weight: 1, arbitrary: anyText });
  const properties = fc.array(anyProperties, { minLength: 8, maxLength: 8 });
  return fc.sample(fc.record({ selector, properties }), { numRuns: count, seed });
}
