export async function invalidate(userId: string) {
  const keys = await redis.keys(`jobs:${userId}:*`); // expect
  if (keys.length) await redis.del(...keys);
}
