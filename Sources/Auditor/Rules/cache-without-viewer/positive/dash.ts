export async function GET() {
  const known = await redis.get('dashboard:stats'); // expect
  if (known) return Response.json(known);
}
