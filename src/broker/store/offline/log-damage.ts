/** A place in the commit log without records, with what it costs. */
export interface LogDamage {
  /** `file-gap`: there are no files. */
  readonly kind: 'log-damage' | 'file-gap';
  /** `[physicalOffset, end)` of the log. */
  readonly physicalOffset: number;
  readonly end: number;
  /** What stands there. */
  readonly reason: string;
  /** Records behind it, all told. */
  readonly recordsBehind: number;
  /** Entries of consume queues and of the index that lead into it. */
  readonly queueEntries: number;
  readonly indexEntries: number;
}

interface CountedDamage {
  kind: LogDamage['kind'];
  physicalOffset: number;
  end: number;
  reason: string;
  recordsBefore: number;
  queueEntries: number;
  indexEntries: number;
}

/** The damaged places of a log in its order, by which entries that lead into one are told from wrong ones. */
export class LogDamages {
  readonly #list: CountedDamage[] = [];

  /** Adds a place behind those before. @param recordsBefore records that were read so far */
  add(kind: LogDamage['kind'], physicalOffset: number, end: number, reason: string, recordsBefore: number): void {
    this.#list.push({ kind, physicalOffset, end, reason, recordsBefore, queueEntries: 0, indexEntries: 0 });
  }

  /** Whether a physical offset is in a damaged place. */
  covers(physicalOffset: number): boolean {
    return this.#find(physicalOffset) !== null;
  }

  /** Counts an entry if it leads into a damaged place. @returns whether it does */
  countEntry(physicalOffset: number, of: 'queueEntries' | 'indexEntries'): boolean {
    const damage = this.#find(physicalOffset);
    if (damage) damage[of] += 1;
    return damage !== null;
  }

  #find(physicalOffset: number): CountedDamage | null {
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#list[middle] as CountedDamage).end <= physicalOffset) low = middle + 1;
      else high = middle;
    }
    const damage = this.#list[low];
    return damage && physicalOffset >= damage.physicalOffset ? damage : null;
  }

  /** @param records of the whole log */
  list(records: number): LogDamage[] {
    return this.#list.map(({ recordsBefore, ...damage }) => ({ ...damage, recordsBehind: records - recordsBefore }));
  }
}
