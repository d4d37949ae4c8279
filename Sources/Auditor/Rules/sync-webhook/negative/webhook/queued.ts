export async function POST(req: Request) {
  const body = await req.json();
  if (!verifySignature(req, body)) return new Response('no', { status: 401 });
  await messageQueue.add('incoming', body, { priority: 1 });
  return new Response('ok');
}
