export async function POST(req: Request) {
  await assertQuota(userId);
  return Response.json(await anthropic.messages.create({ model: 'claude', max_tokens: 500, messages }));
}
