export async function GET() {
  const stream = new ReadableStream({
    async pull(controller) {
      const rows = await prisma.row.findMany({ take: 100, where: { id: { gt: last } } });
      controller.enqueue(encode(rows));
    },
  });
  return new Response(stream, { headers: { 'Content-Type': 'text/csv' } });
}
