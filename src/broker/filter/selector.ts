/**
 * Message selectors, compiled: three-valued logic over the properties of a message, whose values are all text.
 *
 * Source: filter/.../expression/*.java
 */
import { javaDoubleText } from '../../protocol/fastjson.js';
import {
  compareDoubles,
  type JavaNumber,
  negate,
  parseJavaDouble,
  parseJavaInt,
  parseJavaLong,
} from './java-number.js';
import { type CompareOperator, SelectorError, type SelectorNode, type TextOperator } from './selector-node.js';

/** Values of the properties that a selector names, by their index; null for a missing one. */
export type PropertyValues = readonly (string | null)[];

/** null is SQL's NULL. */
type Value = string | boolean | JavaNumber | null;
type Evaluate = (values: PropertyValues) => Value;

/** A message selector that can be asked. */
export interface Selector {
  /** Names of the properties that it looks at. */
  readonly properties: readonly string[];
  /**
   * @param values of `properties`, in their order
   * @returns false also for NULL and for values that can not be compared, as in Apache
   */
  matches(values: PropertyValues): boolean;
}

/** Thrown by evaluation, and made once: a backlog of messages that can not be compared should not cost a stack each. */
const INCOMPARABLE = new Error('values can not be compared');

interface Compiled {
  readonly node: SelectorNode;
  readonly evaluate: Evaluate;
  readonly isBoolean: boolean;
  /** The value of a constant; undefined for anything else. `-5` is no constant to Apache. */
  readonly constant?: Value;
  /** Apache's toString, for errors. */
  text(): string;
}

function comparison(left: number | bigint | string, right: number | bigint | string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function parsed(text: string, like: JavaNumber): JavaNumber {
  const parse = like.type === 'int' ? parseJavaInt : like.type === 'long' ? parseJavaLong : parseJavaDouble;
  const value = parse(text);
  if (value === null) throw INCOMPARABLE;
  return { type: like.type, value } as JavaNumber;
}

function compareNumbers(left: JavaNumber, right: JavaNumber): number {
  if (left.type !== 'double' && right.type !== 'double') return comparison(left.value, right.value);
  return compareDoubles(Number(left.value), Number(right.value));
}

/** Values of different kinds that Java does not convert compare as less. */
function compareValues(left: string | boolean | JavaNumber, right: string | boolean | JavaNumber): number {
  if (typeof left === 'string') {
    if (typeof right === 'string') return comparison(left, right);
    if (typeof right === 'boolean') return comparison(Number(left.toLowerCase() === 'true'), Number(right));
    return compareNumbers(parsed(left, right), right);
  }
  if (typeof left === 'boolean') {
    if (typeof right === 'boolean') return comparison(Number(left), Number(right));
    // Apache casts the boolean to a string there.
    if (typeof right === 'string') throw INCOMPARABLE;
    return -1;
  }
  if (typeof right === 'string') return compareNumbers(left, parsed(right, left));
  if (typeof right === 'boolean') return -1;
  return compareNumbers(left, right);
}

function equalValues(left: Value, right: Value): boolean | null {
  if (left === null) return right === null ? true : null;
  if (right === null) return false;
  return left === right || compareValues(left, right) === 0;
}

function orderedValues(left: Value, right: Value): number | null {
  if (left === null || right === null) return null;
  if (typeof left !== 'string' || typeof right !== 'string') return compareValues(left, right);
  const a = parseJavaDouble(left);
  const b = parseJavaDouble(right);
  if (a === null || b === null) throw INCOMPARABLE;
  return compareDoubles(a, b);
}

const ORDER: Readonly<Record<CompareOperator, (order: number) => boolean>> = {
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
};

const TEXT_TEST: Readonly<Record<TextOperator, (value: string, search: string) => boolean>> = {
  CONTAINS: (value, search) => value.includes(search),
  STARTSWITH: (value, search) => value.startsWith(search),
  ENDSWITH: (value, search) => value.endsWith(search),
};

function decimal(text: string): JavaNumber {
  const digits = /l$/i.test(text) ? text.slice(0, -1) : text;
  const value = parseJavaLong(digits);
  if (value === null) throw new SelectorError(`java.lang.NumberFormatException: For input string: "${digits}"`);
  return value <= 0x7fff_ffffn ? { type: 'int', value: Number(value) } : { type: 'long', value };
}

function float(text: string): JavaNumber {
  const value = Number(text);
  if (value > Number.MAX_VALUE) {
    throw new SelectorError(`java.lang.RuntimeException: ${text} is greater than 1.7976931348623157E308`);
  }
  if (value < Number.MIN_VALUE) throw new SelectorError(`java.lang.RuntimeException: ${text} is less than 4.9E-324`);
  return { type: 'double', value };
}

function constantText(value: Value): string {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  return value.type === 'double' ? javaDoubleText(value.value) : String(value.value);
}

function isNumber(value: Value): value is JavaNumber {
  return typeof value === 'object' && value !== null;
}

class Compiler {
  readonly properties: string[] = [];

  /** For AND, OR, NOT and the whole: a property counts as NULL when missing, else as false. */
  boolean({ evaluate, isBoolean, node, text }: Compiled): Evaluate {
    if (isBoolean) return evaluate;
    if (node.kind === 'property') return (values) => (evaluate(values) === null ? null : false);
    throw new SelectorError(
      `org.apache.rocketmq.filter.parser.ParseException: Expression will not result in a boolean value: ${text()}`,
    );
  }

  compile(node: SelectorNode): Compiled {
    switch (node.kind) {
      case 'property':
        return this.#property(node, node.name);
      case 'string':
        return constant(node, node.value);
      case 'decimal':
        return constant(node, decimal(node.text));
      case 'float':
        return constant(node, float(node.text));
      case 'boolean':
        return constant(node, node.value);
      case 'null':
        return constant(node, null);
      case 'negate':
        return this.#negate(node, this.compile(node.operand));
      case 'not': {
        const operand = this.compile(node.operand);
        return { node, isBoolean: true, evaluate: not(this.boolean(operand)), text: () => `(NOT ${operand.text()})` };
      }
      case 'or':
      case 'and':
        return this.#logic(node, node.operands);
      case 'equal': {
        const left = this.compile(node.left);
        const right = this.compile(node.right);
        checkEqualOperands(left, right);
        return equality(node, left, right, node.negated);
      }
      case 'isNull':
        return equality(node, this.compile(node.operand), constant({ kind: 'null' }, null), node.negated);
      case 'compare':
        return compare(node, node.operator, this.compile(node.left), this.compile(node.right));
      case 'text':
        return this.#textTest(node, this.compile(node.operand), node.operator, node.search, node.negated);
      case 'between':
        return between(node, this.compile(node.operand), this.compile(node.low), this.compile(node.high), node.negated);
      case 'in':
        return this.#in(node, this.compile(node.operand), node.items, node.negated);
    }
  }

  #property(node: SelectorNode, name: string): Compiled {
    let index = this.properties.indexOf(name);
    if (index < 0) index = this.properties.push(name) - 1;
    return { node, isBoolean: false, evaluate: (values) => values[index] ?? null, text: () => name };
  }

  #negate(node: SelectorNode, operand: Compiled): Compiled {
    const evaluate: Evaluate = (values) => {
      const value = operand.evaluate(values);
      return isNumber(value) ? negate(value) : null;
    };
    return { node, isBoolean: false, evaluate, text: () => `(- ${operand.text()})` };
  }

  #logic(node: SelectorNode & { kind: 'or' | 'and' }, nodes: readonly SelectorNode[]): Compiled {
    const compiled = nodes.map((operand) => this.compile(operand));
    const operands = compiled.map((operand) => this.boolean(operand));
    const isOr = node.kind === 'or';
    const evaluate: Evaluate = (values) => {
      let isUnknown = false;
      for (const operand of operands) {
        const value = operand(values);
        if (value === isOr) return isOr;
        if (value === null) isUnknown = true;
      }
      return isUnknown ? null : !isOr;
    };
    const symbol = isOr ? '||' : '&&';
    const text = (): string => compiled.map((operand) => operand.text()).reduce((a, b) => `(${a} ${symbol} ${b})`);
    return { node, isBoolean: true, evaluate, text };
  }

  #textTest(node: SelectorNode, operand: Compiled, operator: TextOperator, search: string, negated: boolean): Compiled {
    const test = TEXT_TEST[operator];
    const evaluate: Evaluate = (values) => {
      // Before the operand, whose values may not be comparable.
      if (search === '') return false;
      const value = operand.evaluate(values);
      return typeof value === 'string' && test(value, search) !== negated;
    };
    const symbol = negated ? `NOT ${operator}` : operator;
    return { node, isBoolean: true, evaluate, text: () => `(${symbol} ${operand.text()})` };
  }

  #in(node: SelectorNode, operand: Compiled, items: readonly string[], negated: boolean): Compiled {
    if (operand.node.kind !== 'property') {
      throw new SelectorError(
        `java.lang.RuntimeException: Expected a property for In expression, got: ${operand.text()}`,
      );
    }
    const wanted = new Set(items);
    const evaluate: Evaluate = (values) => {
      const value = operand.evaluate(values);
      return typeof value === 'string' ? wanted.has(value) !== negated : null;
    };
    const text = (): string => `${operand.text()} ${negated ? 'NOT IN' : 'IN'} ( ${items.join(', ')} )`;
    return { node, isBoolean: true, evaluate, text };
  }
}

function constant(node: SelectorNode, value: Value): Compiled {
  const isBoolean = value === null || typeof value === 'boolean';
  return { node, isBoolean, constant: value, evaluate: () => value, text: () => constantText(value) };
}

function not(evaluate: Evaluate): Evaluate {
  return (values) => {
    const value = evaluate(values);
    return value === null ? null : value !== true;
  };
}

function checkEqualOperands(left: Compiled, right: Compiled): void {
  for (const { constant: value, text } of [left, right]) {
    if (value === null) throw new SelectorError(`java.lang.RuntimeException: '${text()}' cannot be compared.`);
  }
  if (left.constant === undefined || right.constant === undefined) return;
  if (left.isBoolean && !right.isBoolean) {
    throw new SelectorError(`java.lang.RuntimeException: '${left.text()}' cannot be compared with '${right.text()}'`);
  }
}

function equality(node: SelectorNode, left: Compiled, right: Compiled, negated: boolean): Compiled {
  const equal: Evaluate = (values) => equalValues(left.evaluate(values), right.evaluate(values));
  const text = (): string => `(${left.text()} == ${right.text()})`;
  return {
    node,
    isBoolean: true,
    evaluate: negated ? not(equal) : equal,
    text: negated ? () => `(NOT ${text()})` : text,
  };
}

/** Only numbers and what may be one can be ordered. */
function checkOrderOperand({ constant: value, isBoolean, text }: Compiled): void {
  if (value === undefined ? isBoolean : !isNumber(value)) {
    throw new SelectorError(`java.lang.RuntimeException: Value '${text()}' cannot be compared.`);
  }
}

function compare(node: SelectorNode, operator: CompareOperator, left: Compiled, right: Compiled): Compiled {
  checkOrderOperand(left);
  checkOrderOperand(right);
  const isOrdered = ORDER[operator];
  const evaluate: Evaluate = (values) => {
    const value = left.evaluate(values);
    if (value === null) return null;
    const order = orderedValues(value, right.evaluate(values));
    return order === null ? null : isOrdered(order);
  };
  return { node, isBoolean: true, evaluate, text: () => `(${left.text()} ${operator} ${right.text()})` };
}

function checkBounds(low: Compiled, high: Compiled): void {
  if (low.constant === undefined || high.constant === undefined) return;
  if (low.constant === null || high.constant === null) {
    throw new SelectorError('java.lang.RuntimeException: Illegal values of between, values can not be null!');
  }
  if (isNumber(low.constant) && isNumber(high.constant) && compareNumbers(high.constant, low.constant) < 0) {
    const order = `left value(${low.text()}) must less than or equal to right value(${high.text()})`;
    throw new SelectorError(`java.lang.RuntimeException: Illegal values of between, ${order}`);
  }
}

function between(node: SelectorNode, value: Compiled, low: Compiled, high: Compiled, negated: boolean): Compiled {
  if (!negated) checkBounds(low, high);
  const first = compare(node, negated ? '<' : '>=', value, low);
  const second = compare(node, negated ? '>' : '<=', value, high);
  const evaluate: Evaluate = (values) => {
    const left = first.evaluate(values);
    if (left === negated) return negated;
    const right = second.evaluate(values);
    if (right === negated) return negated;
    return left === null || right === null ? null : !negated;
  };
  return {
    node,
    isBoolean: true,
    evaluate,
    text: () => `(${first.text()} ${negated ? '||' : '&&'} ${second.text()})`,
  };
}

/** @throws SelectorError for operands that make no sense, with the text of Apache's exception */
export function compileSelector(node: SelectorNode): Selector {
  const compiler = new Compiler();
  const evaluate = compiler.boolean(compiler.compile(node));
  const { properties } = compiler;
  return {
    properties,
    matches(values) {
      try {
        return evaluate(values) === true;
      } catch (error) {
        if (error !== INCOMPARABLE) throw error;
        return false;
      }
    },
  };
}
