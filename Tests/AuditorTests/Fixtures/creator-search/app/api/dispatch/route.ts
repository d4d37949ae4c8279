export async function POST(request: Request) {
  const { userId } = await auth();
  await validateBilling(userId);
  const [job] = await db.insert(scrapingJobs).values({ userId, status: 'processing' }).returning();
  await qstash.publishJSON({ url: dispatchUrl, body: { jobId: job.id }, failureCallback });
  return Response.json({ id: job.id });
}
