const getWeek = cache((slug: string) => prisma.week.findUnique({ where: { slug } }));
export async function generateMetadata({ params }) {
  return { title: (await getWeek(params.slug)).title };
}
export default async function Page({ params }) {
  return <h1>{(await getWeek(params.slug)).title}</h1>;
}
