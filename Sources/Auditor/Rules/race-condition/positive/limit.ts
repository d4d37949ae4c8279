export async function POST(req: Request) {
  const voteCount = await prisma.vote.count({ where: { userId, day } });
  if (voteCount >= 200) return new Response('limit', { status: 429 });
  await prisma.vote.create({ data: { userId, clipId, day } }); // expect
}
