import { BODY_FORMS, bestForm, messageLines } from './body.js';
import {
  type ConsoleState,
  currentLevel,
  type Effect,
  type Level,
  newLevel,
  type WriteRequest,
} from './console-state.js';
import { complete } from './goto.js';
import { pageLines } from './pages.js';
import { openPanel, panelKey } from './panel.js';
import { commandLine, isList, type Place, type Selection } from './places.js';
import { editText, openPrompt, type PromptState } from './prompt.js';
import type { Step } from './reduce.js';
import {
  bodyRows,
  currentMessage,
  detailOf,
  selectedKey,
  shownFrame,
  shownKeys,
  sortOf,
  tableOf,
} from './selectors.js';

const just = (state: ConsoleState, ...effects: Effect[]): Step => ({ state, effects });
const say = (state: ConsoleState, text: string, isBad = false): Step => just({ ...state, notice: { text, isBad } });

function withLevel(state: ConsoleState, change: Partial<Level>): ConsoleState {
  return { ...state, levels: [...state.levels.slice(0, -1), { ...currentLevel(state), ...change }] };
}

/** What a key does. `key` is one character, or a name: `enter`, `pagedown`, `ctrl-s`. */
export function keyAction(state: ConsoleState, key: string): Step {
  if (key === 'ctrl-c') return just(state, { kind: 'quit' });
  if (key === 'ctrl-z') return just(state, { kind: 'suspend' });
  if (key === 'ctrl-l') return just(state, { kind: 'redraw' });
  if (state.panel !== null) return panelStep(state, key);
  if (state.prompt !== null) return promptStep(state, state.prompt, key);
  const moved = moveKey(state, key);
  if (moved !== null) return just(moved);
  return commandKey(state, key);
}

function panelStep(state: ConsoleState, key: string): Step {
  if (state.panel === null) return just(state);
  const next = panelKey(state.panel, key);
  if (next === 'close') {
    const isUndone = state.panel.stage === 'ready' || state.panel.stage === 'planning';
    return isUndone
      ? say({ ...state, panel: null }, 'cancelled: nothing was changed')
      : just({ ...state, panel: null });
  }
  if (next === 'apply') {
    return just(
      { ...state, panel: { ...state.panel, stage: 'applying' } },
      { kind: 'apply', write: state.panel.write },
    );
  }
  return just({ ...state, panel: next });
}

function promptStep(state: ConsoleState, prompt: PromptState, key: string): Step {
  const level = currentLevel(state);
  if (key === 'esc') {
    const closed = { ...state, prompt: null };
    return just(prompt.kind === 'filter' ? withLevel(closed, { filter: '', isInverse: false }) : closed);
  }
  if (key === 'enter') return promptEntered({ ...state, prompt: null }, prompt);
  if (prompt.kind === 'goto' && (key === 'tab' || key === 'down' || key === 'shift-tab' || key === 'up')) {
    const found = complete(state, prompt.typed);
    if (found.length === 0) return just(state);
    const step = key === 'tab' || key === 'down' ? 1 : -1;
    const from = prompt.choice === -1 && step === -1 ? 0 : prompt.choice;
    const choice = (from + step + found.length) % found.length;
    return just({ ...state, prompt: { ...prompt, choice, text: found[choice]?.text ?? prompt.text } });
  }
  if (prompt.kind === 'filter' && key === 'backspace' && prompt.text === '') {
    return just(withLevel({ ...state, prompt: null }, { filter: '', isInverse: false }));
  }
  const text = editText(prompt.text, key);
  if (text === null) return just(state);
  const next = { ...state, prompt: { ...prompt, text, typed: text, choice: -1 } };
  // A filter works while it is typed.
  return just(
    prompt.kind === 'filter' ? withLevel(next, { ...filterOf(text), offset: 0, selected: level.selected }) : next,
  );
}

function filterOf(text: string): Pick<Level, 'filter' | 'isInverse'> {
  return text.startsWith('!') ? { filter: text.slice(1), isInverse: true } : { filter: text, isInverse: false };
}

function promptEntered(state: ConsoleState, prompt: PromptState): Step {
  const text = prompt.text.trim();
  switch (prompt.kind) {
    case 'filter':
      return just(keepInSight(state));
    case 'goto': {
      if (text === '') return just(state);
      if (text === 'q' || text === 'quit') return just(state, { kind: 'quit' });
      const [target] = complete(state, text);
      if (target === undefined) return say(state, `there is no view, context, topic or group "${text}"`, true);
      if ('context' in target.to) {
        const notice = { text: `connecting to ${target.to.context} …`, isBad: false };
        return just({ ...state, notice }, { kind: 'context', name: target.to.context });
      }
      return just(goTo(state, target.to));
    }
    case 'position': {
      const subject = groupTopic(state);
      if (text === '' || subject === null) return say(state, 'cancelled: no position was given');
      return openWrite(state, { kind: 'reset', ...subject, position: text });
    }
    case 'permission': {
      const topic = topicHere(state);
      const perm = text.toUpperCase();
      if (topic === null || (perm !== 'R' && perm !== 'W' && perm !== 'RW')) {
        return say(state, 'a permission is R, W or RW', true);
      }
      return openWrite(state, { kind: 'permission', topic, perm });
    }
  }
}

function goTo(state: ConsoleState, levels: readonly Level[]): ConsoleState {
  return { ...state, before: state.levels, levels };
}

function enter(state: ConsoleState, place: Place): ConsoleState {
  return goTo(state, [...state.levels, newLevel(place)]);
}

/** Lines of the page on the screen. */
function pageLength(state: ConsoleState): number {
  const { place } = currentLevel(state);
  const message = currentMessage(state);
  if (place.view === 'message' && message !== null) {
    return messageLines(message, place.form ?? bestForm(message.body), state.size.columns - 2).length;
  }
  return pageLines(state, place).length;
}

const STEP: Readonly<Record<string, number>> = { up: -1, k: -1, down: 1, j: 1 };

/** Moving about; null for a key that does not. */
function moveKey(state: ConsoleState, key: string): ConsoleState | null {
  const level = currentLevel(state);
  const page = bodyRows(state);
  const size = isList(level.place) ? 0 : pageLength(state);
  const steps: Readonly<Record<string, number>> = {
    ...STEP,
    pageup: -page,
    'ctrl-b': -page,
    pagedown: page,
    'ctrl-f': page,
    home: Number.NEGATIVE_INFINITY,
    end: Number.POSITIVE_INFINITY,
    G: Number.POSITIVE_INFINITY,
  };
  const step = steps[key];
  if (step === undefined) return null;
  if (!isList(level.place)) {
    const offset = Math.max(0, Math.min(size - page, level.offset + step));
    return withLevel(state, { offset });
  }
  const table = tableOf(state, level.place);
  if (table === null) return state;
  const keys = shownKeys(level, table);
  const at = keys.indexOf(selectedKey(level, keys) ?? '');
  const next = Math.max(0, Math.min(keys.length - 1, at + step));
  // At its end a tail is followed.
  if (level.place.view === 'tail' && next === keys.length - 1) return withLevel(state, { selected: null });
  return keepInSight(withLevel(state, { selected: keys[next] ?? null }));
}

/** Scrolls so that the selected row is on the screen. */
export function keepInSight(state: ConsoleState): ConsoleState {
  const level = currentLevel(state);
  const table = isList(level.place) ? tableOf(state, level.place) : null;
  if (table === null) return state;
  const keys = shownKeys(level, table);
  const at = keys.indexOf(selectedKey(level, keys) ?? '');
  const rows = bodyRows(state);
  const offset = Math.max(0, Math.min(Math.max(level.offset, at - rows + 1), at, Math.max(0, keys.length - rows)));
  return offset === level.offset ? state : withLevel(state, { offset });
}

const VIEW_KEYS: Readonly<Record<string, 'groups' | 'topics' | 'brokers' | 'clients' | 'pulse'>> = {
  g: 'groups',
  '1': 'groups',
  '2': 'topics',
  b: 'brokers',
  '3': 'brokers',
  c: 'clients',
  '4': 'clients',
  p: 'pulse',
  '5': 'pulse',
};

function commandKey(state: ConsoleState, key: string): Step {
  const level = currentLevel(state);
  const { place } = level;
  const view = VIEW_KEYS[key];
  if (view !== undefined) return just(goTo(state, [newLevel({ view })]));
  switch (key) {
    case 'q':
      return just(state, { kind: 'quit' });
    case '?':
      return place.view === 'help' ? just(state) : just(enter(state, { view: 'help' }));
    case 'enter':
    case 'right':
      return drill(state);
    case 'esc':
    case 'left':
      return up(state);
    case '-':
      return state.before === null ? just(state) : just({ ...state, levels: state.before, before: state.levels });
    case '/':
      if (!isList(place)) return just(state);
      return just({ ...state, prompt: openPrompt('filter', `${level.isInverse ? '!' : ''}${level.filter}`) });
    case ':':
      return just({ ...state, prompt: openPrompt('goto') });
    case 's':
    case 'S':
      return sortKey(state, key === 'S');
    case 'space':
      return pauseKey(state);
    case '[':
    case ']':
      return rewindKey(state, key === '[' ? -1 : 1);
    case 'a':
      return say(
        { ...withLevel(state, { order: [] }), showsAll: !state.showsAll },
        state.showsAll ? 'ordinary topics' : 'all topics',
      );
    case 't': {
      const topic = topicHere(state);
      return topic === null
        ? say(state, 'there is no topic here to tail')
        : just(enter(state, { view: 'tail', topic }));
    }
    case 'e': {
      const group = groupHere(state);
      return group === null
        ? say(state, 'there is no group here to explain')
        : just(enter(state, { view: 'explain', group }));
    }
    case 'm':
      return messagesHere(state);
    case 'y': {
      const text = commandLine(place, selectionOf(state), state.cluster.connection);
      return just({ ...state, notice: { text, isBad: false } }, { kind: 'copy', text });
    }
    case 'ctrl-s':
      return just(state, { kind: 'snapshot' });
    case 'f':
    case 'tab':
      return formKey(state);
    case 'R':
    case 'K':
      return moveOffsetsKey(state, key);
    case 'X': {
      const message = currentMessage(state);
      if (message === null) return say(state, 'choose a message first');
      return openWrite(state, { kind: 'resend', topic: message.topic, msgId: message.msgId, message });
    }
    case 'P':
      if (place.view !== 'topics' && place.view !== 'topic') return say(state, 'choose a topic first');
      return refused(state) ?? just({ ...state, prompt: openPrompt('permission') });
    default:
      return just(state);
  }
}

function selectedOf(state: ConsoleState): string | null {
  const level = currentLevel(state);
  const table = tableOf(state, level.place);
  return table === null ? null : selectedKey(level, shownKeys(level, table));
}

function selectionOf(state: ConsoleState): Selection {
  const message = currentMessage(state);
  return {
    msgId: message?.msgId ?? null,
    queueOffset: message?.queueOffset ?? null,
    stuckAfterMs: state.history.stuckAfterMs,
  };
}

/** One level down. */
function drill(state: ConsoleState): Step {
  const { place } = currentLevel(state);
  const key = selectedOf(state);
  if (key === null) return just(state);
  const [first = '', second = '', third = '0'] = key.split('\n');
  switch (place.view) {
    case 'groups':
      return just(enter(state, { view: 'queues', group: key }));
    case 'topics':
      return just(enter(state, { view: 'topic', topic: key }));
    case 'brokers':
    case 'pulse': {
      const broker = shownFrame(state)?.brokers.find((each) => `${each.brokerName}/${each.brokerId}` === key);
      if (broker === undefined) return just(state);
      return just(enter(state, { view: 'broker', brokerName: broker.brokerName, addr: broker.addr }));
    }
    case 'clients':
      return just(enter(state, { view: 'client', group: first, clientId: second }));
    case 'queues': {
      const data = detailOf(state, place)?.data;
      const owner =
        data?.kind === 'queues'
          ? data.queues.find((row) => `${row.topic}\n${row.brokerName}\n${row.queueId}` === key)?.clientId
          : null;
      if (owner === null || owner === undefined) return messagesHere(state);
      const next = enter(state, { view: 'client', group: place.group, clientId: owner });
      return just(withLevel(next, { selected: key }));
    }
    case 'client':
      return messagesHere(state);
    case 'topic': {
      const queue = { topic: first, brokerName: second, queueId: Number(third) };
      return just(enter(state, { view: 'messages', ...queue, group: null }));
    }
    case 'messages':
    case 'tail':
      return just(enter(state, { view: 'message', key, form: null }));
    default:
      return just(state);
  }
}

/** The messages of the selected queue. */
function messagesHere(state: ConsoleState): Step {
  const { place } = currentLevel(state);
  const key = selectedOf(state);
  if (key === null || (place.view !== 'queues' && place.view !== 'client' && place.view !== 'topic'))
    return just(state);
  const [topic = '', brokerName = '', queueId = '0'] = key.split('\n');
  const group = place.view === 'topic' ? null : place.group;
  return just(enter(state, { view: 'messages', topic, brokerName, queueId: Number(queueId), group }));
}

/** One level up; never out. */
function up(state: ConsoleState): Step {
  const level = currentLevel(state);
  if (state.levels.length > 1) return just(goTo(state, state.levels.slice(0, -1)));
  if (level.filter !== '') return just(withLevel(state, { filter: '', isInverse: false }));
  return just(state);
}

function sortKey(state: ConsoleState, isReverse: boolean): Step {
  const level = currentLevel(state);
  const table = tableOf(state, level.place);
  if (table === null) return just(state);
  const current = sortOf(level, table);
  if (isReverse) {
    return just(withLevel(state, { sort: { ...current, isDown: !current.isDown }, order: [] }));
  }
  const at = table.columns.findIndex(({ key }) => key === current.column);
  const next = table.columns[(at + 1) % table.columns.length];
  if (next === undefined) return just(state);
  const sorted = withLevel(state, { sort: { column: next.key, isDown: next.isDown === true }, order: [] });
  return say(sorted, `sorted by ${next.title.toLowerCase()}`);
}

function pauseKey(state: ConsoleState): Step {
  const { place, selected } = currentLevel(state);
  if (place.view === 'tail') return just(withLevel(state, { selected: selected === null ? selectedOf(state) : null }));
  if (state.isPaused) return just(withLevel({ ...state, isPaused: false, shownAtMs: null }, { order: [] }));
  const shownAtMs = shownFrame(state)?.atMs ?? null;
  return shownAtMs === null ? just(state) : just({ ...state, isPaused: true, shownAtMs });
}

/** Back and forth in the samples that are kept. */
function rewindKey(state: ConsoleState, step: -1 | 1): Step {
  const { frames } = state.history;
  const shown = shownFrame(state);
  if (shown === null) return just(state);
  const at = frames.indexOf(shown) + step;
  const frame = frames[at];
  if (at < 0) return say(state, 'this is the oldest sample that is kept');
  if (frame === undefined || (at === frames.length - 1 && !state.isPaused)) {
    return just(withLevel({ ...state, shownAtMs: state.isPaused ? shown.atMs : null }, { order: [] }));
  }
  return just(keepInSight(withLevel({ ...state, shownAtMs: frame.atMs }, { order: [] })));
}

function formKey(state: ConsoleState): Step {
  const { place } = currentLevel(state);
  const message = currentMessage(state);
  if (place.view !== 'message' || message === null) return just(state);
  const form = place.form ?? bestForm(message.body);
  const next = BODY_FORMS[(BODY_FORMS.indexOf(form) + 1) % BODY_FORMS.length] ?? 'text';
  return just(withLevel(state, { place: { ...place, form: next }, offset: 0 }));
}

/** The group that the screen is about. */
function groupHere(state: ConsoleState): string | null {
  const { place } = currentLevel(state);
  switch (place.view) {
    case 'groups':
      return selectedOf(state);
    case 'clients':
      return selectedOf(state)?.split('\n')[0] ?? null;
    case 'queues':
    case 'client':
    case 'explain':
      return place.group;
    case 'messages':
      return place.group;
    default:
      return null;
  }
}

/** The topic that the screen is about; of a group the one with the most messages waiting. */
function topicHere(state: ConsoleState): string | null {
  const { place } = currentLevel(state);
  switch (place.view) {
    case 'topics':
      return selectedOf(state);
    case 'topic':
    case 'messages':
    case 'tail':
      return place.topic;
    case 'message':
      return currentMessage(state)?.topic ?? null;
    case 'queues':
    case 'client':
      return selectedOf(state)?.split('\n')[0] ?? null;
    case 'groups':
      return topicsOfGroup(state, selectedOf(state))[0] ?? null;
    default:
      return null;
  }
}

/** Topics that a group reads, retry topics left out, the most messages waiting first. */
function topicsOfGroup(state: ConsoleState, group: string | null): string[] {
  const topics = group === null ? [] : (shownFrame(state)?.groups.get(group)?.topics ?? []);
  return topics
    .filter(({ topic }) => !topic.startsWith('%RETRY%'))
    .toSorted((a, b) => b.lag - a.lag)
    .map(({ topic }) => topic);
}

/** Group and topic that an offset reset here is about; null when that is not one of each. */
function groupTopic(state: ConsoleState): { group: string; topic: string } | null {
  const { place } = currentLevel(state);
  const group = groupHere(state);
  if (group === null) return null;
  if (place.view === 'queues' || place.view === 'client' || place.view === 'messages') {
    const topic = topicHere(state);
    return topic === null ? null : { group, topic };
  }
  const [topic, second] = topicsOfGroup(state, group);
  return topic === undefined || second !== undefined ? null : { group, topic };
}

function refused(state: ConsoleState): Step | null {
  const { refusesWrites } = state.cluster;
  return refusesWrites === null ? null : say(state, `not permitted: ${refusesWrites}`, true);
}

function openWrite(state: ConsoleState, write: WriteRequest): Step {
  return refused(state) ?? just({ ...state, panel: openPanel(write) }, { kind: 'plan', write });
}

function moveOffsetsKey(state: ConsoleState, key: 'R' | 'K'): Step {
  const refusal = refused(state);
  if (refusal !== null) return refusal;
  if (groupHere(state) === null) return say(state, 'choose a group first');
  const subject = groupTopic(state);
  if (subject === null) return say(state, 'choose a topic: enter, then a queue of the topic');
  if (key === 'K') return openWrite(state, { kind: 'skip', ...subject });
  return just({ ...state, prompt: openPrompt('position') });
}
