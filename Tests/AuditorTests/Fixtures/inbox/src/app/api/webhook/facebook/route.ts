export async function POST(request: Request) {
  const body = await request.json();
  if (!verifySignature(request, body)) return new Response('no', { status: 401 });
  const reply = await generateBotReply(body.entry[0].messaging[0].message);
  await send(reply);
  return new Response('ok');
}
