export const maxDuration = 60;
export async function POST() { return new Response('ok'); }
