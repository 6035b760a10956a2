/** From the text of a message selector to what can be asked. The parser is loaded for the first of them. */
import { compileSelector, type Selector } from './selector.js';
import { SelectorError, type SelectorNode } from './selector-node.js';

/** As many compiled selectors are kept as in Apache (SelectorParser's PARSE_CACHE). */
const MAX_KEPT = 100;
/** Longer text would hold up the broker while it is read. */
const MAX_CHARS = 65_536;

interface Parser {
  parse(text: string): SelectorNode;
  readonly SyntaxError: new (...args: never[]) => Error & { location?: { start: { line: number; column: number } } };
}

/** Compiles selectors, and keeps those used last, the wrong ones too. */
export class SelectorCompiler {
  #parser: Parser | null = null;
  #loading: Promise<void> | null = null;
  /** In order of last use. */
  readonly #kept = new Map<string, Selector | SelectorError>();

  /** Whether `compile` may be called. */
  get isReady(): boolean {
    return this.#parser !== null;
  }

  /** Loads the parser. */
  load(): Promise<void> {
    this.#loading ??= import('./sql92-parser.js').then((parser) => {
      this.#parser = parser as unknown as Parser;
    });
    return this.#loading;
  }

  /**
   * @throws SelectorError with the text of Apache's exception, except that what was expected is not listed
   */
  compile(text: string): Selector {
    let result = this.#kept.get(text);
    if (result) this.#kept.delete(text);
    else result = this.#compile(text);
    this.#kept.set(text, result);
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value as string);
    if (result instanceof SelectorError) throw result;
    return result;
  }

  #compile(text: string): Selector | SelectorError {
    const parser = this.#parser;
    if (!parser) throw new Error('the parser of selectors is not loaded');
    if (text.length > MAX_CHARS) return new SelectorError(`${text.length} characters are more than ${MAX_CHARS}`);
    try {
      return compileSelector(parser.parse(text));
    } catch (error) {
      if (error instanceof SelectorError) return error;
      if (!(error instanceof parser.SyntaxError)) throw error;
      const { line, column } = error.location?.start ?? { line: 1, column: 1 };
      const where = `at line ${line}, column ${column}`;
      return new SelectorError(
        `org.apache.rocketmq.filter.parser.ParseException: Encountered unexpected text ${where}.`,
      );
    }
  }
}
