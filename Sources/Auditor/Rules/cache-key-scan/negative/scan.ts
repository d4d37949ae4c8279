export async function invalidate() {
  const [cursor, keys] = await redis.scan(0, { match: 'jobs:*' });
  for (const key of cacheMap.keys()) forget(key);
}
