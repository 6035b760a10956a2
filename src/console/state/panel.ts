import type { PanelPlan, WriteRequest } from './console-state.js';
import { editText } from './prompt.js';

/** The panel of a write: nothing is written before the name is typed and Apply is chosen. */
export interface PanelState {
  readonly write: WriteRequest;
  readonly title: string;
  /** What has to be typed. */
  readonly name: string;
  /** What the name is of: `group`. */
  readonly noun: string;
  readonly typed: string;
  readonly focus: 'cancel' | 'apply';
  readonly stage: 'planning' | 'ready' | 'applying' | 'done';
  readonly plan: PanelPlan | null;
  /** What came of it, or why it cannot be done. */
  readonly outcome: { readonly text: string; readonly isBad: boolean } | null;
  /** First line of the plan that is shown. */
  readonly offset: number;
}

export function openPanel(write: WriteRequest): PanelState {
  return {
    write,
    ...textsOf(write),
    typed: '',
    focus: 'cancel',
    stage: 'planning',
    plan: null,
    outcome: null,
    offset: 0,
  };
}

function textsOf(write: WriteRequest): Pick<PanelState, 'title' | 'name' | 'noun'> {
  switch (write.kind) {
    case 'reset':
      return {
        title: `reset offsets of ${write.group} on ${write.topic} to ${write.position}`,
        name: write.group,
        noun: 'group',
      };
    case 'skip':
      return { title: `let ${write.group} skip all that waits on ${write.topic}`, name: write.group, noun: 'group' };
    case 'resend':
      return { title: `send message ${write.msgId} to ${write.topic} again`, name: write.topic, noun: 'topic' };
    case 'permission':
      return { title: `set the permission of topic ${write.topic} to ${write.perm}`, name: write.topic, noun: 'topic' };
  }
}

/** What a key does to a panel: another state of it, `close`, or `apply`. */
export function panelKey(panel: PanelState, key: string): PanelState | 'close' | 'apply' {
  // What has been sent cannot be taken back: its outcome is waited for.
  if (panel.stage === 'applying') return panel;
  if (key === 'esc') return 'close';
  if (panel.stage === 'done') return key === 'enter' ? 'close' : panel;
  switch (key) {
    case 'tab':
    case 'shift-tab':
    case 'left':
    case 'right':
      return { ...panel, focus: panel.focus === 'cancel' ? 'apply' : 'cancel', outcome: null };
    case 'down':
      return { ...panel, offset: Math.min(panel.offset + 1, Math.max(0, (panel.plan?.lines.length ?? 0) - 1)) };
    case 'up':
      return { ...panel, offset: Math.max(0, panel.offset - 1) };
    case 'enter': {
      if (panel.focus === 'cancel') return 'close';
      if (panel.stage !== 'ready') return panel;
      if (panel.typed === panel.name) return 'apply';
      return { ...panel, outcome: { text: `type ${panel.name} first`, isBad: true } };
    }
    default: {
      const typed = editText(panel.typed, key);
      return typed === null ? panel : { ...panel, typed, outcome: null };
    }
  }
}
