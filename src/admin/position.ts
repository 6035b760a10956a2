/**
 * A place in a queue, written the same way everywhere.
 *
 *   start        the oldest message still stored        end          after the newest message
 *   +N           N messages after start                 -N           N messages before end
 *   N            queue offset N                         @TIME        the first message stored at TIME or later
 */
export type Position =
  | { readonly kind: 'start' }
  | { readonly kind: 'end' }
  | { readonly kind: 'after-start'; readonly count: number }
  | { readonly kind: 'before-end'; readonly count: number }
  | { readonly kind: 'queue-offset'; readonly queueOffset: number }
  | { readonly kind: 'time'; readonly timestamp: number };
