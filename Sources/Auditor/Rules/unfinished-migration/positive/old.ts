export const rows = await prisma.scrapingResultLegacy.findMany({ where: { jobId }, take: 10 }); // expect
// legacy results table, kept for old jobs // expect
