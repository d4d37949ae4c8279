export async function POST(req: Request) {
  console.log('body', await req.json()); // expect
  return new Response('ok');
}
