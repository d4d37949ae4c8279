export async function GET() {
  return Response.json({ ok: await ping() });
}
