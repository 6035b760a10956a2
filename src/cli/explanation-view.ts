import type { ConsumerExplanation, ExplainedClient, ExplainedQueue } from '../admin/consumer-explain.js';
import { counted } from '../base/units.js';
import type { Outcome } from './command.js';
import { findingLines, findingsTable } from './finding-lines.js';
import { partialOutcome } from './partial.js';
import { formatCount, formatDuration, formatRate } from './render/units.js';
import { type OutputFormat, tableView, type View } from './render/view.js';
import { wrapLine } from './render/wrap.js';

/** What `consumer explain` shows: verdict, findings and commands; in wide output the queues and members too. */
export function explanationOutcome(
  explanation: ConsumerExplanation,
  { now, format, width }: { readonly now: number; readonly format: OutputFormat; readonly width: number | null },
): Outcome<ConsumerExplanation> {
  const { verdict, findings, next } = explanation;
  if (format === 'csv') return { ...partialOutcome(explanation), view: findingsTable(explanation, findings) };
  const text = [
    ...wrapLine(`${verdict.state}: ${verdict.text}`, width, '  '),
    ...findingLines(findings, next, width),
    '',
    `${explanation.lag === null ? 'lag unknown' : `lag ${formatCount(explanation.lag)}`}, ${formatRate(explanation.consumeTps)} a second going out, ` +
      `${counted(explanation.clients.length, 'member')}, ${counted(explanation.queues.length, 'queue')}`,
  ].join('\n');
  const name = next.length === 0 ? verdict.state : next.map(({ command }) => command).join('\n');
  const parts: Array<{ title: string | null; view: View }> = [
    { title: null, view: { kind: 'message', doc: explanation, text, name } },
  ];
  if (format === 'wide') {
    parts.push({ title: 'Queues', view: queueTable(explanation.queues, now) });
    parts.push({ title: 'Members', view: clientTable(explanation.clients, now) });
  }
  return { ...partialOutcome(explanation), view: { kind: 'group', doc: explanation, parts } };
}

function queueTable(queues: readonly ExplainedQueue[], now: number): View {
  const ago = (time: number | null): string => (time === null ? '-' : `${formatDuration(Math.max(0, now - time))} ago`);
  return tableView({
    doc: queues,
    rows: queues,
    columns: [
      { key: 'topic', title: 'TOPIC', value: ({ topic }) => topic, cut: true },
      { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, cut: true },
      { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
      { key: 'minOffset', title: 'MIN', value: ({ minOffset }) => minOffset },
      { key: 'maxOffset', title: 'MAX', value: ({ maxOffset }) => maxOffset },
      { key: 'committedOffset', title: 'COMMITTED', value: ({ committedOffset }) => committedOffset },
      { key: 'lag', title: 'LAG', value: ({ lag }) => lag },
      { key: 'inflight', title: 'INFLIGHT', value: ({ inflight }) => inflight },
      {
        key: 'waitingMs',
        title: 'WAITS',
        value: ({ waitingMs }) => waitingMs,
        text: ({ waitingMs }) => (waitingMs === null ? '-' : formatDuration(waitingMs)),
      },
      {
        key: 'lastPullTimestamp',
        title: 'LAST PULL',
        value: ({ lastPullTimestamp }) => lastPullTimestamp,
        text: ({ lastPullTimestamp }) => ago(lastPullTimestamp),
      },
      {
        key: 'lastConsumeTimestamp',
        title: 'LAST CONSUMED',
        value: ({ lastConsumeTimestamp }) => lastConsumeTimestamp,
        text: ({ lastConsumeTimestamp }) => ago(lastConsumeTimestamp),
      },
      { key: 'owners', title: 'OWNER', value: ({ owners }) => owners.join(' ') || null, cut: true },
    ],
    name: ({ topic, brokerName, queueId }) => `${topic}@${brokerName}/${queueId}`,
    empty: 'the group reads no queue',
  });
}

function clientTable(clients: readonly ExplainedClient[], now: number): View {
  return tableView({
    doc: clients,
    rows: clients,
    columns: [
      { key: 'clientId', title: 'CLIENT', value: ({ clientId }) => clientId, cut: true },
      { key: 'clientAddr', title: 'ADDR', value: ({ clientAddr }) => clientAddr },
      { key: 'language', title: 'LANGUAGE', value: ({ language }) => language },
      { key: 'version', title: 'VERSION', value: ({ version }) => version },
      { key: 'queues', title: 'QUEUES', value: ({ queues }) => queues },
      {
        key: 'startedAt',
        title: 'STARTED',
        value: ({ startedAt }) => startedAt,
        text: ({ startedAt }) => (startedAt === null ? '-' : `${formatDuration(Math.max(0, now - startedAt))} ago`),
      },
      {
        key: 'subscriptions',
        title: 'SUBSCRIBES TO',
        value: ({ subscriptions, reason }) =>
          subscriptions === null
            ? reason
            : Object.entries(subscriptions)
                .map(([topic, expression]) => `${topic} ${expression}`)
                .join('; '),
        cut: true,
      },
    ],
    name: ({ clientId }) => clientId,
    empty: 'nobody is connected',
  });
}
