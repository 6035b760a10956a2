/** Deepest nesting that is read or written: a bound on recursion, far beyond any body. */
export const MAX_JSON_DEPTH = 512;
