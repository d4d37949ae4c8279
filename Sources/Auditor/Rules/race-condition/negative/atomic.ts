export async function POST(req: Request) {
  await prisma.$transaction(async (tx) => {
    const used = await tx.vote.count({ where: { userId } });
    if (used >= 200) throw new Error('limit');
    await tx.vote.create({ data: { userId } });
  });
  await prisma.counter.update({ where: { id }, data: { used: { increment: 1 } } });
}
