export async function admit(key: string) {
  try {
    return await ratelimit.limit(key);
  } catch (error) {
    report(error);
    return { success: false };
  }
}
