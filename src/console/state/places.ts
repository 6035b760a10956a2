import type { BodyForm } from './body.js';

/** Views that stand on their own. */
export const TOP_VIEWS = ['groups', 'topics', 'brokers', 'clients', 'pulse'] as const;
export type TopView = (typeof TOP_VIEWS)[number];

/** What is on the screen. */
export type Place =
  | { readonly view: TopView }
  /** Queues of a group, or of a topic. */
  | { readonly view: 'queues'; readonly group: string }
  | { readonly view: 'topic'; readonly topic: string }
  /** What a broker says of itself. */
  | { readonly view: 'broker'; readonly brokerName: string; readonly addr: string }
  /** A client and the queues that it holds. */
  | { readonly view: 'client'; readonly group: string; readonly clientId: string }
  /** Messages of a queue: those waiting for a group, or the newest. */
  | {
      readonly view: 'messages';
      readonly topic: string;
      readonly brokerName: string;
      readonly queueId: number;
      readonly group: string | null;
    }
  /** One message of the place below. */
  | { readonly view: 'message'; readonly key: string; readonly form: BodyForm | null }
  | { readonly view: 'tail'; readonly topic: string }
  | { readonly view: 'explain'; readonly group: string }
  | { readonly view: 'help' };

/** Whether a place is a list of rows; the others are pages of lines. */
export function isList(place: Place): boolean {
  return place.view !== 'message' && place.view !== 'explain' && place.view !== 'help';
}

/** What is read for a place itself, beside the samples; null when samples say it all. */
export function detailKey(place: Place): string | null {
  switch (place.view) {
    case 'queues':
    case 'explain':
      return `${place.view}\n${place.group}`;
    case 'topic':
    case 'tail':
      return `${place.view}\n${place.topic}`;
    case 'broker':
      return `broker\n${place.addr}`;
    case 'client':
      return `client\n${place.group}\n${place.clientId}`;
    case 'messages':
      return `messages\n${place.topic}\n${place.brokerName}\n${place.queueId}\n${place.group ?? ''}`;
    default:
      return null;
  }
}

/** The place in words: `orders-settlement ▸ queues`. */
export function placeTitle(place: Place): string {
  switch (place.view) {
    case 'queues':
      return `${place.group} > queues`;
    case 'topic':
      return `${place.topic} > queues`;
    case 'broker':
      return `${place.brokerName} > values`;
    case 'client':
      return `${place.group} > ${place.clientId}`;
    case 'messages':
      return place.group === null
        ? `${place.topic}@${place.brokerName}/${place.queueId} > newest messages`
        : `${place.topic}@${place.brokerName}/${place.queueId} > waiting for ${place.group}`;
    case 'message':
      return 'message';
    case 'tail':
      return `${place.topic} > tail`;
    case 'explain':
      return `${place.group} > explain`;
    case 'help':
      return 'Help';
    default:
      return `${(place.view[0] ?? '').toUpperCase()}${place.view.slice(1)}`;
  }
}

/** What the command line that shows the same needs beside the place: the selected row, and what stands still here. */
export interface Selection {
  readonly msgId: string | null;
  readonly queueOffset: number | null;
  readonly stuckAfterMs: number;
}

const word = (text: string): string => (/^[\w@%.:/+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** The command that shows what a place shows; `connection` names the cluster. */
export function commandLine(place: Place, selection: Selection, connection: string): string {
  const command = commandOf(place, selection).map(word).join(' ');
  return `mqadmin ${command}${connection === '' ? '' : ` ${connection}`}`;
}

function commandOf(place: Place, { msgId, queueOffset, stuckAfterMs }: Selection): string[] {
  switch (place.view) {
    case 'groups':
    case 'pulse':
      return ['consumer', 'progress', '--sort=-lag'];
    case 'topics':
      return ['stats', 'all'];
    case 'brokers':
      return ['cluster', 'list', '--output', 'wide'];
    case 'clients':
      return ['top', '--once', '--json'];
    case 'queues':
      return ['consumer', 'progress', place.group, '-s'];
    case 'topic':
      return ['topic', 'status', place.topic];
    case 'broker':
      return ['broker', 'status', '-b', place.addr];
    case 'client':
      return ['consumer', 'status', place.group, '-i', place.clientId];
    case 'messages': {
      const from = queueOffset === null ? '-32' : String(queueOffset);
      return ['tail', place.topic, '-b', place.brokerName, '-i', String(place.queueId), '--from', from, '-c', '32'];
    }
    case 'message': {
      const topic = place.key.split('\n')[0] ?? '';
      return ['message', 'query-by-id', msgId ?? '', '-t', topic];
    }
    case 'tail':
      return ['tail', place.topic];
    case 'explain':
      return ['consumer', 'explain', place.group, '--stuck-after', `${stuckAfterMs / 1000}s`];
    case 'help':
      return ['top', '--help'];
  }
}
