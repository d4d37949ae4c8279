const seasonCache = new Map<string, unknown>();
export const season = (id: string) => seasonCache.get(id);
export const keep = (id: string, value: unknown) => redis.set(`season:${id}`, value, { ex: 60 });
