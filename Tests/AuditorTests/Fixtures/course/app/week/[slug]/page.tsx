export async function generateMetadata({ params }: Props) {
  const week = await prisma.week.findUnique({ where: { slug: params.slug } });
  return { title: week?.title };
}
export default async function Page({ params }: Props) {
  const week = await prisma.week.findUnique({ where: { slug: params.slug } });
  const lab = await prisma.lab.findFirst({ where: { slug: params.slug } });
  const project = await prisma.project.findFirst({ where: { slug: params.slug } });
  return <h1>{week?.title}</h1>;
}
