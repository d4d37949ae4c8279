export async function POST(req: Request) {
  const active = await db.select().from(scrapingJobs).where(and(eq(scrapingJobs.userId, userId), eq(scrapingJobs.status, 'processing'))).limit(1);
  if (active.length) return new Response('busy', { status: 409 });
  await db.insert(scrapingJobs).values({ userId, status: 'processing' });
  await qstash.publishJSON({ url, failureCallback });
}
