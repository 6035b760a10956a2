/** Numbers as people read them; the findings of `admin` write them the same way. */
export { formatBytes, formatCount, formatDuration, formatRate, formatRatio } from '../../base/units.js';
