/** Tests that are known to fail, by name, each with the reason in one line. The list may only get shorter. */
export const TODO: Readonly<Record<string, string>> = {};
