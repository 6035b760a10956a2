import type { Sample } from '../../admin/cluster-sample.js';
import type { Sort } from '../tables/table.js';
import type { GroupQueueRow, MessageRow, PropertyRow, TopicQueueRow } from '../tables/views.js';
import { emptyHistory, type History, type HistoryOptions } from './history.js';
import type { PanelState } from './panel.js';
import type { Place, TopView } from './places.js';
import type { PromptState } from './prompt.js';

/** A place with what the user has chosen there. */
export interface Level {
  readonly place: Place;
  /** Key of the selected row; null: the first. */
  readonly selected: string | null;
  /** Row or line at the top of the screen. */
  readonly offset: number;
  readonly filter: string;
  /** Rows that the filter does not match are shown. */
  readonly isInverse: boolean;
  /** Null: the view's own. */
  readonly sort: Sort | null;
  /** Keys of all rows as they were put in order the last time. */
  readonly order: readonly string[];
  /** Samples since then. */
  readonly orderAge: number;
}

/** What a place shows beside the samples. */
export type DetailData =
  | { readonly kind: 'queues'; readonly queues: readonly GroupQueueRow[]; readonly about: string }
  | { readonly kind: 'topic'; readonly queues: readonly TopicQueueRow[]; readonly about: string }
  | { readonly kind: 'broker'; readonly values: readonly PropertyRow[] }
  | { readonly kind: 'client'; readonly queues: readonly GroupQueueRow[]; readonly about: string }
  | { readonly kind: 'messages'; readonly messages: readonly MessageRow[]; readonly about: string }
  | { readonly kind: 'tail'; readonly messages: readonly MessageRow[]; readonly about: string }
  | { readonly kind: 'explain'; readonly explanation: Explanation };

/** Why a group lags, in words. */
export interface Explanation {
  readonly verdict: string;
  /** Worst first, each with what was seen. */
  readonly findings: readonly { readonly title: string; readonly evidence: readonly string[] }[];
  /** Brokers that had nothing to say. */
  readonly silent: readonly string[];
  /** Commands to run next. */
  readonly next: readonly string[];
}

export interface Detail {
  /** When it was read, ms since the epoch; null before the first answer. */
  readonly atMs: number | null;
  readonly data: DetailData | null;
  /** Why the last attempt failed. */
  readonly error: string | null;
}

/** Which cluster is shown, and what may be done to it. */
export interface ClusterFacts {
  /** `prod-east`, or the name servers. */
  readonly title: string;
  /** Flags of the command line that name this cluster. */
  readonly connection: string;
  /** Why writes are refused; null when they are not. */
  readonly refusesWrites: string | null;
}

/** Everything on the screen follows from this. */
export interface ConsoleState {
  readonly cluster: ClusterFacts;
  readonly history: History;
  /** Clients and how many queues they said they hold. */
  readonly ownedQueues: ReadonlyMap<string, number>;
  readonly contexts: readonly string[];
  /** Where we are, innermost last; never empty. */
  readonly levels: readonly Level[];
  /** What `-` goes back to. */
  readonly before: readonly Level[] | null;
  /** Time of the frame that is shown; null: the newest. */
  readonly shownAtMs: number | null;
  readonly isPaused: boolean;
  readonly details: ReadonlyMap<string, Detail>;
  readonly prompt: PromptState | null;
  readonly panel: PanelState | null;
  /** One line for the user, until the next key. */
  readonly notice: { readonly text: string; readonly isBad: boolean } | null;
  /** Shows system topics and retry topics too. */
  readonly showsAll: boolean;
  readonly size: { readonly columns: number; readonly rows: number };
  readonly nowMs: number;
  readonly isAscii: boolean;
}

/** What the world is to do; the reducer itself does nothing. */
export type Effect =
  | { readonly kind: 'quit' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'redraw' }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'copy'; readonly text: string }
  | { readonly kind: 'context'; readonly name: string }
  /** Finds out what a reset, a permission or a resend would do. */
  | { readonly kind: 'plan'; readonly write: WriteRequest }
  /** Carries out the plan that was made last. */
  | { readonly kind: 'apply'; readonly write: WriteRequest };

/** A write that a panel is about. */
export type WriteRequest =
  | { readonly kind: 'reset'; readonly group: string; readonly topic: string; readonly position: string }
  | { readonly kind: 'skip'; readonly group: string; readonly topic: string }
  | { readonly kind: 'resend'; readonly topic: string; readonly msgId: string; readonly message: MessageRow }
  | { readonly kind: 'permission'; readonly topic: string; readonly perm: 'R' | 'W' | 'RW' };

export type Action =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'sample'; readonly sample: Sample }
  | { readonly kind: 'detail'; readonly key: string; readonly data: DetailData; readonly atMs: number }
  | { readonly kind: 'detail-failed'; readonly key: string; readonly error: string }
  | { readonly kind: 'tailed'; readonly key: string; readonly messages: readonly MessageRow[]; readonly atMs: number }
  | { readonly kind: 'owned'; readonly queues: ReadonlyMap<string, number> }
  | { readonly kind: 'tick'; readonly nowMs: number }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly kind: 'notice'; readonly text: string; readonly isBad: boolean }
  | { readonly kind: 'planned'; readonly write: WriteRequest; readonly plan: PanelPlan }
  | { readonly kind: 'plan-failed'; readonly write: WriteRequest; readonly error: string }
  | { readonly kind: 'applied'; readonly write: WriteRequest; readonly text: string; readonly isBad: boolean }
  | { readonly kind: 'cluster'; readonly cluster: ClusterFacts };

/** A plan as a panel shows it. */
export interface PanelPlan {
  /** `8 queues, 41,090 waiting -> 96,310 waiting` */
  readonly summary: string;
  /** One line a queue. */
  readonly lines: readonly { readonly text: string; readonly isBad: boolean }[];
}

export interface ConsoleOptions {
  readonly cluster: ClusterFacts;
  readonly history?: HistoryOptions;
  readonly contexts?: readonly string[];
  readonly size: { readonly columns: number; readonly rows: number };
  readonly nowMs: number;
  readonly isAscii: boolean;
  /** The view to begin with. */
  readonly view?: TopView;
  readonly filter?: string;
  readonly sort?: Sort | null;
}

export function newLevel(place: Place): Level {
  return { place, selected: null, offset: 0, filter: '', isInverse: false, sort: null, order: [], orderAge: 0 };
}

export function initialState(options: ConsoleOptions): ConsoleState {
  const { cluster, contexts = [], size, nowMs, isAscii } = options;
  return {
    cluster,
    history: emptyHistory(options.history),
    ownedQueues: new Map(),
    contexts,
    levels: [
      { ...newLevel({ view: options.view ?? 'groups' }), filter: options.filter ?? '', sort: options.sort ?? null },
    ],
    before: null,
    shownAtMs: null,
    isPaused: false,
    details: new Map(),
    prompt: null,
    panel: null,
    notice: null,
    showsAll: false,
    size,
    nowMs,
    isAscii,
  };
}

/** The level that is on the screen. */
export function currentLevel(state: ConsoleState): Level {
  return state.levels.at(-1) as Level;
}
