import type { Focus } from '../admin/cluster-reader.js';
import { Deadline } from '../admin/deadline.js';
import { failureOf } from '../admin/failure.js';
import type { Unreachable } from '../admin/fan-out.js';
import type { AdminSession } from '../admin/session.js';
import { tailTopics } from '../admin/tail.js';
import type { Clock, Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import { DetailReader, messageRow, ownedQueues } from './details.js';
import { Sampler } from './sampler.js';
import {
  type ClusterFacts,
  type ConsoleState,
  currentLevel,
  type Effect,
  initialState,
  type WriteRequest,
} from './state/console-state.js';
import type { HistoryOptions } from './state/history.js';
import { detailKey, type Place, type TopView } from './state/places.js';
import { bodyRows, detailOf, isRewound, shownKeys, tableOf } from './state/selectors.js';
import { ConsoleStore } from './store.js';
import { lineText } from './tables/line.js';
import type { Sort } from './tables/table.js';
import type { MessageRow } from './tables/views.js';
import { screenLines } from './views/screen.js';
import { type ParsePosition, type PlannedWrite, planWrite } from './writes.js';

/** A cluster that the console is connected to. */
export interface Connected {
  readonly session: AdminSession;
  readonly cluster: ClusterFacts;
}

/** What the console needs of the command that shows it. */
export interface ConsoleHost {
  readonly connected: Connected;
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Bound of what a sample may cost. */
  readonly maxRequests?: number;
  readonly history?: HistoryOptions;
  /** Names that `:` offers as contexts. */
  readonly contexts: readonly string[];
  /** Connects to another; the console closes what it no longer shows, but not the first. */
  openContext(name: string): Promise<Connected>;
  readonly parsePosition: ParsePosition;
  /** Writes a file and says where it is. */
  saveSnapshot(name: string, text: string): Promise<string>;
  readonly isAscii: boolean;
  readonly view?: TopView;
  readonly filter?: string;
  readonly sort?: Sort | null;
}

/** What the terminal does for the console. */
export interface ConsoleTerminal {
  readonly columns: number;
  readonly rows: number;
  quit(): void;
  suspend(): void;
  redraw(): void;
  copy(text: string): void;
}

const TICK_MS = 1000;
/** Clients that are asked at a time how many queues they hold, and how long that is believed, ms. */
const OWNED_AT_A_TIME = 16;
const OWNED_MS = 10_000;
/** Tailed messages are shown together, ms. */
const TAIL_PAUSE_MS = 200;
/** Tailed messages that are kept until then: more than the screen holds is not shown one by one. */
const TAIL_BURST = 500;
const SNAPSHOT_COLUMNS = 160;

/** The running console: keeps the state fed with samples, details and keys, and does what the reducer asks for. */
export class Console {
  readonly store: ConsoleStore;
  readonly #host: ConsoleHost;
  readonly #terminal: ConsoleTerminal;
  #connected: Connected;
  #sampler: Sampler;
  #details: DetailReader;
  /** The plan that the open panel shows. */
  #planned: { readonly write: WriteRequest; readonly plan: PlannedWrite } | null = null;
  #tail: { readonly key: string; readonly stop: AbortController } | null = null;
  #ticker: Timer | null = null;
  readonly #loading = new Set<string>();
  readonly #ownedAtMs = new Map<string, number>();
  #isStopped = false;

  constructor(host: ConsoleHost, terminal: ConsoleTerminal) {
    this.#host = host;
    this.#terminal = terminal;
    this.#connected = host.connected;
    const { view = 'groups' } = host;
    const state = initialState({
      cluster: host.connected.cluster,
      contexts: host.contexts,
      size: { columns: terminal.columns, rows: terminal.rows },
      nowMs: host.clock.now(),
      isAscii: host.isAscii,
      view,
      filter: host.filter ?? '',
      sort: host.sort ?? null,
      ...(host.history === undefined ? {} : { history: host.history }),
    });
    this.store = new ConsoleStore(state, (effect) => this.#do(effect));
    this.#details = this.#detailReader();
    this.#sampler = this.#newSampler();
    this.store.subscribe(() => this.#follow());
  }

  start(): void {
    this.#sampler.start();
    this.#ticker = this.#host.clock.every(TICK_MS, () => {
      this.store.dispatch({ kind: 'tick', nowMs: this.#host.clock.now() });
    });
  }

  /** Ends everything that runs; the first session stays open. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#ticker?.cancel();
    this.#tail?.stop.abort();
    await this.#sampler.stop();
    if (this.#connected !== this.#host.connected) await this.#connected.session.close();
  }

  #detailReader(): DetailReader {
    return new DetailReader({
      session: this.#connected.session,
      stuckAfterMs: this.store.state.history.stuckAfterMs,
    });
  }

  #newSampler(): Sampler {
    return new Sampler(this.#connected.session, {
      intervalMs: this.#host.intervalMs,
      ...(this.#host.maxRequests === undefined ? {} : { maxRequests: this.#host.maxRequests }),
      focus: () => focusOf(this.store.state),
      onSample: (sample) => {
        this.store.dispatch({ kind: 'sample', sample });
        this.#load(currentLevel(this.store.state).place, true);
        void this.#readOwned();
      },
    });
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case 'quit':
        this.#terminal.quit();
        break;
      case 'suspend':
        this.#terminal.suspend();
        break;
      case 'redraw':
        this.#terminal.redraw();
        break;
      case 'copy':
        this.#terminal.copy(effect.text);
        break;
      case 'snapshot':
        void this.#snapshot();
        break;
      case 'context':
        void this.#switch(effect.name);
        break;
      case 'plan':
        void this.#plan(effect.write);
        break;
      case 'apply':
        void this.#apply(effect.write);
        break;
    }
  }

  #say(text: string, isBad: boolean): void {
    if (!this.#isStopped) this.store.dispatch({ kind: 'notice', text, isBad });
  }

  /** Reads what the place on the screen needs, and tails what is tailed. */
  #follow(): void {
    if (this.#isStopped) return;
    const { state } = this.store;
    const { place } = currentLevel(state);
    const isRead = detailOf(state, place) !== null;
    if (!isRead) this.#load(place, false);
    const tailed = state.levels.map((level) => level.place).findLast(({ view }) => view === 'tail');
    const key = tailed === undefined ? null : detailKey(tailed);
    if (key === this.#tail?.key || (key === null && this.#tail === null)) return;
    this.#tail?.stop.abort();
    this.#tail = null;
    if (tailed?.view === 'tail' && key !== null) void this.#runTail(tailed.topic, key);
  }

  #load(place: Place, isAgain: boolean): void {
    const key = detailKey(place);
    if (key === null || place.view === 'tail' || this.#loading.has(key)) return;
    // What is explained, and what is looked at while the screen stands still, is not read again.
    if (isAgain && (place.view === 'explain' || isRewound(this.store.state))) return;
    const details = this.#details;
    this.#loading.add(key);
    details
      .read(place, this.store.state.details.get(key)?.data ?? null)
      .then(
        (data) => {
          if (data === null || details !== this.#details || this.#isStopped) return;
          this.store.dispatch({ kind: 'detail', key, data, atMs: this.#host.clock.now() });
        },
        (error: unknown) => {
          if (details !== this.#details || this.#isStopped) return;
          this.store.dispatch({ kind: 'detail-failed', key, error: failureOf(error).message });
        },
      )
      .finally(() => this.#loading.delete(key));
  }

  /** Tails a topic until the place is left; what goes wrong is shown, and tried again while it is open. */
  async #runTail(topic: string, key: string): Promise<void> {
    const stop = new AbortController();
    this.#tail = { key, stop };
    const { clock } = this.#host;
    const { session: base } = this.#connected;
    const session: AdminSession = {
      ...base,
      signal: stop.signal,
      deadline: (ms = base.timeoutMs) => new Deadline(base.clock, ms, stop.signal),
    };
    let waiting: MessageRow[] = [];
    const show = () => {
      const messages = waiting;
      waiting = [];
      if (!stop.signal.aborted) this.store.dispatch({ kind: 'tailed', key, messages, atMs: clock.now() });
    };
    show();
    const timer = clock.every(TAIL_PAUSE_MS, () => {
      if (waiting.length > 0) show();
    });
    try {
      const request = { topics: [topic], from: { kind: 'end' as const }, to: null, follow: true };
      const onTrouble = ({ brokerName, addr, reason }: Unreachable) =>
        this.#say(`${brokerName ?? addr}: ${reason}; it is tried again`, true);
      for await (const message of tailTopics(session, request, { onTrouble })) {
        waiting.push(messageRow(message));
        if (waiting.length > TAIL_BURST) waiting.shift();
      }
    } catch (error) {
      if (!stop.signal.aborted) this.store.dispatch({ kind: 'detail-failed', key, error: failureOf(error).message });
    } finally {
      timer.cancel();
    }
  }

  /** Asks the clients on the screen how many queues they hold. */
  async #readOwned(): Promise<void> {
    const { state } = this.store;
    const { place } = currentLevel(state);
    if (place.view !== 'clients' || this.#loading.has('owned')) return;
    const now = this.#host.clock.now();
    const due = visibleKeys(state)
      .filter((key) => now - (this.#ownedAtMs.get(key) ?? 0) >= OWNED_MS)
      .slice(0, OWNED_AT_A_TIME);
    if (due.length === 0) return;
    this.#loading.add('owned');
    try {
      const { session } = this.#connected;
      const queues = new Map<string, number>();
      await Promise.all(
        due.map(async (key) => {
          this.#ownedAtMs.set(key, now);
          const [group = '', clientId = ''] = key.split('\n');
          const count = await ownedQueues(session, group, clientId);
          if (count !== null) queues.set(key, count);
        }),
      );
      if (!this.#isStopped && session === this.#connected.session) this.store.dispatch({ kind: 'owned', queues });
    } catch {
      // Only an abort comes here, and then nobody looks any more.
    } finally {
      this.#loading.delete('owned');
    }
  }

  async #plan(write: WriteRequest): Promise<void> {
    this.#planned = null;
    try {
      const plan = await planWrite(this.#connected.session, write, this.#host.parsePosition);
      // The panel may be closed by now, or be about another write.
      if (this.#isStopped || this.store.state.panel?.write !== write) return;
      this.#planned = { write, plan };
      this.store.dispatch({ kind: 'planned', write, plan: plan.plan });
    } catch (error) {
      if (!this.#isStopped) this.store.dispatch({ kind: 'plan-failed', write, error: failureOf(error).message });
    }
  }

  async #apply(write: WriteRequest): Promise<void> {
    const planned = this.#planned;
    this.#planned = null;
    // What the panel shows is what is carried out: a plan of another write is none.
    if (planned?.write !== write || this.store.state.panel?.write !== write) return;
    try {
      const { text, isBad } = await planned.plan.apply();
      if (!this.#isStopped) this.store.dispatch({ kind: 'applied', write, text, isBad });
    } catch (error) {
      if (!this.#isStopped) {
        this.store.dispatch({ kind: 'applied', write, text: failureOf(error).message, isBad: true });
      }
    }
  }

  async #snapshot(): Promise<void> {
    const { state } = this.store;
    const stamp = new Date(this.#host.clock.now()).toISOString().replace(/[-:]/g, '').replace(/\..*/, 'Z');
    try {
      const path = await this.#host.saveSnapshot(`mqadmin-top-${stamp}.txt`, snapshotText(state));
      this.#say(`written to ${path}`, false);
    } catch (error) {
      this.#say(`not written: ${errorText(error)}`, true);
    }
  }

  async #switch(name: string): Promise<void> {
    try {
      const connected = await this.#host.openContext(name);
      if (this.#isStopped) {
        await connected.session.close();
        return;
      }
      const old = this.#connected;
      const sampler = this.#sampler;
      this.#connected = connected;
      this.#planned = null;
      this.#tail?.stop.abort();
      this.#tail = null;
      this.#ownedAtMs.clear();
      this.store.dispatch({ kind: 'cluster', cluster: connected.cluster });
      this.#details = this.#detailReader();
      this.#sampler = this.#newSampler();
      this.#sampler.start();
      await sampler.stop();
      if (old !== this.#host.connected) await old.session.close();
    } catch (error) {
      this.#say(failureOf(error).message, true);
    }
  }
}

/** Keys of the rows on the screen, and as many more as one page. */
function visibleKeys(state: ConsoleState): readonly string[] {
  const level = currentLevel(state);
  const table = tableOf(state, level.place);
  if (table === null) return [];
  const rows = bodyRows(state);
  return shownKeys(level, table).slice(Math.max(0, level.offset - rows), level.offset + 2 * rows);
}

function focusOf(state: ConsoleState): Focus {
  const groups = new Set<string>();
  const topics = new Set<string>();
  const { place } = currentLevel(state);
  for (const key of visibleKeys(state)) {
    if (place.view === 'groups') groups.add(key);
    else if (place.view === 'topics') topics.add(key);
    else if (place.view === 'clients') groups.add(key.split('\n')[0] ?? '');
  }
  for (const level of state.levels) {
    if ('group' in level.place && level.place.group !== null) groups.add(level.place.group);
    if ('topic' in level.place) topics.add(level.place.topic);
  }
  return { groups, topics };
}

/** The view on the screen as text, with all its rows. */
export function snapshotText(state: ConsoleState): string {
  const level = currentLevel(state);
  const table = tableOf(state, level.place);
  const rows = Math.max(state.size.rows, (table?.keys.length ?? 0) + 20);
  const size = { columns: Math.max(SNAPSHOT_COLUMNS, state.size.columns), rows };
  const whole = { ...state, size, notice: null, prompt: null, panel: null };
  const lines = screenLines({ ...whole, levels: [...state.levels.slice(0, -1), { ...level, offset: 0 }] }).map(
    lineText,
  );
  const end = lines.findLastIndex((line, i) => line !== '' && i < lines.length - 3);
  return `${[...lines.slice(0, end + 1), ...lines.slice(-3, -1)].join('\n')}\n`;
}
