import test from 'ava';
import { CURRENT_VERSION, MQVersion, versionDesc } from '../../src/protocol/mq-version.js';

for (const [name, ordinal] of Object.entries(MQVersion)) {
  test(`${ordinal} is ${name}`, (t) => t.is(versionDesc(ordinal), name));
}

// Ordinals of MQVersion.Version around every irregularity of the enumeration.
const IRREGULAR: [number, string][] = [
  [1, 'V3_0_0_ALPHA1'],
  [7, 'V3_0_0_BETA6_SNAPSHOT'],
  [15, 'V3_0_0_FINAL'],
  [16, 'V3_0_1_SNAPSHOT'],
  [45, 'V3_0_15'],
  [46, 'V3_1_0_SNAPSHOT'],
  [85, 'V3_2_9'],
  [86, 'V3_3_1_SNAPSHOT'],
  [104, 'V3_4_1_SNAPSHOT'],
  [211, 'V3_9_9'],
  [212, 'V4_0_0_SNAPSHOT'],
  [411, 'V4_9_9'],
  [412, 'V5_0_0_SNAPSHOT'],
  [611, 'V5_9_9'],
];

for (const [ordinal, name] of IRREGULAR) {
  test(`${ordinal} is ${name}`, (t) => t.is(versionDesc(ordinal), name));
}

test('anything beyond the table is HIGHER_VERSION', (t) => {
  t.is(versionDesc(613), 'HIGHER_VERSION');
  t.is(versionDesc(0x7fff_ffff), 'HIGHER_VERSION');
});

test('a number below the table is its own text', (t) => {
  t.is(versionDesc(-1), '-1');
});

test('we speak as V5_3_3', (t) => {
  t.is(versionDesc(CURRENT_VERSION), 'V5_3_3');
});
