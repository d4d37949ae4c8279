export const maxDuration = 300;
export async function POST() { return new Response('ok'); }
