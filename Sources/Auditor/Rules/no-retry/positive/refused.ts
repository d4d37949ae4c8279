export async function withRetry<T>(run: () => Promise<T>, retries = 3): Promise<T> {
  try { return await run(); } catch (error) {
    if (error.code === 'ECONNREFUSED' && retries > 0) return withRetry(run, retries - 1); // expect
    throw error;
  }
}
