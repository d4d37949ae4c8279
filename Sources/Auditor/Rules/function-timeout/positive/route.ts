export const maxDuration = 300; // expect
export async function POST() { return new Response('ok'); }
