export async function POST(req: Request) {
  await mailQueue.add('invite', { to });
  return Response.json({ ok: true });
}
