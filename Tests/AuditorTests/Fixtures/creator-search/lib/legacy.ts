// legacy results table, read for jobs from before the new one
export const old = (id: string) => db.select({ id: scrapingResults.id }).from(scrapingResults).where(eq(scrapingResults.jobId, id)).limit(1);
