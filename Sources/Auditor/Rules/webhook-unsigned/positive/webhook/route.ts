export async function POST(req: Request) { // expect
  const body = await req.json();
  await prisma.payment.create({ data: { id: body.id } });
  return new Response('ok');
}
