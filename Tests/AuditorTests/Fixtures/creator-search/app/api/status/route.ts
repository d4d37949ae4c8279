const DEFAULT_LIMIT = 200;
export async function GET(request: Request) {
  const { userId } = await auth();
  const job = await db.select({ id: scrapingJobs.id }).from(scrapingJobs).where(eq(scrapingJobs.id, id)).limit(1);
  const total = await db.select({ n: count() }).from(jobCreators).where(eq(jobCreators.jobId, id));
  const page = await db.select({ id: jobCreators.id }).from(jobCreators).where(eq(jobCreators.jobId, id)).limit(limit);
  return Response.json({ job, total, page });
}
