const DAILY_VOTE_LIMIT = 200;
const ratelimit = new Ratelimit({ redis, limiter: Ratelimit.slidingWindow(30, '60 s'), prefix: 'vote' });
export async function admit(key: string, votesToday: number) {
  if (votesToday >= DAILY_VOTE_LIMIT) return { success: false };
  try {
    return await ratelimit.limit(key);
  } catch (error) {
    return memoryLimit(key);
  }
}
export async function weigh(request: Request) {
  const riskScore = score(request.headers.get('x-device-fingerprint'));
  return { flagged: riskScore > 70 };
}
