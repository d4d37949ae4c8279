export const prisma = new PrismaClient({ log: ['query', 'error'] }); // expect
