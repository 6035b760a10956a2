import { between, pick } from './random.js';

type Random = () => number;

/** What fails for a while, and how. */
interface Episode {
  code: string;
  operations: ReadonlySet<string>;
  where: RegExp;
  /** How often a call fails, 0..1. */
  odds: number;
  /** Calls that are still to fail. */
  left: number;
}

/** Calls that fail with each code, as operating systems have it. */
const OPERATIONS: Record<string, readonly (readonly string[])[]> = {
  ENOSPC: [['write'], ['truncate'], ['write', 'truncate']],
  EMFILE: [['open']],
  EIO: [['write'], ['sync'], ['write', 'sync', 'truncate', 'rename'], ['open', 'read'], ['remove'], ['read']],
};
const PLACES = [/./, /./, /\/commitlog\//, /\/consumequeue\//, /\/index\//, /\/(checkpoint|abort|lock)$/];
const SPECIAL_PLACES = [...PLACES, /^\/disk2\//, /\/batchconsumequeue\//, /\/consumequeue_ext\//];
/** The claim is what keeps two processes apart: a process that can not take it back is gone, in life. */
const NEVER = /\/mqadmin-/;

/** Makes a disk fail for a while, as the seed says. */
export class Faults {
  readonly #random: Random;
  #episode: Episode | null = null;
  /** Calls that failed so far. */
  count = 0;

  readonly #places: readonly RegExp[];

  /** @param isSpecial the store has files that others have not */
  constructor(random: Random, isSpecial = false) {
    this.#random = random;
    this.#places = isSpecial ? SPECIAL_PLACES : PLACES;
  }

  get isActive(): boolean {
    return this.#episode !== null;
  }

  /** Whether what is in files can not be read at present. */
  get hinderReading(): boolean {
    const operations = this.#episode?.operations;
    return operations !== undefined && (operations.has('read') || operations.has('open'));
  }

  begin(): void {
    const random = this.#random;
    const code = pick(random, Object.keys(OPERATIONS));
    this.#episode = {
      code,
      operations: new Set(pick(random, OPERATIONS[code] as (readonly string[])[])),
      where: pick(random, this.#places),
      odds: pick(random, [0.2, 1, 1]),
      left: pick(random, [1, between(random, 1, 5), Number.POSITIVE_INFINITY]),
    };
  }

  end(): void {
    this.#episode = null;
  }

  /** For `SimulatedDisk.fault`. */
  readonly check = (operation: string, path: string): Error | null => {
    const episode = this.#episode;
    if (!episode || episode.left <= 0 || NEVER.test(path)) return null;
    if (!episode.operations.has(operation) || !episode.where.test(path)) return null;
    if (this.#random() >= episode.odds) return null;
    episode.left -= 1;
    this.count += 1;
    return Object.assign(new Error(`${episode.code}: ${operation} ${path}`), { code: episode.code });
  };

  /** For `SimulatedDisk.shareOfFailedWrite`: some writes get a part into the file before they fail. */
  readonly share = (): number => (this.#random() < 0.5 ? 0 : this.#random());
}
