export const seasonCache = new Map<string, unknown>(); // expect
