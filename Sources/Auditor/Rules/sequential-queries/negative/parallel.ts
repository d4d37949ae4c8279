export async function load(slug: string) {
  const [week, lab] = await Promise.all([
    prisma.week.findUnique({ where: { slug } }),
    prisma.lab.findFirst({ where: { weekSlug: slug } }),
  ]);
  const project = await prisma.project.findFirst({ where: { weekId: week.id } });
  return { week, lab, project };
}
