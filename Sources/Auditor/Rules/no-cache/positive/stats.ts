export async function GET(req: Request) { // expect
  const [total, open, closed, byDay] = await Promise.all([
    prisma.conversation.count({ where: { companyId } }),
    prisma.conversation.count({ where: { companyId, status: 'open' } }),
    prisma.conversation.count({ where: { companyId, status: 'closed' } }),
    prisma.message.groupBy({ by: ['day'], where: { companyId }, _count: true }),
  ]);
  return Response.json({ total, open, closed, byDay });
}
