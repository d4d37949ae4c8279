export const hits = await prisma.$queryRaw`SELECT id FROM chunks WHERE body @@ plainto_tsquery(${q}) LIMIT 5`;
