/**
 * Resources, actions and the entry of a policy that decides about a request. Pure.
 *
 * Source: auth/.../authorization/model/*.java, chain/AclAuthorizationHandler.java; common/resource/ResourceType.java,
 * common/action/Action.java
 */
import type { AclInfo, PolicyEntryInfo, PolicyInfo } from '../../protocol/bodies.js';
import { isDlqTopic, isRetryTopic } from '../../protocol/topic-validator.js';
import { isIpInRange, isIpOrCidr } from './source-ip.js';

const RESOURCE_TYPES = ['Unknown', 'Any', 'Cluster', 'Namespace', 'Topic', 'Group'] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

const ACTIONS = ['Unknown', 'All', 'Any', 'Pub', 'Sub', 'Create', 'Update', 'Delete', 'Get', 'List'] as const;
export type Action = (typeof ACTIONS)[number];

export const DECISIONS = ['Allow', 'Deny'] as const;
export type Decision = (typeof DECISIONS)[number];

export const POLICY_TYPES = ['Custom', 'Default'] as const;
export type PolicyType = (typeof POLICY_TYPES)[number];

/** What a rule, or a request, is about. `name` is null for all of the type. */
export interface Resource {
  readonly type: ResourceType;
  readonly name: string | null;
  readonly pattern: 'any' | 'literal' | 'prefixed';
}

/** One rule. Its shape in files and on the wire is PolicyEntryInfo. */
export interface PolicyEntry {
  readonly resource: Resource;
  readonly actions: readonly Action[];
  /** Addresses and ranges; empty for any. */
  readonly sourceIps: readonly string[];
  readonly decision: Decision;
}

export interface Policy {
  readonly type: PolicyType;
  readonly entries: readonly PolicyEntry[];
}

/** What a request wants to do; one of `actions` has to be allowed. */
export interface Demand {
  readonly resource: Resource;
  readonly actions: readonly Action[];
}

/** The word of a list in its own spelling, whatever the case; null for none. */
export function wordOf<T extends string>(words: readonly T[], text: string | null | undefined): T | null {
  const wanted = text?.toLowerCase();
  return words.find((word) => word.toLowerCase() === wanted) ?? null;
}

/** Reads `*`, `Topic:*`, `Topic:ab*` or `Topic:abc`; null for anything else. (Resource#of) */
export function parseResource(key: string | null | undefined): Resource | null {
  if (!key?.trim()) return null;
  if (key === '*') return { type: 'Any', name: null, pattern: 'any' };
  const colon = key.indexOf(':');
  const type = wordOf(RESOURCE_TYPES, colon < 0 ? key : key.slice(0, colon));
  if (type === null) return null;
  const name = colon < 0 ? '' : key.slice(colon + 1);
  if (name === '*') return { type, name: null, pattern: 'any' };
  if (name.endsWith('*')) return { type, name: name.slice(0, name.indexOf('*')), pattern: 'prefixed' };
  return { type, name, pattern: 'literal' };
}

/** The opposite of `parseResource`. */
export function resourceKey({ type, name, pattern }: Resource): string {
  if (type === 'Any') return '*';
  return pattern === 'any' ? `${type}:*` : `${type}:${name}${pattern === 'prefixed' ? '*' : ''}`;
}

function literal(type: ResourceType, name: string): Resource {
  return { type, name, pattern: 'literal' };
}

/** A group by its name, or by the name of its retry or dead-letter topic. */
export function groupResource(name: string): Resource {
  const isDerived = isRetryTopic(name) || isDlqTopic(name);
  return literal('Group', isDerived ? name.slice(name.indexOf('%', 1) + 1) : name);
}

/** A topic; a retry topic stands for its group. */
export function topicResource(name: string): Resource {
  return isRetryTopic(name) ? groupResource(name) : literal('Topic', name);
}

export function clusterResource(name: string): Resource {
  return literal('Cluster', name);
}

/** Whether a rule for `rule` covers `wanted`. */
export function covers(rule: Resource, wanted: Resource): boolean {
  if (rule.type === 'Any') return true;
  if (rule.type !== wanted.type) return false;
  if (rule.pattern === 'any') return true;
  return rule.pattern === 'literal' ? rule.name === wanted.name : (wanted.name ?? '').startsWith(rule.name ?? '');
}

function isSame(a: Resource, b: Resource): boolean {
  return a.type === b.type && a.name === b.name && a.pattern === b.pattern;
}

function coversAction(owned: readonly Action[], wanted: readonly Action[]): boolean {
  if (owned.length === 0) return false;
  return wanted.includes('Any') || wanted.some((action) => owned.includes(action) || owned.includes('All'));
}

function matches(entry: PolicyEntry, demand: Demand, sourceIp: string): boolean {
  return (
    covers(entry.resource, demand.resource) &&
    coversAction(entry.actions, demand.actions) &&
    (entry.sourceIps.length === 0 || entry.sourceIps.some((range) => isIpInRange(sourceIp, range)))
  );
}

const PATTERN_RANK = { literal: 0, prefixed: 1, any: 2 } as const;

/**
 * The closer rule first: one with a type before `*`, a name before a prefix before all, a longer prefix before a
 * shorter one; Allow before Deny among equals. 5.3.3 has the shorter prefix first and leaves name against prefix to
 * the order of the list; this is the order its successor has.
 */
function compareEntries(a: PolicyEntry, b: PolicyEntry): number {
  const [left, right] = [a.resource, b.resource];
  const byType = Number(left.type === 'Any') - Number(right.type === 'Any');
  if (byType !== 0) return byType;
  const byPattern = PATTERN_RANK[left.pattern] - PATTERN_RANK[right.pattern];
  if (byPattern !== 0) return byPattern;
  const byLength = left.pattern === 'prefixed' ? (right.name ?? '').length - (left.name ?? '').length : 0;
  return byLength !== 0 ? byLength : Number(a.decision === 'Deny') - Number(b.decision === 'Deny');
}

/** The rule that decides: of the custom policy, else of the default one; null if none says anything. */
export function decidingEntry(policies: readonly Policy[], demand: Demand, sourceIp: string): PolicyEntry | null {
  for (const type of POLICY_TYPES) {
    const entries = policies.find((policy) => policy.type === type)?.entries ?? [];
    const found = entries.filter((entry) => matches(entry, demand, sourceIp)).sort(compareEntries);
    if (found[0]) return found[0];
  }
  return null;
}

/** `policies` with those of `changes` added: of one type and resource, the new entry stays. (Acl#updatePolicy) */
export function mergePolicies(policies: readonly Policy[], changes: readonly Policy[]): Policy[] {
  const merged = [...policies];
  for (const change of changes) {
    const at = merged.findIndex((policy) => policy.type === change.type);
    if (at < 0) {
      merged.push(change);
      continue;
    }
    const entries = [...(merged[at]?.entries ?? [])];
    for (const entry of change.entries) {
      const old = entries.findIndex(({ resource }) => isSame(resource, entry.resource));
      if (old < 0) entries.push(entry);
      else entries[old] = entry;
    }
    merged[at] = { type: change.type, entries };
  }
  return merged;
}

/** `policies` without the entry of that type and resource, and without a policy that has no entry left. */
export function withoutEntry(policies: readonly Policy[], type: PolicyType, resource: Resource): Policy[] {
  return policies
    .map((policy) =>
      policy.type === type
        ? { type, entries: policy.entries.filter((entry) => !isSame(entry.resource, resource)) }
        : policy,
    )
    .filter(({ entries }) => entries.length > 0);
}

/** What is wrong with a rule, in Apache's words; null if nothing is. */
function entryProblem(info: PolicyEntryInfo, actions: readonly Action[]): string | null {
  if (parseResource(info.resource) === null) return 'The resource is null.';
  if (actions.length === 0) return 'The actions is empty.';
  if (actions.includes('Any')) return 'The actions can not be Any.';
  for (const range of info.sourceIps ?? []) {
    if (!range?.trim()) return 'The source ip is empty.';
    if (!isIpOrCidr(range)) return 'The source ip is invalid.';
  }
  return wordOf(DECISIONS, info.decision) === null ? 'The decision is null or illegal.' : null;
}

function entryOf(info: PolicyEntryInfo): PolicyEntry | string {
  const actions = (info.actions ?? []).map((name) => wordOf(ACTIONS, name)).filter((action) => action !== null);
  const problem = entryProblem(info, actions);
  if (problem !== null) return problem;
  return {
    resource: parseResource(info.resource) as Resource,
    actions,
    sourceIps: (info.sourceIps ?? []).filter((range) => range !== null),
    decision: wordOf(DECISIONS, info.decision) as Decision,
  };
}

/**
 * Policies as they came over the wire; those without entries are left out, and a missing type is Custom.
 *
 * @returns what is wrong with them, in Apache's words
 *
 * Source: broker/auth/converter/AclConverter.java, AuthorizationMetadataManagerImpl.java#validate
 */
export function policiesOf(infos: readonly (PolicyInfo | null)[]): Policy[] | string {
  const policies: Policy[] = [];
  for (const info of infos) {
    if (!info?.entries?.length) continue;
    const entries: PolicyEntry[] = [];
    for (const entryInfo of info.entries) {
      const entry = entryInfo === null ? 'The resource is null.' : entryOf(entryInfo);
      if (typeof entry === 'string') return entry;
      entries.push(entry);
    }
    policies.push({ type: wordOf(POLICY_TYPES, info.policyType) ?? 'Custom', entries });
  }
  return policies.length === 0 ? 'The policies is empty.' : policies;
}

/** Rules of a subject as they travel and as they are stored. */
export function aclInfoOf(subject: string, policies: readonly Policy[]): AclInfo {
  return {
    subject,
    policies: policies.map(({ type, entries }) => ({
      policyType: type,
      entries: entries.map(({ resource, actions, sourceIps, decision }) => ({
        resource: resourceKey(resource),
        actions: [...actions],
        ...(sourceIps.length > 0 && { sourceIps: [...sourceIps] }),
        decision,
      })),
    })),
  };
}
