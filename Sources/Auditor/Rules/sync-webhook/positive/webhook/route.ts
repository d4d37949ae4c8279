export async function POST(req: Request) { // expect
  const body = await req.json();
  if (!verifySignature(req, body)) return new Response('no', { status: 401 });
  const answer = await generateBotReply(body.message);
  await send(answer);
  return new Response('ok');
}
