export async function put(id: string, value: unknown) {
  await redis.set(`job:${id}`, JSON.stringify(value), { ex: 86400 }); // expect
}
