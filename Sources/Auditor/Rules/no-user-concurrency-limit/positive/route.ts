export async function POST(req: Request) { // expect
  const [job] = await db.insert(scrapingJobs).values({ userId, status: 'processing' }).returning();
  await qstash.publishJSON({ url, failureCallback, body: { jobId: job.id } });
  return Response.json(job);
}
