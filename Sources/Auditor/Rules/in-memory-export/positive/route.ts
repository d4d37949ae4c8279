export async function GET(req: Request) { // expect
  const jobs = await db.query.scrapingJobs.findMany({ with: { results: true } });
  const rows = jobs.flatMap((job) => job.results.flatMap((result) => result.creators));
  const csv = rows.map((row) => Object.values(row).join(',')).join('\n');
  return new Response(csv, { headers: { 'Content-Type': 'text/csv' } });
}
