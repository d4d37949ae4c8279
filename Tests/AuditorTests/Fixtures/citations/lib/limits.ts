const rateLimitStore = new Map<string, { count: number; reset: number }>();
export const isLimited = (ip: string) => (rateLimitStore.get(ip)?.count ?? 0) > 100;
