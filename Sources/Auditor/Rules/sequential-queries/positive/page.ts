export default async function Page({ params }) {
  const week = await prisma.week.findUnique({ where: { slug: params.slug } });
  const concepts = await prisma.concept.findMany({ where: { slug: params.slug }, take: 50 }); // expect
  const lab = await prisma.lab.findFirst({ where: { weekSlug: params.slug } }); // expect
  const project = await prisma.project.findFirst({ where: { weekSlug: params.slug } });
}
