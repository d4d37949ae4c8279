export const maxDuration = 60;
export async function GET() {
  const { userId } = await auth();
  const jobs = await db.query.scrapingJobs.findMany({ where: eq(scrapingJobs.userId, userId), with: { results: true } });
  const lines = jobs.flatMap((job) => job.results.flatMap((result) => result.creators.map(toLine)));
  return new Response(lines.join('\n'), { headers: { 'Content-Type': 'text/csv' } });
}
