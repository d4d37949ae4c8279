export async function forget(userId: string) {
  const keys = await redis.keys(`jobs:${userId}:*`);
  if (keys.length) await redis.del(...keys);
}
export const remember = (id: string, value: unknown) => redis.set(`job:${id}`, value, { ex: 86400 });
