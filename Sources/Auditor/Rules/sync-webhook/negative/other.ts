export async function POST(req: Request) {
  return Response.json(await generateTitle(await req.json()));
}
