import { type OnBrokers, userSummary } from '../admin/access.js';
import type { AclInfo, UserInfo } from '../protocol/bodies.js';
import type { Outcome } from './command.js';
import { partialOutcome } from './partial.js';
import { tableView } from './render/view.js';

/** Users of several brokers, without their passwords. */
export function usersOutcome(result: OnBrokers<readonly UserInfo[]>): Outcome {
  const rows = result.brokers.flatMap(({ brokerName, addr, value }) =>
    value.map((user) => ({ brokerName, addr, ...userSummary(user) })),
  );
  const doc = { complete: result.complete, unreachable: result.unreachable, users: rows };
  return {
    ...partialOutcome(result),
    view: tableView({
      doc,
      rows,
      columns: [
        { key: 'user', title: 'USER', value: ({ username }) => username },
        { key: 'type', title: 'TYPE', value: ({ userType }) => userType },
        { key: 'status', title: 'STATUS', value: ({ userStatus }) => userStatus },
        { key: 'broker', title: 'BROKER', value: ({ brokerName, addr }) => brokerName ?? addr },
      ],
      name: ({ username }) => username,
      empty: 'no user fits',
    }),
  };
}

/** Rules of several brokers, one a row. */
export function aclsOutcome(result: OnBrokers<readonly AclInfo[]>): Outcome {
  const rows = result.brokers.flatMap(({ brokerName, addr, value }) =>
    value.flatMap(({ subject, policies }) =>
      (policies ?? []).flatMap((policy) =>
        (policy?.entries ?? []).map((entry) => ({
          brokerName,
          addr,
          subject: subject ?? '',
          policyType: policy?.policyType ?? null,
          resource: entry?.resource ?? null,
          actions: entry?.actions ?? [],
          sourceIps: entry?.sourceIps ?? [],
          decision: entry?.decision ?? null,
        })),
      ),
    ),
  );
  const doc = { complete: result.complete, unreachable: result.unreachable, rules: rows };
  return {
    ...partialOutcome(result),
    view: tableView({
      doc,
      rows,
      columns: [
        { key: 'subject', title: 'SUBJECT', value: ({ subject }) => subject },
        { key: 'policy', title: 'POLICY', value: ({ policyType }) => policyType, wide: true },
        { key: 'resource', title: 'RESOURCE', value: ({ resource }) => resource },
        { key: 'actions', title: 'ACTIONS', value: ({ actions }) => actions.join(' ') },
        { key: 'sources', title: 'SOURCES', value: ({ sourceIps }) => sourceIps.join(' ') || 'any' },
        { key: 'decision', title: 'DECISION', value: ({ decision }) => decision },
        { key: 'broker', title: 'BROKER', value: ({ brokerName, addr }) => brokerName ?? addr },
      ],
      name: ({ subject }) => subject,
      empty: 'no rule fits',
    }),
  };
}
