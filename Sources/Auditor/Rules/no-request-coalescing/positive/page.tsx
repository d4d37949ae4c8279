export async function generateMetadata({ params }) { // expect
  const week = await prisma.week.findUnique({ where: { slug: params.slug } });
  return { title: week.title };
}
export default async function Page({ params }) {
  const week = await prisma.week.findUnique({ where: { slug: params.slug } });
  return <h1>{week.title}</h1>;
}
