/**
 * Release ordinals: what the `version` of a frame means.
 *
 * Source: common/.../MQVersion.java. A release ordinal is one above that of its snapshot.
 */
export const MQVersion = {
  V3_0_0_SNAPSHOT: 0,
  V3_0_7_SNAPSHOT: 28,
  V3_0_11: 37,
  V3_1_8_SNAPSHOT: 62,
  V3_4_9: 121,
  V4_1_0_SNAPSHOT: 232,
  V4_9_0: 393,
  V4_9_1: 395,
  V4_9_2: 397,
  V4_9_3: 399,
  V4_9_4: 401,
  V4_9_5: 403,
  V4_9_6: 405,
  V4_9_7: 407,
  V4_9_8: 409,
  V5_0_0: 413,
  V5_1_0: 433,
  V5_1_4: 441,
  V5_2_0: 453,
  V5_3_0: 473,
  V5_3_1: 475,
  V5_3_2: 477,
  V5_3_3: 479,
  V5_3_4: 481,
  V5_4_0: 493,
  HIGHER_VERSION: 612,
} as const;

/** What mqadmin says of itself in every frame: the release whose protocol it follows. */
export const CURRENT_VERSION: number = MQVersion.V5_3_3;

/** The irregular start of the enumeration; from 3.0.1 on, each release is a SNAPSHOT and release pair. */
const V3_0_0_NAMES = [
  'SNAPSHOT',
  'ALPHA1',
  'BETA1',
  'BETA2',
  'BETA3',
  'BETA4',
  'BETA5',
  'BETA6_SNAPSHOT',
  'BETA6',
  'BETA7_SNAPSHOT',
  'BETA7',
  'BETA8_SNAPSHOT',
  'BETA8',
  'BETA9_SNAPSHOT',
  'BETA9',
  'FINAL',
];

/** First and last patch of a minor line: 3.0 went to 15, and 3.3 to 3.9 began at 1. */
function patchRange(major: number, minor: number): [number, number] {
  if (major !== 3) return [0, 9];
  if (minor === 0) return [1, 15];
  return [minor >= 3 ? 1 : 0, 9];
}

function allNames(): readonly string[] {
  const names = V3_0_0_NAMES.map((suffix) => `V3_0_0_${suffix}`);
  for (let major = 3; major <= 5; major++) {
    for (let minor = 0; minor <= 9; minor++) {
      const [first, last] = patchRange(major, minor);
      for (let patch = first; patch <= last; patch++) {
        names.push(`V${major}_${minor}_${patch}_SNAPSHOT`, `V${major}_${minor}_${patch}`);
      }
    }
  }
  return [...names, 'HIGHER_VERSION'];
}

const NAMES = allNames();

/**
 * `V5_3_3` for 479.
 *
 * @returns HIGHER_VERSION for anything beyond the table, as in Java; the number as text for a negative one
 */
export function versionDesc(version: number): string {
  return version >= NAMES.length ? 'HIGHER_VERSION' : (NAMES[version] ?? String(version));
}
