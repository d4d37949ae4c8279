export const rows = await prisma.jobCreator.findMany({ where: { jobId }, take: 10 });
