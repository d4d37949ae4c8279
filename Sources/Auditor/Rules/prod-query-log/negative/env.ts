export const prisma = new PrismaClient({ log: process.env.NODE_ENV === 'development' ? ['query'] : ['error'] });
export async function GET() {
  console.error('failed');
  return new Response('ok');
}
