export async function POST(request: Request) {
  await resend.emails.send({ to, subject, html });
  return Response.json({ ok: true });
}
