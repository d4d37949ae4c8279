import postgres from 'postgres';
import { drizzle } from 'drizzle-orm/postgres-js';
const client = postgres(process.env.DATABASE_URL!, { max: process.env.VERCEL ? 1 : 10 });
export const db = drizzle(client);
export async function withRetry<T>(run: () => Promise<T>, retries = 3): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error.code === 'ECONNREFUSED' && retries > 0) return withRetry(run, retries - 1);
    throw error;
  }
}
