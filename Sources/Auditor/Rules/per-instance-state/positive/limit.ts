const rateLimitStore = new Map<string, { count: number; reset: number }>(); // expect
export function limited(ip: string) { return (rateLimitStore.get(ip)?.count ?? 0) > 100; }
