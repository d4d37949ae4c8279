export async function POST(req: Request) {
  await resend.emails.send({ to, subject, html }); // expect
  return Response.json({ ok: true });
}
